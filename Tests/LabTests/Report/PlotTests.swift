import Testing

@testable import Lab

@Suite struct PlotTests {
    // MARK: - Numbers

    @Test func `a coordinate has at most two decimals and no exponent`() {
        #expect(PlotNumber.coordinate(0) == "0")
        #expect(PlotNumber.coordinate(-0.001) == "0")
        #expect(PlotNumber.coordinate(12.5) == "12.5")
        #expect(PlotNumber.coordinate(-3.05) == "-3.05")
        #expect(PlotNumber.coordinate(99.999) == "100")
        #expect(PlotNumber.coordinate(1e300) == "100000")
    }

    @Test func `what is no number has a coordinate all the same`() {
        #expect(PlotNumber.coordinate(.nan) == "0")
        #expect(PlotNumber.coordinate(.infinity) == "0")
        #expect(PlotNumber.decimal(.nan, digits: 1) == "0.0")
        #expect(ReportWords.time(microseconds: .nan) == "0\u{A0}ms")
        #expect(ReportWords.share(.nan) == "0\u{A0}%")
    }

    @Test func `decimals keep their zeros and group their thousands`() {
        #expect(PlotNumber.decimal(1_234_567.891, digits: 2) == "1,234,567.89")
        #expect(PlotNumber.decimal(-0.05, digits: 1) == "-0.1")
        #expect(PlotNumber.decimal(7, digits: 3) == "7.000")
    }

    @Test func `a share tells nothing from almost nothing, and all from almost all`() {
        let shares = [0, 0.000_02, 0.0004, 0.1, 0.897, 0.999_6, 1].map(ReportWords.share)
        #expect(shares == ["0 %", "0.002 %", "0.04 %", "10 %", "89.7 %", "99.96 %", "100 %"].map(ReportWords.bound))
    }

    @Test func `a date is that of the calendar`() {
        #expect(ReportWords.date(0) == "1970-01-01 00:00 UTC")
        #expect(ReportWords.date(951_827_696) == "2000-02-29 12:34 UTC")
        #expect(ReportWords.date(-1) == "1969-12-31 23:59 UTC")
        #expect(ReportWords.date(253_402_300_799) == "9999-12-31 23:59 UTC")
        #expect(ReportWords.date(.max) == nil)
    }

    // MARK: - Ticks

    @Test func `ticks are round and within the range`() {
        #expect(PlotTicks.linear(0...10, count: 5) == [0, 2, 4, 6, 8, 10])
        #expect(PlotTicks.linear(0.85...1, count: 3).map { ($0 * 100).rounded() } == [85, 90, 95, 100])
        #expect(PlotTicks.linear(3...3, count: 5) == [3])
        #expect(PlotTicks.logarithmic(1...10_000, count: 8) == [1, 10, 100, 1_000, 10_000])
        #expect(PlotTicks.logarithmic(40...600, count: 8) == [50, 100, 200, 500])
        #expect(PlotTicks.logarithmic(1...1_000_000, count: 4).count <= 4)
    }

    @Test(arguments: [-1e300...1e300, 0...Double.infinity, 1e-300...1e-299, 1e15...1e15 + 2])
    func
        `ticks of any range are few and finite`(range: ClosedRange<Double>)
    {
        for ticks in [PlotTicks.linear(range, count: 6), PlotTicks.logarithmic(range, count: 6)] {
            #expect(!ticks.isEmpty && ticks.count <= 20)
            #expect(ticks.allSatisfy { $0.isFinite })
        }
    }

    // MARK: - Scales

    @Test(arguments: [PlotScale.Kind.linear, .logarithmic, .nines]) func `a scale stays within its drawing`(
        kind: PlotScale.Kind
    ) {
        let domains: [ClosedRange<Double>] = [0...1, 5...5, -1e308...1e308, 0...Double.infinity, 1e-12...1e-11]
        for domain in domains {
            let scale = PlotScale(kind, domain, from: 300, to: 10)
            for value in [domain.lowerBound, domain.upperBound, .nan, .infinity, -.infinity, 0, 1, 1e9] {
                #expect((10...300).contains(scale.position(value)), "\(kind) \(domain) \(value)")
            }
            #expect(scale.position(scale.domain.lowerBound) == 300)
        }
    }

