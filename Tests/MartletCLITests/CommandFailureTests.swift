import Martlet
import NetworkIO
import Signaling
import Testing
import Transfer

@testable import MartletCLI

@Suite struct CommandFailureTests {
    @Test(
        arguments: [
            (.unreadable, false, .source), (.changed, false, .source), (.declined, true, .declined),
            (.declined, false, .declined), (.peerVanished, false, .vanished), (.integrity, false, .integrity),
            (.integrity, true, .integrity), (.storage, false, .localResource), (.storage, true, .declined),
            (.exists, false, .localResource), (.name, false, .localResource),
            (.protocolViolation, false, .protocolMismatch),
            (.version, true, .protocolMismatch), (.canceled, true, .declined), (.canceled, false, .interrupted),
            (.unverified, false, .notVerified), (.unverified, true, .notVerified), (.internal, true, .other),
            (.init(rawValue: "new"), true, .other),
        ] as [(TransferError.Code, Bool, CommandStatus)])
    func `every end of a transfer has its exit code`(code: TransferError.Code, byPeer: Bool, status: CommandStatus) {
        let failure = CommandFailure(TransferError(code, "It ended.", isReportedByPeer: byPeer))
        #expect(failure.status == status)
        #expect(failure.sentence == "It ended.")
    }

    @Test func `a full disk that can be gone on from says so`() {
        let full = TransferError(.storage, "The disk is full.", isResumable: true)
        #expect(CommandFailure(full).remedy == "make room, then the same command again, which resumes")
        #expect(CommandFailure(full).isResumable)
    }

    @Test func `who is lost after a yes may come back by the same command`() {
        let lost = CommandFailure(TransferError(.peerVanished, "It ended.").resumable)
        #expect(lost.isResumable && lost.status == .vanished)
        #expect(lost.remedy == "the same command again, which resumes")
        #expect(!CommandFailure(TransferError(.peerVanished, "It ended.")).isResumable)
    }

    private static let signaling: [(PeerConnectorError, CommandStatus)] = [
        (.couldNotVerify, .notVerified), (.noSuchRoom, .nobodyCame), (.roomExpired, .nobodyCame),
        (.roomFull, .nobodyCame), (.roomExists, .other), (.serverBusy, .other),
        (.unreachable(.refused(host: "192.0.2.1", port: 4040)), .nobodyCame),
        (.wrongWords(left: 2), .notVerified), (.wrongWords(left: 0), .notVerified), (.codeDead, .notVerified),
        (.refused(code: "dead"), .notVerified), (.refused(code: "no-code"), .notVerified),
        (.refused(code: "version"), .protocolMismatch), (.refused(code: "\u{1B}[2J"), .notVerified),
        (.rendezvousFailed(.restarting), .other), (.unreachable(.unknownHost("x")), .nobodyCame),
        (.unreachable(.timedOut), .noPath),
        (.unreachable(.unreachable(host: "192.0.2.1", port: 1, reason: "no route")), .noPath),
        (.unreachable(.notWebSocket), .protocolMismatch), (.unreachable(.tlsFailed(reason: "x")), .notVerified),
        (.rendezvousFailed(.timedOut), .vanished), (.peerLeft, .vanished), (.timedOut, .vanished),
        (.peerFailed(code: "cannot-verify", message: ""), .notVerified),
        (.peerFailed(code: "no-path", message: ""), .noPath), (.peerFailed(code: "taken", message: ""), .nobodyCame),
        (.peerFailed(code: "what", message: "\u{1B}[2J"), .other), (.protocolViolation("x"), .protocolMismatch),
        (.noNetworkPath, .noPath), (.connectionFailed(MartletError(code: .dtlsFailed, message: "x")), .notVerified),
        (.cancelled, .interrupted),
    ]

    @Test func `every way not to meet has its exit code and a clean sentence`() {
        for (error, status) in Self.signaling {
            let failure = CommandFailure(error)
            #expect(failure.status == status, "\(error)")
            #expect(failure.sentence.hasSuffix("."))
            #expect(failure.text.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
        }
    }

    @Test func `every way not to meet by a code, or at a server, is told in its words`() throws {
        let server = try Rendezvous(parsing: "https://rooms.example.org")
        let number = try #require(RoomNumber(7))
        for (error, status) in Self.signaling {
            let failure = CommandFailure(error, by: .code(number, at: server))
            #expect(failure.status == status, "\(error)")
            #expect(!failure.sentence.contains("link"), "\(failure.sentence)")
            #expect(failure.text.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
        }
        #expect(
            CommandFailure(.noSuchRoom, by: .code(number, at: server)).sentence
                == "Nobody waits behind the number 7 at https://rooms.example.org.")
        #expect(CommandFailure(.unreachable(.notWebSocket), by: .server(server)).sentence.contains("rooms.example.org"))
        // A server that cannot be reached is no stale link.
        #expect(CommandFailure(.unreachable(.refused(host: "x", port: 1)), by: .server(server)).status == .noPath)
    }

    @Test func `what the program does not know is still a sentence`() {
        struct Odd: Error {}
        let failure = CommandFailure(any: Odd())
        #expect(failure.status == .other)
        #expect(CommandFailure(any: failure) == failure)
        #expect(CommandFailure(any: CancellationError()).status == .interrupted)
    }

    @Test func `a failure is shown with its remedy on a line of its own`() {
        #expect(CommandFailure(.other, "It broke.", remedy: "again").text == "error: It broke.\n  try: again")
        #expect(CommandFailure(.other, "It broke.").text == "error: It broke.")
    }
}
