/// One sentence for each plot: what a person shall see in it.
enum ReportHeadline {
    /// About which share came.
    static func delivery(_ groups: [ReportGroup]) -> String {
        let members = groups.flatMap { group in group.members.map { (group, $0) } }
            .filter { $0.1.result.deliveredShare != nil }
        guard let worst = members.min(by: { share($0.1) < share($1.1) }) else { return "No message was sent" }
        if share(worst.1) >= 1 {
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

    /// About how long messages took.
    static func latency(_ group: ReportGroup) -> String {
        let members = group.members.filter { $0.result.latency != nil }
        let tail = { (member: ReportGroup.Member) in member.result.latency?.p99 ?? 0 }
        guard let slow = members.max(by: { tail($0) < tail($1) }), let fast = members.min(by: { tail($0) < tail($1) })
        else { return group.prefix + "nothing arrived" }
        let over = { (member: ReportGroup.Member) in ReportWords.time(tail(member)) }
        if members.count == 1 || over(slow) == over(fast) {
            return sentenceStart(group.prefix + "one message in a hundred takes over \(over(slow))")
        }
        return sentenceStart(
            group.prefix
                + "one message in a hundred takes over \(over(slow)) with \(slow.spoken) and over \(over(fast)) with "
                + fast.spoken)
    }

    /// About what changed in the course of time.
    static func timeline(_ group: ReportGroup) -> String {
        let worst = group.members.compactMap { member -> (member: ReportGroup.Member, moment: LabMoment, p99: Int64)? in
            // Behind the end only what was late comes.
            let end = ReportWords.microseconds(member.result.scenario.traffic.duration)
            let during = member.result.timeline.filter { Double($0.start) < end * 0.99 }
            let moments = during.compactMap { moment in moment.p99.map { (moment, $0) } }
            return moments.max { $0.1 < $1.1 }.map { (member, $0.0, $0.1) }
        }.max { $0.p99 < $1.p99 }
        guard let worst else { return sentenceStart(group.prefix + "nothing arrived") }
        let time = ReportWords.time(worst.p99)
        let halves = group.members.compactMap { $0.result.latency?.p50 }
        // Where nothing happens there is no worst moment.
        if let least = halves.min(), Double(worst.p99) <= 1.25 * Double(least) {
            return sentenceStart(group.prefix + "latency stays within \(time) all the time")
        }
        let moment = ReportWords.time(worst.moment.start)
        let who = group.members.count == 1 ? "" : " with \(worst.member.spoken)"
        return sentenceStart(
            group.prefix + "the worst moment is \(moment) after the start: 1 % take over \(time)\(who)")
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
        let first =
            "\(ReportWords.share(share(worst))) of the messages that were there waited for an earlier one with "
            + "\(worst.spoken), 1 % of all over \(ReportWords.time(waiting.p99))"
        return sentenceStart(
            group.prefix + first + (free.isEmpty ? "" : "; none with " + names))
    }

    /// `text` with a large first letter.
    static func sentenceStart(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

    private static func share(_ member: ReportGroup.Member) -> Double { member.result.deliveredShare ?? 1 }
}
