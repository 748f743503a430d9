import JSON
import Lab
import Testing

@Suite struct LabReportTests {
    /// A report in which everything is set that can be.
    static let full: LabReport = {
        var path = LabPath()
        path.loss = 0.1
        path.burst = LabBurst(meanLength: 4.5, share: 0.02)
        path.delay = .microseconds(50_250)
        path.jitter = .milliseconds(7)
        path.reorder = 0.01
        path.reorderDelay = .milliseconds(20)
        path.duplicate = 0.005
        path.rate = 1_000_000
        path.queueBytes = 32_768
        path.blackouts = [
            LabBlackout(start: .seconds(1), length: .milliseconds(500)),
            LabBlackout(start: .seconds(5), length: .nanoseconds(1_500_000)),
        ]
        let scenario = LabScenario(
            name: "one, \"two\"", channel: LabChannel(ordered: false, maxRetransmits: 0),
            link: LabLink(forward: path, back: LabPath()),
            traffic: LabTraffic(messageBytes: 300, rate: 33.3, duration: .seconds(10), late: .milliseconds(150)),
            from: .partner, seeds: [1, 1 << 53, .max])
        var run = LabSamples.run(
            sent: 12, arrivals: [(0, 50, 0), (1, 70, 20), (3, 50, 0), (2, 300, 0), (2, 300, 0), (11, 60, nil)],
            seed: .max)
        run.wire = LabWire(
            forward: LabWireCount(datagrams: 30, bytes: 12_345, dropped: 3),
            back: LabWireCount(datagrams: 20, bytes: 1_234, dropped: 1))
        run.packets = LabPackets(dataChunks: 40, retransmitted: 2)
        run.clockError = 512
        run.damagedCount = 1
        run.isRoundTrip = true
        let plain = LabSamples.scenario("ordered:life=100", rate: nil)
        return LabReport(
            plan: LabPlan(title: "Everything", medium: .shaped, scenarios: [scenario, plain, LabSamples.scenario()]),
            results: [
                LabResult(scenario: scenario, runs: [run, run]),
                LabResult(scenario: plain, runs: [LabRun(seed: 1)]),
            ],
            conductor: "martlet 1.0", partner: "Chromium \u{1B}[31m", peer: .chromium, version: "1.0",
            made: 1_795_000_000)
    }()

    @Test func `a report reads as it was written`() throws {
        let json = Self.full.json
        #expect(!json.contains("\n") && !json.contains("\u{1B}"))
        #expect(try LabReport(json: json) == Self.full)
        #expect(try LabReport(json: " " + json + "\n") == Self.full)
    }

