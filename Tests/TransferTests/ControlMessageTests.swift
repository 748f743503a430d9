import Testing

@testable import Transfer

struct ControlMessageTests {
    private static let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    private static let digest = TreeDigest(hexadecimal: hex)!

    /// Each message as another implementation may write it, and what it says.
    private static let captured: [(String, ControlMessage)] = [
        (
            #"{"type":"hello","protocol":"martlet.transfer","version":1,"role":"sender","agent":"Firefox","features":[]}"#,
            .hello(version: 1, role: .sender, agent: "Firefox")
        ),
        (
            #" { "type" : "offer", "transfer":"t1","items":[{"item":0,"path":["a","b\u00e9.txt"],"size":3,"mtime":-1,"#
                + #""executable":true,"later":[1.5e3,null]}, {"item":1,"path":["\ud83d\ude00"],"size":9007199254740991}],"#
                + #""more":true}"#,
            .offer(
                transfer: "t1",
                items: [
                    .init(number: 0, path: ["a", "bé.txt"], size: 3, modified: -1, isExecutable: true),
                    .init(number: 1, path: ["😀"], size: 9_007_199_254_740_991),
                ], more: true)
        ),
        (#"{"type":"accept","transfer":"t1","limit":4194304}"#, .accept(transfer: "t1", limit: 4_194_304)),
        (#"{"type":"decline","transfer":"t1","reason":"no"}"#, .decline(transfer: "t1", reason: "no")),
        (#"{"type":"credit","received":5,"limit":10}"#, .credit(received: 5, limit: 10)),
        (#"{"type":"item-end","item":2,"size":0,"root":"\#(hex)"}"#, .itemEnd(item: 2, size: 0, root: digest)),
        (
            #"{"type":"item-failed","item":2,"code":"changed","message":"x"}"#,
            .itemFailed(item: 2, code: "changed", message: "x")
        ),
        (#"{"type":"confirmed","item":2,"bytes":0,"root":"\#(hex)"}"#, .confirmed(item: 2, bytes: 0, root: digest)),
        (#"{"type":"done","items":2,"bytes":3}"#, .done(items: 2, bytes: 3)),
        (#"{"type":"receipt","items":2,"bytes":3}"#, .receipt(items: 2, bytes: 3)),
        (#"{"type":"error","code":"canceled","message":""}"#, .error(code: "canceled", message: "")),
        (
            #"{"type":"error","code":"storage","message":"full","resumable":true}"#,
            .error(code: "storage", message: "full", isResumable: true)
        ),
        (
            #"{"type":"hello","protocol":"martlet.transfer","version":1,"role":"receiver","session":"s1","features":["x","unordered"]}"#,
            .hello(version: 1, role: .receiver, agent: "", session: "s1", features: ["x", "unordered"])
        ),
        (
            #"{"type":"offer","transfer":"t1","items":[{"item":7,"kind":"folder","path":["a"],"size":0},"#
                + #"{"item":8,"kind":"text","path":["b"],"size":5},{"item":9,"path":["-"],"size":null}],"more":false}"#,
            .offer(
                transfer: "t1",
                items: [
                    .init(number: 7, kind: .folder, path: ["a"], size: 0),
                    .init(number: 8, kind: .text, path: ["b"], size: 5), .init(number: 9, path: ["-"], size: nil),
                ], more: false)
        ),
        (
            #"{"type":"have","transfer":"t1","complete":[[0,2],[249999,1]],"#
                + #""partial":[{"item":3,"bytes":262144,"root":"\#(hex)"}]}"#,
            .have(
                transfer: "t1", complete: [0..<2, 249_999..<250_000],
                partial: [.init(item: 3, bytes: 262_144, tree: digest)])
        ),
        (#"{"type":"item-begin","item":3,"offset":262144}"#, .itemBegin(item: 3, offset: 262_144)),
        (
            #"{"type":"segment","item":3,"segment":0,"hash":"\#(hex)"}"#,
            .segment(item: 3, number: 0, hash: digest)
        ),
        (#"{"type":"mark","item":3,"offset":5}"#, .mark(item: 3, offset: 5)),
        (
            #"{"type":"missing","ranges":[[0,1,2],[249999,9007199254740990,1]]}"#,
            .missing([
                .init(item: 0, offset: 1, byteCount: 2),
                .init(item: 249_999, offset: 9_007_199_254_740_990, byteCount: 1),
            ])
        ),
        (#"{"type":"bye"}"#, .bye),
        (#"{"type":"later","optional":true,"x":{"y":[{}]}}"#, .ignorable),
    ]

    @Test(arguments: captured) func `a message is read`(text: String, message: ControlMessage) throws {
        #expect(try ControlMessage(text) == message)
    }

    @Test(arguments: captured) func `a message that is written is read back`(_: String, message: ControlMessage) throws
    {
        #expect(try ControlMessage(message.encoded) == message)
    }

    @Test(arguments: captured) func `every truncation throws`(text: String, _: ControlMessage) {
        let scalars = Array(text.unicodeScalars)
        for count in scalars.indices {
            let part = String(String.UnicodeScalarView(scalars.prefix(count)))
            #expect(throws: MessageError.self) { try ControlMessage(part) }
        }
    }

    @Test(arguments: captured) func `a mutated message throws or is read back the same`(
        text: String, _: ControlMessage
    ) {
        var random = SplitMix64(seed: UInt64(text.utf8.count))
        let alphabet = Array(#"{}[]",:\0123456789-+.eEtrufalsn "#.utf8)
        var refusedCount = 0
        for _ in 0..<2_000 {
            var bytes = Array(text.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: bytes.indices, using: &random)
                switch random.next() % 4 {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(alphabet[Int(random.next() % UInt64(alphabet.count))], at: index)
                default: bytes[index] = alphabet[Int(random.next() % UInt64(alphabet.count))]
                }
            }
            guard let message = try? ControlMessage(String(decoding: bytes, as: UTF8.self)) else {
                refusedCount += 1
                continue
            }
            #expect(try! ControlMessage(message.encoded) == message)
        }
        #expect(refusedCount > 200)
    }

    @Test(arguments: [
        "-1", "9007199254740992", "1.0", "1e3", "18446744073709551616", "\"1\"", "null", "true", "01", "-0.5",
    ])
    func `a count is an integer from 0 to 2^53-1`(number: String) {
        #expect(throws: MessageError.self) {
            try ControlMessage(#"{"type":"credit","received":0,"limit":\#(number)}"#)
        }
    }

    @Test(arguments: [
        #""complete":[[0,0]]"#, #""complete":[[250000,1]]"#, #""complete":[[1,250000]]"#, #""complete":[[1]]"#,
        #""complete":[[0,9007199254740991]]"#, #""complete":[[0,1,2]]"#, #""complete":[[-1,2]]"#, #""complete":{}"#,
        #""partial":[{"item":0,"bytes":0,"root":"HEX"}]"#, #""partial":[{"item":0,"bytes":262145,"root":"HEX"}]"#,
        #""partial":[{"item":250000,"bytes":262144,"root":"HEX"}]"#, #""partial":[[0,262144]]"#,
        #""partial":[{"item":0,"bytes":262144,"root":"00"}]"#,
    ])
    func `what a receiver cannot have throws`(member: String) {
        let member = member.replacing("HEX", with: Self.hex)
        #expect(throws: MessageError.self) { try ControlMessage(#"{"type":"have","transfer":"t",\#(member)}"#) }
    }

    @Test(arguments: ["[[0,0,0]]", "[[0,1,9007199254740991]]", "[[250000,0,1]]", "[[0,0]]", "[[0,0,-1]]", "[0,0,1]"])
    func `bytes that cannot be missing throw`(ranges: String) {
        #expect(throws: MessageError.self) { try ControlMessage(#"{"type":"missing","ranges":\#(ranges)}"#) }
    }

    @Test func `an item has a size or null, and a kind that is known`() {
        func read(_ members: String) throws -> ControlMessage {
            try ControlMessage(
                #"{"type":"offer","transfer":"t","items":[{"item":0,"path":["a"]\#(members)}],"more":false}"#)
        }
        #expect(throws: MessageError.missingMember("size")) { try read("") }
        #expect(throws: MessageError.invalidMember("kind")) { try read(#","size":0,"kind":"link""#) }
        #expect(throws: Never.self) { try read(#","size":null,"kind":null"#) }
    }

    @Test func `long lists are cut into messages that keep every bound`() throws {
        let stretches = (0..<2_500).map {
            ControlMessage.Stretch(item: 249_999, offset: (1 << 52) - 1 - Int64($0), byteCount: 1 << 52)
        }
        let runs = (0..<10_000).map { 200_000 + $0..<249_000 + $0 / 10 }
        let parts = (0..<1_000).map {
            ControlMessage.Part(item: 249_000 + $0, bytes: 1 << 52, tree: Self.digest)
        }
        var found: (runs: [Range<Int>], parts: [ControlMessage.Part], stretches: [ControlMessage.Stretch])
        found = ([], [], [])
        for message in ControlMessage.haves(transfer: "t", complete: runs, partial: parts)
            + ControlMessage.missings(stretches)
        {
            switch try ControlMessage(message.encoded) {
            case .have("t", let complete, let partial):
                found.runs += complete
                found.parts += partial
            case .missing(let more): found.stretches += more
            default: Issue.record("another message")
            }
        }
        #expect(found.runs == runs && found.parts == parts && found.stretches == stretches)
        #expect(ControlMessage.haves(transfer: "t", complete: [], partial: []).isEmpty)
    }

    @Test func `a time may be negative and may be missing`() throws {
        func modified(_ member: String) throws -> Int64? {
            let text =
                #"{"type":"offer","transfer":"t","items":[{"item":0,"path":["a"],"size":0\#(member)}],"more":false}"#
            guard case .offer(_, let items, _) = try ControlMessage(text) else { return nil }
            return items[0].modified
        }
        #expect(try modified(#","mtime":-9007199254740991"#) == -9_007_199_254_740_991)
        #expect(try modified(#","mtime":null"#) == nil)
        #expect(try modified("") == nil)
        #expect(throws: MessageError.invalidMember("mtime")) { try modified(#","mtime":-9007199254740992"#) }
    }

    @Test func `a surrogate without its partner reads as a replacement character`() throws {
        let text = #"{"type":"decline","transfer":"t","reason":"a\ud83dz\ude00\ud83d\u0041"}"#
        #expect(try ControlMessage(text) == .decline(transfer: "t", reason: "a\u{FFFD}z\u{FFFD}\u{FFFD}A"))
    }

    @Test func `a member that comes twice throws`() {
        #expect(throws: MessageError.duplicateMember("type")) { try ControlMessage(#"{"type":"bye","type":"bye"}"#) }
    }

    @Test func `deep nesting throws`() {
        let deep = String(repeating: "[", count: 20_000) + String(repeating: "]", count: 20_000)
        #expect(throws: MessageError.tooDeep) { try ControlMessage(#"{"type":"bye","x":\#(deep)}"#) }
    }

    @Test(arguments: [("{", 1), ("{'type':1}", 1), (#"{"type":"\x"}"#, 9), (#"{"type":"bye"}}"#, 14)])
    func `what is not JSON throws with its place`(text: String, offset: Int) {
        #expect(throws: MessageError.malformed(at: offset)) { try ControlMessage(text) }
    }

    @Test func `a message over 64 KiB throws before it is parsed`() {
        let text = #"{"type":"bye","x":""# + String(repeating: "a", count: 65_536) + #""}"#
        #expect(throws: MessageError.tooLong(byteCount: text.utf8.count)) { try ControlMessage(text) }
    }

    @Test func `an unknown type throws unless it is optional`() {
        #expect(throws: MessageError.unknownType) { try ControlMessage(#"{"type":"later"}"#) }
        #expect(throws: MessageError.unknownType) { try ControlMessage(#"{"type":"later","optional":false}"#) }
    }

    @Test func `more than 500 items in one message throw`() {
        let items = (0...500).map { #"{"item":\#($0),"path":["a"],"size":0}"# }.joined(separator: ",")
        #expect(throws: MessageError.tooManyItems(501)) {
            try ControlMessage(#"{"type":"offer","transfer":"t","items":[\#(items)],"more":false}"#)
        }
    }

    @Test(arguments: ["[]", "1", "null", "\"x\"", "", "{", "{}x", "\u{FEFF}{}", "{'type':'bye'}", #"{"type":"bye",}"#])
    func `what is not an object throws`(text: String) {
        #expect(throws: MessageError.self) { try ControlMessage(text) }
    }

    @Test func `a long offer is cut into messages that keep every bound`() throws {
        // Names that need escapes, so that the text is six times longer than the name.
        let items = (0..<1_300).map { number in
            ControlMessage.Item(
                number: number, path: [String(repeating: number % 7 == 0 ? "\u{01}" : "é", count: 300)], size: 1)
        }
        let messages = ControlMessage.offers(transfer: "t", items: items)
        var read: [ControlMessage.Item] = []
        for (index, message) in messages.enumerated() {
            let text = message.encoded
            #expect(text.utf8.count <= 65_536)
            guard case .offer("t", let part, let more) = try ControlMessage(text) else {
                Issue.record("not an offer")
                return
            }
            #expect(part.count <= 500 && !part.isEmpty)
            #expect(more == (index < messages.count - 1))
            read += part
        }
        #expect(read == items)
        #expect(ControlMessage.offers(transfer: "t", items: []).count == 1)
    }
}
