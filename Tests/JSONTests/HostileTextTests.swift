import JSON
import Testing

/// The same numbers in every run (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

struct HostileTextTests {
    private static let texts = [
        #"{"type":"joined","peers":["p1","p2"],"n":-1.5e3,"s":"\ud83d\ude00\n"}"#,
        #"{"type":"message","to":"p2","body":"{\"seq\":0,\"mac\":\"\u00e4\"}","n":[1,-2.5e1,true,null]}"#,
        #"{"type":"offer","items":[{"path":["a","é.txt"],"size":9007199254740991},{"later":false}],"more":{}}"#,
    ]

    @Test(arguments: texts, [UnpairedSurrogate.refused, .replaced])
    func `every truncation of a message is refused`(text: String, unpaired: UnpairedSurrogate) {
        for count in 0..<text.utf8.count {
            let part = String(decoding: text.utf8.prefix(count), as: UTF8.self)
            #expect(throws: JSONError.self, "\(part)") {
                try JSONValue(parsing: part, unpairedSurrogates: unpaired)
            }
        }
    }

    @Test(arguments: texts, [UnpairedSurrogate.refused, .replaced])
    func `bytes changed at random never stop the process`(text: String, unpaired: UnpairedSurrogate) throws {
        let alphabet = Array(#"{}[]",:\0123456789-+.eEtrufalsnd "#.utf8)
        var generator = SeededGenerator(state: 7)
        var refused = 0
        for _ in 0..<3000 {
            var bytes = Array(text.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: bytes.indices, using: &generator)
                switch generator.next() % 4 {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: generator.next())
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(alphabet[Int(generator.next() % UInt64(alphabet.count))], at: index)
                default: bytes[index] = alphabet[Int(generator.next() % UInt64(alphabet.count))]
                }
            }
            let changed = String(decoding: bytes, as: UTF8.self)
            guard let value = try? JSONValue(parsing: changed, unpairedSurrogates: unpaired) else {
                refused += 1
                continue
            }
            // What was read can be written, and then reads and writes the same.
            let again = try JSONValue(parsing: value.text)
            #expect(again.text == value.text, "\(changed)")
        }
        #expect(refused > 300)
        #expect(refused < 3000)
    }
}
