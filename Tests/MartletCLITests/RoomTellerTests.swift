import Signaling
import Synchronization
import Testing

@testable import MartletCLI

@Suite struct RoomTellerTests {
    /// What a console has said.
    private final class Record: Sendable {
        private let text = Mutex("")

        var lines: [String] { text.withLock { $0.split(separator: "\n").map(String.init) } }

        func console(isQuiet: Bool = false, isJSON: Bool = false) -> Console {
            let facts = TerminalFacts(
                inputIsTerminal: false, outputIsTerminal: false, errorIsTerminal: false, hasEscapes: false,
                hasColour: false, size: { (80, 24) })
            return Console(facts: facts, isQuiet: isQuiet, isJSON: isJSON) { [self] _, new in
                text.withLock { $0 += new }
            }
        }
    }

    private func teller(on console: Console) throws -> RoomTeller {
        RoomTeller(try Rendezvous(parsing: "https://rooms.example.org"), on: console)
    }

    @Test func `wrong words are counted down, and the end is told once`() throws {
        let record = Record()
        let teller = try teller(on: record.console())
        for event in [.wrongWords(left: 2), .wrongWords(left: 1), .wrongWords(left: 0), .codeDead] as [HostedRoomEvent]
        {
            teller.tell(event)
        }
        #expect(
            record.lines == [
                "Somebody tried the code with wrong words; after 2 more wrong tries it is dead.",
                "Somebody tried the code with wrong words; after one more wrong try it is dead.",
                "The code is dead: it was tried three times with wrong words, and nobody can use it any more. "
                    + "The link still works; the same command, started again, has a new code.",
            ])
    }

    @Test func `guesses are told with --quiet too, and to programs as events`() throws {
        let (quiet, json) = (Record(), Record())
        try teller(on: quiet.console(isQuiet: true)).tell(.codeDead)
        #expect(quiet.lines.count == 1)
        let teller = try teller(on: json.console(isJSON: true))
        teller.tell(.wrongWords(left: 0))
        teller.tell(.codeDead)
        #expect(json.lines == [#"{"type":"wrong-code","left":0}"#, #"{"type":"code-dead"}"#])
    }

    @Test func `a server that comes and goes is one line each time, not one for each attempt`() throws {
        let record = Record()
        let teller = try teller(on: record.console())
        let numbers = Mutex<[RoomNumber?]>([])
        let number = try #require(RoomNumber(7))
        teller.begin(number) { number in numbers.withLock { $0.append(number) } }
        for event in [.serverLost, .serverLost, .serverBack(number: number)] as [HostedRoomEvent] { teller.tell(event) }
        #expect(
            record.lines == [
                "The server https://rooms.example.org is gone; waiting for it to come back. "
                    + "Whoever is connected already stays so.",
                "The server is back.",
            ])
        #expect(numbers.withLock { $0 } == [])
        teller.tell(.serverLost)
        teller.tell(.serverBack(number: RoomNumber(12)))
        teller.tell(.serverBack(number: RoomNumber(12)))
        #expect(numbers.withLock { $0 } == [RoomNumber(12)])
        #expect(record.lines.count == 4)
    }
}
