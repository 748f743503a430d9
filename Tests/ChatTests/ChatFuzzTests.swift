import Chat
import LinkSimulator
import Testing
import Wire

/// Whatever comes is a message, or is refused as one: nothing traps, and nothing grows without a bound.
struct ChatFuzzTests {
    private static let samples: [ChatMessage] = [
        .hello(.init(agent: "Firefox", name: "anna", people: 4)),
        .hello(.init(agent: "x", name: "ben", session: ChatSession("AAECAwQFBgcICQoLDA0ODw"))),
        .reveal(nonce: [UInt8](0..<16)), .begin(session: ChatSession("AAECAwQFBgcICQoLDA0ODw"), have: 3),
        .begin(session: nil, have: 0), .message(seq: 1, text: "hello \u{1B}[2J \u{202E}<b>\n", age: 10),
        .ack(seq: 1), .typing(true), .name("carl"), .bye, .error(code: "taken", message: "full"),
        .introduce(peer: 1, attempt: 1, name: "d", calls: true),
        .signal(peer: 1, attempt: 1, payload: #"{"type":"candidate","candidate":"","mid":null}"#), .parted(peer: 1),
        .again(peer: 1),
        .ignorable,
    ]

    private static let scraps = [
        "{", "}", "[", "]", "\"", ":", ",", "null", "true", "-1", "0", "9007199254740991", "9007199254740992", "1e9",
        "1.0",
        "99999999999999999999", "\"type\"", "\"seq\"", "\"session\"", "\"optional\":true", "\\ud800", "\\u0000", "é",
    ]

    private static func mutated(_ text: String, using random: inout SplitMix64) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 1: if place < bytes.count { bytes.remove(at: place) }
            case 2: bytes.insert(contentsOf: (scraps.randomElement(using: &random) ?? "").utf8, at: place)
            case 3: bytes.removeLast(min(bytes.count, Int.random(in: 0..<8, using: &random)))
            default: if place < bytes.count { bytes[place] = UInt8.random(in: 0x20...0x7E, using: &random) }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a mutated text is refused, or means the same once it is written again`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var readCount = 0
        for _ in 0..<2_000 {
            guard let sample = Self.samples.randomElement(using: &random) else { continue }
            let text = Self.mutated(sample.encoded, using: &random)
            do throws(ChatError) {
                let message = try ChatMessage(text)
                readCount += 1
                let again = try ChatMessage(message.encoded)
                #expect(again == message, "seed \(seed): \(text)")
            } catch {
                guard case .protocolViolation = error else {
                    Issue.record("seed \(seed): \(error) for \(text)")
                    continue
                }
            }
        }
        #expect(readCount > 50, "seed \(seed)")
    }

    @Test func `every beginning of a message is refused`() {
        for sample in Self.samples {
            let bytes = Array(sample.encoded.utf8)
            for count in 0..<bytes.count {
                let text = String(decoding: bytes[..<count], as: UTF8.self)
                #expect(throws: ChatError.self, "\(text)") { try ChatMessage(text) }
            }
        }
    }

    /// Messages with numbers near those that a pair expects.
    private static func message(using random: inout SplitMix64) -> ChatMessage {
        let number =
            [
                Int64.random(in: 0...4, using: &random), Int64.random(in: 0...300, using: &random),
                ChatLimits.largestInteger,
            ].randomElement(using: &random) ?? 0
        switch Int.random(in: 0..<12, using: &random) {
        case 0: return .begin(session: Bool.random(using: &random) ? .random(using: &random) : nil, have: number)
        case 1...4:
            let text = String(repeating: "x", count: Int.random(in: 1...ChatLimits.textBytes, using: &random))
            return .message(seq: number, text: text, age: number)
        case 5, 6: return .ack(seq: number)
        case 7: return .typing(Bool.random(using: &random))
        case 8: return .name("n\(number)")
        default: return samples.randomElement(using: &random) ?? .bye
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `whatever a pair hears, it goes on or ends, within its bounds`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var now = NetworkTime.zero
        for role in [ChatRole.caller, .answerer] {
            var side = ChatSide(role, name: "anna", introduces: Bool.random(using: &random), using: &random)
            for connection in 0..<20 where !side.pair.isOver {
                var greeting = ChatGreeting(
                    role, name: "anna", agent: "", people: 2, session: side.pair.session, certificates: nil)
                _ = try greeting.receive(
                    .hello(
                        .init(
                            agent: "x", name: "eve", people: 2,
                            session: connection % 3 == 0
                                ? .random(using: &random) : ChatSession("AAECAwQFBgcICQoLDA0ODw"))))
                side.pair.begin(greeting)
                if connection % 2 == 0 {
                    // Most of what follows is worth nothing before a begin.
                    try? side.pair.receive(.begin(session: .random(using: &random), have: 0), at: now)
                }
                var heard: Int64 = 0
                for _ in 0..<200 {
                    now = now.advanced(by: .milliseconds(Int.random(in: 0..<2_000, using: &random)))
                    if side.pair.hasRoom(for: ["x"]), random.chance(0.2) { try side.say("x", at: now) }
                    if random.chance(0.1) { side.pair.setTyping(random.chance(0.7)) }
                    if random.chance(0.3) { _ = side.show(at: now) }
                    side.send(at: now)
                    #expect(side.outgoing.allSatisfy { (try? ChatMessage($0)) != nil }, "seed \(seed)")
                    side.outgoing = []
                    if side.pair.isFull { continue }
                    let next =
                        random.chance(0.4) ? .message(seq: heard + 1, text: "y", age: 0) : Self.message(using: &random)
                    do throws(ChatError) {
                        try side.pair.receive(next, at: now)
                        if case .message(let seq, _, _) = next { heard = seq }
                    } catch {
                        break
                    }
                }
                if random.chance(0.2) { side.pair.forget(.random(using: &random)) }
                side.pair.connectionLost()
            }
        }
    }
}
