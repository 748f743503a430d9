/// Something in which the scenarios of a plan may differ.
enum ReportAspect: CaseIterable {
    // In the order in which a group's name says them.
    case loss
    case burst
    case blackouts
    case messageBytes
    case messageRate
    case delay
    case jitter
    case reorder
    case duplicate
    case rate
    case queue
    case back
    case from
    case duration
    case channel

    /// What a scenario has of it, in words that stand alone.
    func words(of scenario: LabScenario) -> String {
        let path = scenario.link.forward
        let traffic = scenario.traffic
        switch self {
        case .channel: return scenario.channel.name
        case .loss:
            return path.loss > 0 || path.burst == nil ? ReportWords.share(path.loss) + " loss" : "no single losses"
        case .burst:
            return path.burst.map {
                "\(ReportWords.share($0.share)) lost in bursts of \(ReportWords.figure($0.meanLength))"
            }
                ?? "no bursts"
        case .blackouts:
            guard !path.blackouts.isEmpty else { return "no blackout" }
            let shown = path.blackouts.prefix(3).map {
                "\(ReportWords.time($0.length)) after \(ReportWords.time($0.start))"
            }
            let more = path.blackouts.count > 3 ? ["\(path.blackouts.count - 3) more"] : []
            return "blackout of " + ReportWords.list(shown + more)
        case .messageBytes: return ReportWords.bytes(traffic.messageBytes)
        case .messageRate:
            return traffic.rate.map { "\(ReportWords.figure($0))\u{A0}messages/s" } ?? "as fast as possible"
        case .delay: return ReportWords.time(path.delay) + " delay"
        case .jitter: return path.jitter > .zero ? "jitter up to \(ReportWords.time(path.jitter))" : "no jitter"
        case .reorder:
            return path.reorder > 0
                ? "\(ReportWords.share(path.reorder)) held back by \(ReportWords.time(path.reorderDelay))"
                : "nothing held back"
        case .duplicate: return path.duplicate > 0 ? "\(ReportWords.share(path.duplicate)) doubled" : "nothing doubled"
        case .rate: return path.rate.map { LabText.bitRate(Double($0)) } ?? "no limit of rate"
        case .queue:
            guard path.rate != nil else { return "no queue" }
            return path.queueBytes.map { "queue of \(ReportWords.bytes($0))" } ?? "queue of 200\u{A0}ms"
        case .back: return backWords(of: scenario.link)
        case .from: return scenario.from == .conductor ? "sent from here" : "sent by the partner"
        case .duration: return "for \(ReportWords.time(traffic.duration))"
        }
    }

    /// What the way back does where it is not the same as the way there.
    private func backWords(of link: LabLink) -> String {
        guard link.back != link.forward else { return "both ways alike" }
        var mirrored = LabScenario(
            name: "", channel: LabChannel(), link: LabLink(forward: link.back),
            traffic: LabTraffic(messageBytes: 0, rate: nil, duration: .zero, late: .zero), seeds: [])
        mirrored.link.back = link.back
        let parts = Self.path.filter { !$0.isDefault(in: mirrored) }.map { $0.words(of: mirrored) }
        return "back: " + (parts.isEmpty ? "nothing impaired" : parts.joined(separator: ", "))
    }

    /// Aspects of one direction of the link.
    static let path: [ReportAspect] = [
        .loss, .burst, .blackouts, .delay, .jitter, .reorder, .duplicate, .rate, .queue,
    ]

    /// Whether this is as in a link that does nothing, and need not be said.
    func isDefault(in scenario: LabScenario) -> Bool {
        let path = scenario.link.forward
        switch self {
        case .loss: return path.loss == 0
        case .burst: return path.burst == nil
        case .blackouts: return path.blackouts.isEmpty
        case .delay: return path.delay == .zero
        case .jitter: return path.jitter == .zero
        case .reorder: return path.reorder == 0
        case .duplicate: return path.duplicate == 0
        case .rate, .queue: return path.rate == nil
        case .back: return scenario.link.back == scenario.link.forward
        case .from: return scenario.from == .conductor
        case .channel, .messageBytes, .messageRate, .duration: return false
        }
    }
}