    @Test func `each nine takes as much room as the one before`() {
        let scale = PlotScale(.nines, 0...0.999, from: 0, to: 30)
        #expect(abs(scale.position(0.9) - 10) < 1e-9)
        #expect(abs(scale.position(0.99) - 20) < 1e-9)
        #expect(abs(scale.position(1) - 30) < 1e-9)
    }

    // MARK: - Labels

    @Test func `labels are moved apart, in order, within the drawing`() {
        let places = PlotSpread.places([50, 50, 51, 200], gap: 20, within: 0...210)
        #expect(places[0] < places[1] && places[1] < places[2])
        for (one, next) in zip(places, places.dropFirst()) { #expect(next - one >= 20 - 1e-9) }
        #expect(places[3] == 200)
        let atEnd = PlotSpread.places([100, 100, 100], gap: 30, within: 0...100)
        #expect(atEnd == [40, 70, 100])
        let crowded = PlotSpread.places([Double.nan, 5, 5], gap: 30, within: 0...20)
        #expect(crowded == [0, 10, 20])
        #expect(PlotSpread.places([], gap: 3, within: 0...1).isEmpty)
    }

    @Test func `text is cut where it does not fit, and broken at spaces`() {
        let cut = PlotText.fitted("unordered, maxPacketLifeTime 100", size: 13, within: 100)
        #expect(cut.hasSuffix("…") && PlotText.width(cut, size: 13) <= 100)
        #expect(PlotText.fitted("ordered", size: 13, within: 100) == "ordered")
        #expect(PlotText.lines("unordered, maxRetransmits 0", size: 13, within: 150, limit: 2).count == 2)
        #expect(PlotText.lines("", size: 13, within: 150, limit: 2).isEmpty)
    }

    @Test func `labels of an axis do not touch each other and stay in the drawing`() {
        let frame = PlotFrame(
            x: PlotScale(.linear, 0...100, from: 40, to: 140), y: PlotScale(.linear, 0...1, from: 100, to: 0))
        let ticks = (0...20).map { PlotFrame.Tick(value: Double($0) * 5, label: "\($0 * 5) messages") }
        let texts = frame.bottomAxis(ticks, limit: 150).map(\.string).filter { $0.hasPrefix("<text") }
        #expect(!texts.isEmpty && texts.count <= 2)
    }

    // MARK: - Marks

    @Test func `a series differs from the next ones in colour, dash and shape`() {
        let marks = (0..<24).map { PlotMark(index: $0) }
        #expect(Set(marks.map { "\($0.colour) \($0.dash)" }).count == 24)
        #expect(Set(marks[..<6].map { $0.marker(at: PlotPoint(x: 0, y: 0)).string }).count == 6)
    }

    @Test func `a path leaves out points that do not move it`() {
        var path = PlotPath()
        for x in [1.0, 1.001, 2, 2] { path.go(to: PlotPoint(x: x, y: 5), step: true) }
        #expect(path.text == "M1 5H2")
    }

    @Test func `the interval of a share holds it and narrows with more messages`() throws {
        var result = LabResult(scenario: ReportSamples.scenario("ordered", loss: 0))
        #expect(DeliveryPlot.interval(result) == nil)
        result.accepted = 100
        result.delivered = 100
        let all = try #require(DeliveryPlot.interval(result))
        #expect(all.upperBound == 1 && (0.95...0.97).contains(all.lowerBound))
        result.delivered = 90
        let few = try #require(DeliveryPlot.interval(result))
        result.accepted = 10_000
        result.delivered = 9_000
        let many = try #require(DeliveryPlot.interval(result))
        #expect(few.contains(0.9) && many.contains(0.9))
        #expect(abs((few.upperBound - few.lowerBound) / (many.upperBound - many.lowerBound) - 10) < 0.5)
    }
}
