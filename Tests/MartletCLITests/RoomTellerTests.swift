import Signaling
import Synchronization
import Testing

@testable import MartletCLI

@Suite struct RoomTellerTests {
    private func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    private func teller(on console: Console) throws -> RoomTeller {
        RoomTeller(try Rendezvous(parsing: "https://rooms.example.org"), on: console)
    }

    @Test func `wrong words are counted down, and the end is told once`() throws {
        let record = Transcript()
        let teller = try teller(on: record.console(isTerminal: false))
        for event in [.wrongWords(left: 2), .wrongWords(left: 1), .wrongWords(left: 0), .codeDead] as [HostedRoomEvent]
        {
            teller.tell(event)
        }
        #expect(
            lines(record.error) == [
                "Somebody tried the code with wrong words; after 2 more wrong tries it is dead.",
                "Somebody tried the code with wrong words; after one more wrong try it is dead.",
                "The code is dead: it was tried three times with wrong words, and nobody can use it any more. "
                    + "The link still works; the same command, started again, has a new code.",
            ])
    }

    @Test func `guesses are told with --quiet too, and to programs as events`() throws {
        let (quiet, json) = (Transcript(), Transcript())
        try teller(on: quiet.console(isTerminal: false, isQuiet: true)).tell(.codeDead)
        #expect(lines(quiet.error).count == 1)
        let teller = try teller(on: json.console(isJSON: true))
        teller.tell(.wrongWords(left: 0))
        teller.tell(.codeDead)
        #expect(lines(json.output) == [#"{"type":"wrong-code","left":0}"#, #"{"type":"code-dead"}"#])
    }

    @Test func `a server that comes and goes is one line each time, not one for each attempt`() throws {
        let record = Transcript()
        let teller = try teller(on: record.console(isTerminal: false))
        let codes = Mutex<[RoomCode?]>([])
        let kept = Mutex<[String]>([])
        let code = try RoomCode(parsing: "7-clock-mango-crust")
        let other = try RoomCode(parsing: "12-crust-mango-clock")
        let token = try #require(RoomToken("AAAA"))
        teller.begin(
            code, onToken: { code, token in kept.withLock { $0.append("\(code?.text ?? "-") \(token?.text ?? "-")") } },
            onCode: { code in codes.withLock { $0.append(code) } })
        for event in [.serverLost, .serverLost, .serverBack(code: code, token: token)] as [HostedRoomEvent] {
            teller.tell(event)
        }
        #expect(
            lines(record.error) == [
                "The server https://rooms.example.org is gone; waiting for it to come back. "
                    + "Whoever is connected already stays so.",
                "The server is back.",
            ])
        #expect(codes.withLock { $0 } == [])
        teller.tell(.serverLost)
        teller.tell(.serverBack(code: nil, token: nil))
        teller.tell(.serverBack(code: other, token: token))
        teller.tell(.serverBack(code: other, token: token))
        #expect(codes.withLock { $0 } == [other])
        #expect(
            kept.withLock { $0 } == [
                "7-clock-mango-crust AAAA", "- -", "12-crust-mango-clock AAAA", "12-crust-mango-clock AAAA",
            ])
        #expect(lines(record.error).count == 4)
    }

    @Test func `however many come with a wrong link, three lines say so`() throws {
        let record = Transcript()
        let teller = try teller(on: record.console(isTerminal: false))
        for _ in 0..<1000 { teller.tell(.wrongLink) }
        #expect(lines(record.error).count == 3)
        #expect(lines(record.error).last?.contains("No more is said") == true)
    }
}
