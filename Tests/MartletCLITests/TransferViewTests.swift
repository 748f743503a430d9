import Testing
import Transfer

@testable import MartletCLI

@Suite struct TransferViewTests {
    private func report(_ path: String, wasHere: Bool) -> ItemReport {
        var report = ItemReport(number: 0, name: path, size: 1, outcome: .complete, wasRenamed: false)
        report.localPath = path
        report.wasHere = wasHere
        return report
    }

    @Test func `over all connections of a run each path and each text is shown once`() {
        let transcript = Transcript()
        let view = TransferView(.receiving, on: transcript.console(isTerminal: false), folder: "in")
        // What an earlier run left counts for this one; then the connection breaks, and everything comes again.
        for connection in 0..<2 {
            view.handle(.accepted)
            view.handle(.resumed(items: 1 + connection, bytes: 1))
            view.handle(.item(report("a", wasHere: true)))
            view.handle(.item(report("b", wasHere: connection == 1)))
            view.handle(.text("hi\n"))
        }
        view.handle(.text("hi\n"))
        // A file that was replaced by another transfer's is news.
        view.handle(.item(report("b", wasHere: false)))
        #expect(transcript.output == "in/a\nin/b\nhi\nhi\nin/b\n")
    }
}
