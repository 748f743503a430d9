import Testing
import Wire

@testable import Martlet
@testable import MartletCLI
@testable import Transfer

@Suite struct TransferSummaryTests {
    private func item(_ outcome: ItemReport.Outcome, size: Int64 = 1_000_000) -> ItemReport {
        ItemReport(
            number: 0, name: "film.mkv", size: size, outcome: outcome, localPath: nil, wasRenamed: false, digest: nil)
    }

    private func summary(
        _ items: [ItemReport], as direction: TransferSummary.Direction = .receiving, in elapsed: Duration = .seconds(2)
    ) -> TransferSummary {
        TransferSummary(direction: direction, report: TransferReport(items: items), elapsed: elapsed)
    }

    private let broken = TransferError(.integrity, "film.mkv is not what was sent.")

    @Test func `a success says how much and how fast`() {
        let sent = summary([item(.complete), item(.complete)], as: .sending)
        #expect(sent.line == "Sent 2 files, 2.0 MB in 2.0 s (1.0 MB/s); the other side confirmed every byte.")
        #expect(sent.failure == nil)
        #expect(summary([item(.complete, size: 5)], in: .zero).line == "Received 1 file, 5 bytes in 0.0 s.")
    }

    @Test func `skipped files are no failures`() {
        let mixed = summary([item(.complete), item(.skipped)])
        #expect(mixed.line == "Received 1 file, 1.0 MB in 2.0 s (500 kB/s); 1 file skipped.")
        #expect(mixed.failure == nil)
        #expect(summary([item(.skipped)]).line == "1 file skipped; nothing else was to be received.")
    }

    @Test func `one failure among others is counted, and keeps its exit code`() {
        let mixed = summary([item(.complete), item(.failed(broken))])
        #expect(mixed.line == "Received 1 file, 1.0 MB in 2.0 s (500 kB/s).")
        #expect(mixed.failure?.status == .integrity)
        #expect(mixed.failure?.sentence == "1 of 2 files was not transferred: film.mkv is not what was sent.")
        let all = summary([item(.failed(broken)), item(.failed(broken))])
        #expect(all.line == nil)
        #expect(all.failure?.sentence == "None of the files was transferred: film.mkv is not what was sent.")
        #expect(summary([item(.failed(broken))]).failure?.sentence == broken.message)
    }

    @Test func `a failure names its file once`() {
        let remote = TransferError(.changed, "It changed while it was sent.", isReportedByPeer: true)
        let failure = summary([item(.complete), item(.failed(remote))]).failure
        #expect(failure?.sentence == "1 of 2 files was not transferred: film.mkv: It changed while it was sent.")
    }

    @Test func `a path is told by where it leads`() throws {
        func path(_ remote: String, type: String = "host") -> SelectedPath {
            SelectedPath(
                localAddress: "192.168.1.2:1", remoteAddress: remote, localType: "host", remoteType: type,
                roundTripTime: .microseconds(420))
        }
        let own = [try #require(IPAddress("192.168.1.2"))]
        #expect(PathDescription(path("127.0.0.1:5")).text == "direct, this machine · 0.4 ms")
        #expect(PathDescription(path("192.168.1.2:5"), ownAddresses: own).reach == .machine)
        #expect(PathDescription(path("192.168.1.3:5"), ownAddresses: own).text == "direct, local network · 0.4 ms")
        #expect(PathDescription(path("[fd00::1]:5")).reach == .local)
        #expect(PathDescription(path("172.15.0.1:5")).reach == .internet)
        #expect(PathDescription(path("203.0.113.5:5", type: "relay")).text == "relayed, internet · 0.4 ms")
        #expect(PathDescription(path("nonsense")).reach == .internet)
    }
}
