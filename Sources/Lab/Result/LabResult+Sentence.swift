extension LabResult {
    /// A wait, or a spread of latencies, that is shorter than this is not worth a word, in microseconds.
    private static let noticeable: Int64 = 5_000
    /// Parts of what happened: more is no plain sentence any more.
    private static let partLimit = 3

    /// What this result says, in one sentence for a person: what the link was like and the channel, then what was lost,
    /// what waits, what is late. "10 % loss, ordered reliable: nothing lost, 1 % of messages wait over 480 ms".
    package var sentence: String {
        (conditions + [channelWords]).joined(separator: ", ") + ": " + outcome.joined(separator: ", ")
    }

    /// "ordered reliable": without its comma, among others.
    private var channelWords: String {
        scenario.channel.name.split(separator: ",").joined()
    }

    // MARK: - The link

    /// What the link does to packets; of a link that only delays them, the delay.
    private var conditions: [String] {
        let there = scenario.link.forward
        let back = scenario.link.back
        var parts: [String] = []
        if there.loss > 0 {
            parts.append("\(LabQuantity.share(there.loss)) loss")
        } else if back.loss > 0 {
            parts.append("\(LabQuantity.share(back.loss)) loss on the way back")
        }
        if let burst = there.burst ?? back.burst {
            let side = there.burst == nil ? " on the way back" : ""
            parts.append(
                "\(LabQuantity.share(burst.share)) loss in bursts of \(LabQuantity.decimal(burst.meanLength, places: 1)) packets\(side)"
            )
        }
        if there.reorder > 0 { parts.append("\(LabQuantity.share(there.reorder)) held back") }
        if there.duplicate > 0 { parts.append("\(LabQuantity.share(there.duplicate)) doubled") }
        if let rate = there.rate { parts.append(LabQuantity.bitRate(Double(rate))) }
        if there.blackouts.count == 1 {
            parts.append("a blackout of \(LabQuantity.duration(there.blackouts[0].length))")
        } else if there.blackouts.count > 1 {
            parts.append("\(there.blackouts.count) blackouts")
        }
        if parts.isEmpty, there.jitter > .zero {
            parts.append("\(LabQuantity.duration(there.jitter)) jitter")
        }
        if parts.isEmpty, there.delay > .zero {
            parts.append("\(LabQuantity.duration(there.delay)) delay")
        }
        return parts
    }

    // MARK: - What happened

    private var outcome: [String] {
        guard !runs.isEmpty else { return [failedRuns.isEmpty ? unfinishedOutcome : failureOutcome] }
        return measuredOutcome + (failedRuns.isEmpty ? [] : [failureOutcome])
    }

    /// Before the first run had ended, or had failed for good, somebody put an end to it.
    private var unfinishedOutcome: String {
        failures.last.map { "no run was finished (\($0.reason))" } ?? "no run was finished"
    }

    /// Of runs that came to nothing.
    private var failureOutcome: String {
        let failed = failedRuns
        let who =
            failed.count == scenario.seeds.count
            ? "no run came about"
            : "\(LabText.count(failed.count)) of \(LabText.count(scenario.seeds.count)) runs failed"
        let reasons = Set(failed.map(\.reason))
        guard let reason = failed.first?.reason else { return who }
        return reasons.count == 1 ? "\(who) (\(reason))" : "\(who) (the first: \(reason))"
    }

    private var measuredOutcome: [String] {
        guard offered > 0 else { return ["no message was due"] }
        guard accepted > 0 else { return ["not one of \(LabText.messages(offered)) could be sent"] }
        var parts: [String] = []
        if damaged > 0 { parts.append("\(LabText.messages(damaged)) damaged") }
        parts.append(lossWords)
        guard delivered > 0, let latency else { return parts }
        let isAsFastAsPossible = scenario.traffic.rate == nil
        if isAsFastAsPossible, let goodput { parts.append(LabText.bitRate(goodput)) }
        if let waiting, waiting.p99 >= Self.noticeable {
            parts.append(Self.words(ofWaiting: waiting))
        } else if !isAsFastAsPossible {
            parts.append(words(of: latency))
        }
        if accepted < offered { parts.append("\(Self.few(offered - accepted, of: offered)) could not be sent") }
        // Whoever sends as fast as possible waits in a queue of its own making.
        if late > 0, !isAsFastAsPossible {
            let limit = LabQuantity.duration(scenario.traffic.late)
            parts.append("\(Self.few(late, of: accepted)) later than \(limit)")
        }
        if outOfOrder * 100 >= delivered { parts.append("\(LabText.share(share(outOfOrder))) out of order") }
        return Array(parts.prefix(Self.partLimit + (damaged > 0 ? 1 : 0)))
    }

    private var lossWords: String {
        if lost == 0 { return accepted == 1 ? "the only message arrived" : "nothing lost" }
        if delivered == 0 { return accepted == 1 ? "the only message lost" : "all \(LabText.messages(accepted)) lost" }
        let share = Double(lost) / Double(accepted)
        if share > 0.999 { return "all but \(LabText.count(delivered)) of \(LabText.messages(accepted)) lost" }
        return "\(Self.few(lost, of: accepted)) lost"
    }

    /// How long messages take, when that is what there is to say.
    private func words(of latency: LabDistribution) -> String {
        let arrive = isRoundTrip ? "are back" : "arrive"
        if latency.count == 1 { return "it took \(LabText.time(latency.max))" }
        if latency.p99 - latency.p50 < Self.noticeable {
            return "\(latency.hasOnePercent ? "99 %" : "all") \(arrive) within \(LabText.time(latency.p99))"
        }
        let half = "half \(arrive) within \(LabText.time(latency.p50))"
        if !latency.hasOnePercent { return "\(half), the slowest takes \(LabText.time(latency.max))" }
        return "\(half), 1 % take over \(LabText.time(latency.p99))"
    }

    /// Who waits how long; of fewer than a hundred there is no one percent.
    private static func words(ofWaiting waiting: LabDistribution) -> String {
        if waiting.p50 >= noticeable { return "half of all messages wait over \(LabText.time(waiting.p50))" }
        if !waiting.hasOnePercent { return "the longest wait is \(LabText.time(waiting.max))" }
        return "1 % of messages wait over \(LabText.time(waiting.p99))"
    }

    /// "7.5 %", and of less than one in a thousand how many: "3 of 10,000 messages".
    private static func few(_ count: Int, of total: Int) -> String {
        let share = Double(count) / Double(total)
        return share < 0.001 ? "\(LabText.count(count)) of \(LabText.messages(total))" : LabText.share(share)
    }

    private func share(_ count: Int) -> Double { Double(count) / Double(delivered) }
}
