/// One sentence for each plot: what a person shall see in it.
enum ReportHeadline {
    /// About which share came.
    static func delivery(_ groups: [ReportGroup]) -> String {
        let all = groups.flatMap { group in group.members.map { (group, $0) } }
        let members = all.filter { $0.1.result.deliveredShare != nil }
        guard let worst = members.min(by: { share($0.1) < share($1.1) }) else { return "No message was sent" }
        if share(worst.1) >= 1 {
            let silent = all.map(\.1).filter { $0.result.deliveredShare == nil }
            guard silent.isEmpty else {
                return "Everything that was sent arrived; " + silence(silent, besides: members.map(\.1))
            }
            return members.count == 1 ? "Everything arrived" : "Everything arrived, whatever the option"
        }
        let lost = ReportWords.share(1 - share(worst.1))
        let place = worst.0.name.isEmpty ? "" : " at \(worst.0.name)"
        let first = "\(lost) of the messages are lost\(place) with \(worst.1.spoken)"
        let safe = members.map(\.1).reduce(into: [String]()) { names, member in
            let isSafe = members.allSatisfy { $0.1.label != member.label || share($0.1) >= 1 }
            if isSafe, !names.contains(member.spoken) { names.append(member.spoken) }
        }
        return safe.isEmpty ? first : first + ", none with " + ReportWords.list(safe)
    }

    /// Where no message was sent, mostly because no run came about.
    private static func silence(_ silent: [ReportGroup.Member], besides others: [ReportGroup.Member]) -> String {
        let what = silent.allSatisfy(\.result.runs.isEmpty) ? "nothing was measured" : "no message was sent"
        let labels = Set(silent.map(\.label))
        guard labels.isDisjoint(with: others.map(\.label)), labels.count <= 3 else {
            let count = silent.count + others.count
            return "in \(LabText.count(silent.count)) of \(LabText.count(count)) scenarios \(what)"
        }
        let names = silent.map(\.spoken).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return "\(what) with " + ReportWords.list(names)
    }

    /// About how long messages took. Where one has too few messages for one in a hundred, all are compared by their
    /// slowest.
    static func latency(_ group: ReportGroup) -> String {
        let members = group.members.filter { $0.result.latency != nil }
        let hasOnePercent = members.allSatisfy { $0.result.latency?.hasOnePercent ?? false }
        let tail = { (member: ReportGroup.Member) in
            (hasOnePercent ? member.result.latency?.p99 : member.result.latency?.max) ?? 0
        }
        guard let slow = members.max(by: { tail($0) < tail($1) }), let fast = members.min(by: { tail($0) < tail($1) })
        else { return sentenceStart(group.prefix + "nothing arrived") }
        let time = { (member: ReportGroup.Member) in
            (hasOnePercent ? "over " : "") + ReportWords.time(tail(member))
        }
        let who = hasOnePercent ? "one message in a hundred takes" : "the slowest message takes"
        if members.count == 1 || time(slow) == time(fast) {
            return sentenceStart(group.prefix + "\(who) \(time(slow))")
        }
        return sentenceStart(
            group.prefix + "\(who) \(time(slow)) with \(slow.spoken) and \(time(fast)) with \(fast.spoken)")
    }

    /// About what changed in the course of time.
    static func timeline(_ group: ReportGroup) -> String {
        let moments = group.members.flatMap { member in
            member.result.timeline.compactMap { moment in
                moment.p99.map { Moment(member: member, moment: moment, p99: $0) }
            }
        }
        guard let slowest = moments.max(by: { $0.p99 < $1.p99 }) else {
            return sentenceStart(group.prefix + "nothing arrived")
        }
        // Where nothing happens there is no worst moment. What is slower than the p99 of its moment counts, too.
        let least = group.members.compactMap { $0.result.latency?.p50 }.min()
        let isCalm = { (time: Int64) in least.map { Double(time) <= 1.25 * Double($0) } ?? false }
        let longest = group.members.compactMap { $0.result.latency?.max }.reduce(slowest.p99, max)
        if isCalm(longest) {
            return sentenceStart(group.prefix + "latency stays within \(ReportWords.time(longest)) all the time")
        }
        if isCalm(slowest.p99) {
            return sentenceStart(
                group.prefix + "99\u{A0}% of the messages take \(ReportWords.time(slowest.p99)) at most, all the time")
        }
        // Behind the end only what was late comes: that says something where nothing happened before.
        let during = moments.filter { !$0.isBehindTheEnd }.max { $0.p99 < $1.p99 }
        let worst = during.flatMap { isCalm($0.p99) ? nil : $0 } ?? slowest
        let start = worst.p99 < slowest.p99 ? "while messages are sent, the worst moment" : "the worst moment"
        let who = worst.moment.delivered < LabDistribution.percentCount ? "the slowest takes" : "1\u{A0}% take over"
        let option = group.members.count == 1 ? "" : " with \(worst.member.spoken)"
        return sentenceStart(
            group.prefix + "\(start) is \(ReportWords.time(worst.moment.start)) after the start: "
                + "\(who) \(ReportWords.time(worst.p99))\(option)")
    }

    /// A piece of time in which messages came.
    private struct Moment {
        var member: ReportGroup.Member
        var moment: LabMoment
        var p99: Int64

        var isBehindTheEnd: Bool {
            Double(moment.start) >= ReportWords.microseconds(member.result.scenario.traffic.duration) * 0.99
        }
    }

    /// About how long messages waited for others.
    static func waiting(_ group: ReportGroup) -> String {
        let members = group.members.filter { $0.result.waiting != nil }
        let share = { (member: ReportGroup.Member) in member.result.waitingShare ?? 0 }
        guard let worst = members.max(by: { share($0) < share($1) }), let waiting = worst.result.waiting,
            share(worst) > 0
        else { return sentenceStart(group.prefix + "no message waited for an earlier one") }
        let free = members.filter { share($0) == 0 }.map(\.spoken)
        let names = free.count > 1 && free.count == members.count - 1 ? "the others" : ReportWords.list(free)
        // One percent of all waited over the p99 only where there are so many, and it is a wait.
        let hasOnePercent = waiting.hasOnePercent && waiting.p99 > LabResult.waitingThreshold
        let tail =
            hasOnePercent
            ? "1 % of all over \(ReportWords.time(waiting.p99))" : "the longest for \(ReportWords.time(waiting.max))"
        let first =
            "\(ReportWords.share(share(worst))) of the messages that were there waited for an earlier one with "
            + "\(worst.spoken), \(tail)"
        return sentenceStart(
            group.prefix + first + (free.isEmpty ? "" : "; none with " + names))
    }

    /// `text` with a large first letter.
    static func sentenceStart(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

    private static func share(_ member: ReportGroup.Member) -> Double { member.result.deliveredShare ?? 1 }
}