    @Test func `a report says what the document says`() throws {
        let report = try JSONValue(parsing: Self.full.json, depthLimit: 12, unpairedSurrogates: .refused)
        let object = try #require(report.object)
        #expect(object["type"] == .string("martlet.lab.report"))
        #expect(object["version"] == .integer(1))
        let scenario = try #require(object["plan"]?.object?["scenarios"]?.array?[0].object)
        #expect(scenario["channel"] == .object(["ordered": .bool(false), "maxRetransmits": .integer(0)]))
        #expect(scenario["link"]?.object?["back"] == .object([:]))
        #expect(scenario["link"]?.object?["forward"]?.object?["delay"] == .number(50.25))
        #expect(
            scenario["traffic"]
                == .object([
                    "bytes": .integer(300), "rate": .number(33.3), "milliseconds": .integer(10_000),
                    "lateMilliseconds": .integer(150),
                ]))
        // 2^53 is one too many for a reader with doubles.
        #expect(
            scenario["seeds"]
                == .array([.integer(1), .string("9007199254740992"), .string("18446744073709551615")]))
        let result = try #require(object["results"]?.array?[0].object)
        #expect(result["lost"] == .integer(14))
        #expect(result["latency"]?.object?["p50"] == .integer(60_000))
        #expect(result["roundTrip"] == .bool(true))
        let empty = try #require(object["results"]?.array?[1].object)
        for name in ["latency", "waiting", "overhead", "packets", "wire", "roundTrip"] { #expect(empty[name] == nil) }
    }

    @Test func `what is unknown is passed over`() throws {
        let json = Self.full.json
        let peer = try LabReport(json: json.replacing("\"peer\":\"chromium\"", with: "\"peer\":\"telepathy\""))
        #expect(peer.peer == nil && peer.plan == Self.full.plan)
        let more = "{\"more\":[1,{\"a\":null}]," + json.dropFirst()
        #expect(try LabReport(json: more) == Self.full)
    }

    @Test(arguments: [
        ("", "no JSON"), ("[]", "no object"), ("{}", "type"), ("null", "no object"), ("{\"type\":1}", "type"),
        ("{\"type\":\"martlet.lab.plan\"}", "not a report"),
        ("{\"type\":\"martlet.lab.report\",\"version\":2}", "newer"),
        ("{\"type\":\"martlet.lab.report\",\"version\":1.0}", "version"),
        (String(repeating: "[", count: 100_000), "no JSON"),
        ("[" + String(repeating: "0,", count: 2_000_000) + "0]", "more values"),
        (String(repeating: " ", count: LabReport.byteLimit + 1), "larger"),
    ]) func `what is no report is refused with a reason`(json: String, reason: String) {
        let error = #expect(throws: LabError.self) { try LabReport(json: json) }
        guard case .badReport(let text) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains(reason), "\(text)")
    }

    /// Pieces of the text of the full report, and what somebody might put there.
    @Test(arguments: [
        ("\"made\":1795000000", "\"made\":-1"), ("\"made\":1795000000", "\"made\":1e400"),
        ("\"made\":1795000000", "\"made\":9007199254740992"), ("\"made\":1795000000", "\"made\":\"today\""),
        ("\"medium\":\"shaped\"", "\"medium\":\"wet\""), ("\"from\":\"partner\"", "\"from\":null"),
        ("\"loss\":0.1", "\"loss\":1.1"), ("\"loss\":0.1", "\"loss\":-1e-9"), ("\"loss\":0.1", "\"loss\":1e999"),
        ("\"loss\":0.1", "\"loss\":NaN"), ("\"loss\":0.1", "\"loss\":\"0.1\""), ("\"share\":0.02", "\"share\":1"),
        ("\"delay\":50.25", "\"delay\":60001"), ("\"delay\":50.25", "\"delay\":99999999999999999999"),
        ("\"rate\":1000000", "\"rate\":999"), ("\"rate\":1000000", "\"rate\":-1"), ("\"rate\":33.3", "\"rate\":0"),
        ("\"rate\":33.3", "\"rate\":1e10"), ("\"maxRetransmits\":0", "\"maxRetransmits\":65536"),
        ("\"maxRetransmits\":0", "\"maxRetransmits\":0,\"maxPacketLifeTime\":0"),
        ("\"ordered\":false", "\"ordered\":0"),
        ("\"bytes\":300", "\"bytes\":23"), ("\"bytes\":300", "\"bytes\":262145"),
        ("\"bytes\":300", "\"bytes\":9223372036854775807"), ("\"milliseconds\":10000", "\"milliseconds\":0"),
        ("\"milliseconds\":10000", "\"milliseconds\":86400001"), ("\"milliseconds\":10000", "\"milliseconds\":99"),
        ("\"rate\":33.3", "\"rate\":0.009"), ("\"rate\":33.3", "\"rate\":100001"),
        ("\"lateMilliseconds\":150", "\"lateMilliseconds\":0.5"),
        ("\"lateMilliseconds\":150", "\"lateMilliseconds\":3600001"),
        ("\"seeds\":[1,", "\"seeds\":[-1,"),
        ("\"seeds\":[1,", "\"seeds\":[\"18446744073709551616\","), ("\"seeds\":[1,", "\"seeds\":[1.5,"),
        ("\"seeds\":[1]", "\"seeds\":[]"), ("\"accepted\":24", "\"accepted\":25"),
        ("\"delivered\":10", "\"delivered\":25"), ("\"late\":2", "\"late\":11"),
        ("\"offered\":24", "\"offered\":9223372036854775807"), ("\"waitingShare\":", "\"waitingShare\":1e9,\"x\":"),
        ("\"p50\":60000,\"p90\"", "\"p50\":60001000,\"p90\""), ("\"count\":10", "\"count\":0"),
        ("\"cdf\":[", "\"cdf\":[7,"), ("\"cdf\":[", "\"cdf\":[9e15,1,"), ("\"cdf\":[", "\"cdf\":[-1,0.001,"),
        ("\"start\":0,", "\"start\":500000000,"), ("\"dropped\":6", "\"dropped\":-6"),
        ("\"roundTrip\":true", "\"roundTrip\":1"), ("\"name\":\"sample\"", "\"name\":[]"),
        ("\"conductor\":\"martlet 1.0\"", "\"conductor\":null"), ("\"plan\":", "\"plan\":[],\"x\":"),
        ("\"results\":", "\"results\":{},\"x\":"), ("\"clockError\":512", "\"clockError\":-512"),
        ("\"blackouts\":[", "\"blackouts\":[7,"), ("\"overhead\":", "\"overhead\":-2,\"x\":"),
        ("\"retransmitted\":4", "\"retransmitted\":4.5"), ("\"peer\":\"chromium\"", "\"peer\":7"),
    ]) func `a number that cannot be is refused`(part: String, replacement: String) throws {
        let json = Self.full.json
        let range = try #require(json.firstRange(of: part), "the report has \(part)")
        let changed = json.replacingCharacters(in: range, with: replacement)
        let error = #expect(throws: LabError.self) { try LabReport(json: changed) }
        guard case .badReport = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `no report cut short is one, and no changed byte traps`() {
        let bytes = Array(Self.full.json.utf8)
        for count in stride(from: 0, to: bytes.count, by: 97) {
            #expect(throws: LabError.self) { try LabReport(json: String(decoding: bytes[..<count], as: UTF8.self)) }
        }
        for index in stride(from: 0, to: bytes.count, by: 61) {
            var changed = bytes
            changed[index] = UInt8(ascii: "9")
            guard let report = try? LabReport(json: String(decoding: changed, as: UTF8.self)) else { continue }
            #expect(!report.csv.isEmpty && report.results.allSatisfy { !$0.sentence.isEmpty })
        }
    }

    @Test func `long texts and long lists are refused`() {
        var report = Self.full
        report.partner = String(repeating: "x", count: 201)
        #expect(throws: LabError.self) { try LabReport(json: report.json) }
        report = Self.full
        report.plan.scenarios = Array(repeating: LabSamples.scenario(), count: 1_001)
        #expect(throws: LabError.self) { try LabReport(json: report.json) }
        report.plan.scenarios = Array(repeating: LabSamples.scenario(seeds: Array(1...1_000)), count: 11)
        #expect(throws: LabError.self) { try LabReport(json: report.json) }
    }

    @Test func `the table has a line for each result, and every cell its column`() throws {
        let lines = Self.full.csv.split(separator: "\r\n")
        #expect(lines.count == 3)
        let names = lines[0].split(separator: ",")
        #expect(names.first == "scenario" && names.last == "sentence")
        #expect(Set(names).count == names.count)
        let settings =
            "\"one, \"\"two\"\"\",shaped,Chromium \u{1B}[31m,unordered:rtx=0,partner,300,33.3,10000,150,"
            + "0.1,4.5,0.02,50.25,7,0.01,20,0.005,1000000,32768,1000+500 5000+1.5,"
            + "0,,,0,0,0,0,0,,,,1 9007199254740992 18446744073709551615,"
        #expect(lines[1].hasPrefix(settings))
        let cells = lines[2].split(separator: ",", omittingEmptySubsequences: false)
        #expect(cells[0] == "sample" && cells[3] == "ordered:life=100" && cells[6] == "")
        #expect(cells[try #require(names.firstIndex(of: "delivered"))] == "0")
        #expect(cells[try #require(names.firstIndex(of: "latency_p50_ms"))] == "")
    }

    @Test(arguments: ["=1+1", "+cmd", "-x", "@sum", "\tx"]) func `no cell is a formula`(name: String) {
        var report = Self.full
        report.results[1].scenario.name = name
        #expect(report.csv.contains("\r\n'\(name),"))
    }
}

extension String {
    fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
