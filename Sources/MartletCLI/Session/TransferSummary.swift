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
    /// Since the receiver said yes, or since the transfer went on over the last connection.
    var elapsed: Duration
    /// What came over earlier connections.
    var resumedBytes: Int64 = 0
    /// What a lossy channel had lost.
    var resentBytes: Int64 = 0

    private var completeCount: Int { report.items.count { $0.outcome == .complete } }
    private var lastBytes: Int64 { max(0, report.completedBytes - resumedBytes) }
    private var skippedCount: Int { report.items.count { $0.outcome == .skipped } }
    private var failedCount: Int { report.items.count { $0.error != nil } }

    /// Bytes a second; nil for a time that says more about the greeting than about the network.
    private var rate: Double? {
        elapsed >= .milliseconds(100) ? Double(lastBytes) / elapsed.seconds : nil
    }

    /// What was done; nil when it is nothing.
    var line: String? {
        let skipped = skippedCount == 0 ? nil : "\(counted(skippedCount, "file")) skipped"
        guard completeCount > 0 else { return skipped.map { "\($0); nothing else was to be received." } }
        let verb = direction == .sending ? "Sent" : "Received"
        let speed = rate.map { " (\(ByteCount.rate($0)))" } ?? ""
        let resumed = resumedBytes > 0 ? ", the last \(ByteCount.text(lastBytes)) of it" : ""
        let amount = "\(items), \(ByteCount.text(report.completedBytes))\(resumed)"
        let proof = direction == .sending ? "; the other side confirmed every byte" : ""
        let resent = resentBytes > 0 ? "; \(ByteCount.text(resentBytes)) were lost on the way and sent again" : ""
        let time = "in \(DurationText.measured(elapsed))\(speed)"
        return "\(verb) \(amount) \(time)\(proof)\(resent)\(skipped.map { "; \($0)" } ?? "")."
    }

    /// `3 files`, `1 file, 1 empty folder, 2 texts`.
    private var items: String {
        let nouns: [(ItemKind, String)] = [(.file, "file"), (.folder, "empty folder"), (.text, "text")]
        return nouns.compactMap { kind, noun in
            let count = report.items.count { $0.outcome == .complete && $0.kind == kind }
            return count == 0 ? nil : counted(count, noun)
        }.joined(separator: ", ")
    }

    /// The members of the event `done`.
    var members: [(String, JSONValue)] {
        [
            ("items", .integer(Int64(completeCount))), ("bytes", .integer(report.completedBytes)),
            ("skipped", .integer(Int64(skippedCount))), ("failed", .integer(Int64(failedCount))),
            ("seconds", .number(Double(elapsed.wholeMilliseconds) / 1000)),
            ("rate", rate.map { .integer(Int64($0)) } ?? .null), ("resumed_bytes", .integer(resumedBytes)),
            ("resent_bytes", .integer(resentBytes)),
        ]
    }

    /// The failure that the command ends with: that of the first item that failed.
    var failure: CommandFailure? {
        guard let item = report.items.first(where: { $0.error != nil }), let error = item.error else { return nil }
        var failure = CommandFailure(error)
        if report.items.count > 1 {
            let what =
                failedCount == report.items.count
                ? "None of the files was"
                : "\(failedCount) of \(report.items.count) files \(failedCount == 1 ? "was" : "were") not"
            failure.sentence = "\(what) transferred: \(item.failureWords(error))"
        }
        return failure
    }
}

extension ItemReport {
    /// What it failed of, with its name, which the sentence may have already.
    func failureWords(_ error: TransferError) -> String {
        error.message.contains(name) ? error.message : "\(name): \(error.message)"
    }
}
