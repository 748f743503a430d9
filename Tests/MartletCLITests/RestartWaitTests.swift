import NetworkIO
import Signaling
import Testing
import Wire

@testable import MartletCLI

@Suite struct RestartWaitTests {
    private let away: [PeerConnectorError] = [
        .unreachable(.refused(host: "192.0.2.1", port: 80)), .serverBusy, .noSuchRoom, .rendezvousFailed(.timedOut),
    ]

    @Test func `without a word of a restart nothing is waited for`() {
        var wait = RestartWait()
        let covered = away.filter { wait.covers($0, at: .zero) }
        #expect(covered == [])
    }

    @Test func `once a server said so, it may be away for half a minute`() {
        var wait = RestartWait()
        let start = NetworkTime.zero.advanced(by: .seconds(100))
        let begins = wait.covers(.rendezvousFailed(.restarting), at: start)
        #expect(begins)
        for (seconds, isCovered) in [(1, true), (29, true), (30, false), (31, false)] {
            let now = start.advanced(by: .seconds(seconds))
            for error in away + [.rendezvousFailed(.restarting)] {
                let covers = wait.covers(error, at: now)
                #expect(covers == isCovered, "\(seconds) s")
            }
        }
    }

    @Test func `what no restart explains is told at once`() {
        var wait = RestartWait()
        let begins = wait.covers(.rendezvousFailed(.restarting), at: .zero)
        #expect(begins)
        for error in [
            .wrongWords(left: 2), .codeDead, .refused(code: "dead"), .couldNotVerify, .roomExpired, .roomFull,
            .cancelled, .peerLeft,
        ] as [PeerConnectorError] {
            let covers = wait.covers(error, at: .zero)
            #expect(!covers, "\(error)")
        }
    }
}
