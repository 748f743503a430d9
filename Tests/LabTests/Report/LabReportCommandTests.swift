import Testing

@testable import Lab

@Suite struct LabReportCommandTests {
    /// Over real sockets, with this partner.
    private func report(_ partner: String, _ peer: LabReport.Peer?, losses: [Double] = [0.01]) -> LabReport {
        var report = ReportSamples.report(losses: losses, messages: 20)
        report.plan.medium = .shaped
        report.partner = partner
        report.peer = peer
        return report
    }

    private func end(_ partner: String, _ peer: LabReport.Peer?) -> String? {
        report(partner, peer).commands.first?.split(separator: "--seeds 3").last.map(String.init)
    }

    @Test func `the command names the other side as it was named`() {
        #expect(end("Chromium 140 on Linux", .chromium) == " --peer chromium")
        #expect(end("Firefox 150 on Linux", .firefox) == " --peer firefox")
        #expect(end("Safari on iOS", .page) == " --peer page")
        #expect(end("Martlet 0.1.0 on Linux", .terminal) == " --peer terminal")
        #expect(
            end("echo: .build/release/SignalingPeer answer", .echo) == " --echo '.build/release/SignalingPeer answer'")
        #expect(end("echo: it's", .echo) == " --echo 'it'\\''s'")
    }

    @Test func `ourselves in the same process need no option and no hint`() {
        for (partner, peer) in [
            ("Martlet on Linux, same process", LabReport.Peer.own), ("Martlet on Linux, same process", nil),
            ("Martlet on Linux", nil),
        ] {
            let report = report(partner, peer)
            #expect(report.commands.count == 1 && report.commands[0].hasSuffix("--seeds 3"))
            #expect(!LabReportPage(report).html.contains("says who"))
        }
    }

    @Test func `what a partner calls itself never becomes a command`() {
        let report = report("echo: rm -rf .", nil)
        #expect(report.commands.allSatisfy { !$0.contains("rm -rf") && !$0.contains("--echo") })
        #expect(LabReportPage(report).html.contains("The partner was echo: rm -rf .: --peer or --echo says who."))
        for words in ["echo: ", "echo: a\nb", "echo: \u{202E}", "echo: " + String(repeating: "x", count: 194), "cat"] {
            #expect(self.report(words, .echo).peerOption == nil)
        }
    }

    @Test func `what options cannot say is measured again from the report`() {
        let losses = (1...7).map { Double($0) / 100 }
        var many = ReportSamples.report(losses: losses, messages: 20)
        many.plan.scenarios.removeLast()
        #expect(many.commands == ["martlet lab --plan report.json"])
        let page = LabReportPage(many).html
        #expect(page.contains("<pre>martlet lab --plan report.json</pre>"))
        #expect(page.contains("report.json is this report as JSON: it holds every scenario with its seeds."))
        var remote = report("Chromium 140 on Linux", .chromium, losses: losses)
        remote.plan.scenarios.removeLast()
        #expect(remote.commands == ["martlet lab --plan report.json --peer chromium"])
        many.plan.scenarios = []
        #expect(!LabReportPage(many).html.contains("To repeat it"))
    }
}
