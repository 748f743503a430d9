import Lab
import Testing

/// Scenarios and runs that tests are about.
enum LabSamples {
    /// 100-byte messages, ten a second for a second, late after 100 ms.
    static func scenario(
        _ channel: String = "ordered", loss: Double = 0, rate: Double? = 10, duration: Duration = .seconds(1),
        seeds: [UInt64] = [1]
    ) -> LabScenario {
        var path = LabPath()
        path.loss = loss
        path.delay = .milliseconds(50)
        return LabScenario(
            name: "sample", channel: LabChannel(parsing: channel) ?? LabChannel(),
            link: LabLink(forward: path, back: path),
            traffic: LabTraffic(messageBytes: 100, rate: rate, duration: duration, late: .milliseconds(100)),
            seeds: seeds)
    }

    /// Messages sent every 100 ms, of which these came so many milliseconds later, in the order of the list.
    static func run(
        sent: Int, arrivals: [(sequence: UInt32, latency: Int64, waited: Int64?)], seed: UInt64 = 1
    ) -> LabRun {
        LabRun(
            seed: seed, offeredCount: sent, sentAt: (0..<sent).map { Int64($0) * 100_000 },
            receptions: arrivals.map {
                LabReception(
                    sequence: $0.sequence, at: Int64($0.sequence) * 100_000 + $0.latency * 1_000,
                    waited: $0.waited.map { $0 * 1_000 })
            })
    }

    /// A run of `sent` messages that all came after 50 ms, but for those that waited for an earlier one.
    static func waitingRun(sent: Int, waiting: Int, milliseconds: Int64) -> LabRun {
        run(
            sent: sent,
            arrivals: (0..<sent).map { index in
                let waits = index < waiting ? milliseconds : 0
                return (UInt32(index), 50 + waits, waits)
            })
    }
}

/// `#expect` for what a mutating call answers, which the macro cannot take.
func check(_ isSo: Bool, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(isSo, comment, sourceLocation: sourceLocation)
}
