import Testing

@testable import Lab

/// A report as a plan: whatever is in the file, it is measured again exactly, or not at all.
@Suite struct LabPlanAgainTests {
    private func error(_ json: String) -> LabPlanError? {
        do throws(LabPlanError) {
            _ = try LabPlan(ofReport: json, place: "report.json")
            return nil
        } catch { return error }
    }

    private func changed(_ change: (inout LabReport) -> Void) -> String {
        var report = ReportSamples.report(messages: 20)
        change(&report)
        return report.json
    }

    @Test func `a report is measured again with all of its settings and seeds`() throws {
        let json = LabReportTests.full.json
        #expect(LabPlan.isReport(json) && LabPlan.isReport(" \n" + json))
        let plan = try LabPlan(ofReport: json, place: "report.json")
        #expect(plan == LabReportTests.full.plan)
        #expect(plan.scenarios[0].seeds == [1, 1 << 53, .max])
    }

    @Test func `lines of a plan are no report`() {
        for text in ["", "\n", "loss = 1%", "# {\n", "[near]", "title = {"] { #expect(!LabPlan.isReport(text)) }
    }

    @Test(arguments: ["{", "{}", "{\"type\":\"martlet.lab.report\"}", "{\"type\":\"x\",\"version\":1}", "{\u{0}}"])
    func `what only looks like a report is refused with its place`(text: String) {
        #expect(error(text)?.sentence.hasPrefix("report.json is no report of the lab: ") == true)
        #expect(error(text)?.remedy?.contains("martlet lab -o") == true)
    }

    @Test func `a report whose results cannot be is no plan either`() {
        let json = LabReportTests.full.json
        #expect(error(json.replacing("\"accepted\":", with: "\"accepted\":-")) != nil)
        #expect(error(String(repeating: "{\"a\":", count: 100_000)) != nil)
        #expect(error("{" + String(repeating: " ", count: LabReport.byteLimit)) != nil)
        let bytes = Array(json.utf8)
        for count in stride(from: 1, to: bytes.count, by: 211) {
            #expect(error(String(decoding: bytes[..<count], as: UTF8.self)) != nil)
        }
    }

    @Test func `what would never end, or makes the same run twice, is refused`() {
        #expect(error(changed { $0.plan.scenarios = [] })?.sentence == "report.json: the report has no scenario.")
        let endless = changed {
            $0.plan.scenarios[1].traffic.rate = 100_000
            $0.plan.scenarios[1].traffic.duration = .seconds(86_400)
        }
        #expect(error(endless)?.sentence.contains("are more than 1,000,000 messages in a run.") == true)
        #expect(
            error(changed { $0.plan.scenarios[0].traffic.rate = 0.01 })?.sentence.contains("not one message") == true)
        #expect(
            error(changed { $0.plan.scenarios[0].seeds = [4, 5, 4] })?.sentence.hasSuffix("a seed stands there twice.")
                == true)
        #expect(error(changed { $0.plan.medium = .real })?.sentence.contains("real path") == true)
        #expect(
            error(changed { $0.plan.scenarios[0].link.back.delay = .seconds(61) })?.sentence.contains("no report")
                == true)
    }

    @Test func `a report can be measured over another medium, and a real path is taken as it is`() throws {
        let plan = try LabPlan(ofReport: ReportSamples.report(messages: 20).json, place: "report.json")
        #expect(try plan.over(.shaped).scenarios == plan.scenarios)
        #expect(try plan.over(.shaped).medium == .shaped)
        #expect(throws: LabPlanError.realPath) { try plan.over(.real) }
        var free = plan
        for index in free.scenarios.indices { free.scenarios[index].link = LabLink() }
        #expect(try free.over(.real).medium == .real)
    }
}
