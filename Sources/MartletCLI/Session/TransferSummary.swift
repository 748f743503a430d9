internal import JSON
internal import Transfer
internal import Wire

/// How a transfer ended, in words.
struct TransferSummary: Sendable {
    enum Direction: Sendable {
        case sending, receiving
    }

    var direction: Direction
    var report: TransferReport
    /// Since the receiver said yes.
    var elapsed: Duration

    private var completeCount: Int { report.items.count { $0.outcome == .complete } }
    private var skippedCount: Int { report.items.count { $0.outcome == .skipped } }
    private var failedCount: Int { report.items.count { $0.error != nil } }

    /// Bytes a second; nil for a time that says more about the greeting than about the network.
    private var rate: Double? {
        elapsed >= .milliseconds(100) ? Double(report.completedBytes) / elapsed.seconds : nil
    }

    /// What was done; nil when it is nothing.
    var line: String? {
        let skipped = skippedCount == 0 ? nil : "\(counted(skippedCount, "file")) skipped"
        guard completeCount > 0 else { return skipped.map { "\($0); nothing else was to be received." } }
        let verb = direction == .sending ? "Sent" : "Received"
        let speed = rate.map { " (\(ByteCount.rate($0)))" } ?? ""
        let amount = "\(counted(completeCount, "file")), \(ByteCount.text(report.completedBytes))"
        let proof = direction == .sending ? "; the other side confirmed every byte" : ""
        return
            "\(verb) \(amount) in \(DurationText.measured(elapsed))\(speed)\(proof)\(skipped.map { "; \($0)" } ?? "")."
    }

    /// The members of the event `done`.
    var members: [(String, JSONValue)] {
        [
            ("items", .integer(Int64(completeCount))), ("bytes", .integer(report.completedBytes)),
            ("skipped", .integer(Int64(skippedCount))), ("failed", .integer(Int64(failedCount))),
            ("seconds", .number(Double(elapsed.wholeMilliseconds) / 1000)),
            ("rate", rate.map { .integer(Int64($0)) } ?? .null),
        ]
    }

    /// The failure that the command ends with: that of the first item that failed.
    var failure: CommandFailure? {
        guard let error = report.firstError else { return nil }
        var failure = CommandFailure(error)
        if report.items.count > 1 {
            let what =
                failedCount == report.items.count
                ? "None of the files was"
                : "\(failedCount) of \(report.items.count) files \(failedCount == 1 ? "was" : "were") not"
            failure.sentence = "\(what) transferred: \(error.message)"
        }
        return failure
    }
}
