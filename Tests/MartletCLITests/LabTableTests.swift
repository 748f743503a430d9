import Lab
import Testing
import Transfer

@testable import MartletCLI

@Suite struct LabTableTests {
    private func plan(_ text: String) throws -> LabPlan {
        try LabPlanDraft(parsing: text, place: "plan").plan(medium: .simulated)
    }

    private func result(_ scenario: LabScenario) -> LabResult {
        var result = LabResult(scenario: scenario)
        (result.offered, result.accepted, result.delivered, result.late) = (1_000_000, 999_999, 999_998, 1)
        result.latency = LabDistribution([50_000, 480_000])
        result.waitingShare = 0.31
        result.goodput = 123_456_789
        result.overhead = 0.25
        result.packets = LabPackets(dataChunks: 1_000_000, retransmitted: 123_456)
        return result
    }

    @Test(arguments: [
        "loss = 1%", "loss = 0, 10%\ndelay = 5ms, 50ms", "rate = max, 60\nsize = 200, 262144\nloss = 0, 1%",
        "[a section with a rather long name that goes on]\nloss = 1%\n[b]\nloss = 2%, 3%",
        "burst = none, 3:5%\nloss = 1%, 5%\nbandwidth = 5Mbit/s, 20Mbit/s\nqueue = 64kB, 100kB\njitter = 0, 10ms\ndelay = 1ms",
    ])
    func `a table fits the terminal, and its numbers stand below each other`(text: String) throws {
        let plan = try plan(text)
        var counts: [Int] = []
        for width in [80, 100, 120, 200] {
            let table = LabTable(plan, width: width)
            let lines = [table.head] + plan.scenarios.map { table.row(result($0)) }
            #expect(lines.allSatisfy { Printable.columns(of: $0) <= width }, "\(width)")
            // Numbers end in the same column.
            let end = Printable.columns(of: table.head)
            #expect(lines.allSatisfy { Printable.columns(of: $0) == end }, "\(lines)")
            #expect(table.head.contains("delivered") && table.head.contains("channel"))
            counts.append(table.head.split(separator: " ").count)
        }
        #expect(counts == counts.sorted() && counts[0] < counts[3])
    }

    @Test func `what is the same everywhere is no column`() throws {
        let head = LabTable(try plan("loss = 1%, 2%\ndelay = 50ms"), width: 80).head
        #expect(head.hasPrefix("loss  channel") && !head.contains("delay"))
        #expect(LabTable(try plan("channel = ordered"), width: 80).head.hasPrefix("channel"))
    }

    @Test func `names of a report cannot do harm to a terminal`() throws {
        var plan = try plan("[x]\nloss = 1%\n[y]\nloss = 2%")
        for index in plan.scenarios.indices { plan.scenarios[index].name = "\u{1B}[2J\(index)\u{202E}: a\nb" }
        let table = LabTable(plan, width: 80)
        for scenario in plan.scenarios {
            #expect(table.row(result(scenario)).unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\u{202E}" })
        }
    }

    @Test func `only all is all, and only nothing is nothing`() {
        #expect(LabCell.share(999_998, of: 999_999) == "> 99.9 %")
        #expect(LabCell.share(1, of: 999_999) == "< 0.1 %")
        #expect(LabCell.share(5, of: 5) == "100.0 %")
        #expect(LabCell.share(0, of: 5) == "0.0 %")
        #expect(LabCell.share(0, of: 0) == "-")
        #expect(LabCell.share(-0.05) == "-5.0 %")
        #expect(LabCell.share(.infinity) == "-")
        #expect(LabCell.share(12.5) == "1250 %")
        #expect(LabCell.time(nil) == "-")
    }

    @Test func `the line of progress fits, and says less where there is less room`() {
        let line = LabProgressLine(
            run: 5, runCount: 12, share: 0.4, name: "unordered, maxRetransmits 0, loss 5 %", timeLeft: .seconds(12))
        #expect(
            line.text(columns: 100)
                == "run 5 of 12  40 % |████████            | 12 s left · unordered, maxRetransmits 0, loss 5 %")
        for columns in 1...120 { #expect(Printable.columns(of: line.text(columns: columns)) < max(2, columns)) }
        let long = LabProgressLine(run: 10_001, runCount: 10_000, share: 0.999, name: "", timeLeft: nil)
        #expect(long.text(columns: 30).hasPrefix("run 10,000 of 10,000  99 %"))
    }
}
