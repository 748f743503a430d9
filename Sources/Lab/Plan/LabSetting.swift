/// What can be said about scenarios: the long options of `martlet lab`, and the keys of a plan file.
package enum LabSetting: String, Hashable, Sendable, CaseIterable {
    case channel
    case loss
    case burst
    case delay
    case jitter
    case reorder
    case duplicate
    case bandwidth
    case queue
    case blackout
    case back
    case size
    case rate
    case duration
    case late
    case from
    case seeds

    /// What describes a path, and may stand in `back` too.
    static let ofPath: [LabSetting] = [
        .loss, .burst, .delay, .jitter, .reorder, .duplicate, .bandwidth, .queue, .blackout,
    ]

    /// Says something about the link, which a path that is taken as it is has no place for.
    package var isOfLink: Bool { Self.ofPath.contains(self) || self == .back }

    /// What it is in the name of a scenario, in front of its value; nil where the value says it.
    var word: String? {
        switch self {
        case .loss, .delay, .jitter, .queue: rawValue
        case .burst: "bursts"
        case .reorder: "reordered"
        case .duplicate: "doubled"
        default: nil
        }
    }

    /// A value as it would be written.
    package var example: String {
        switch self {
        case .channel: "ordered, unordered, unordered:rtx=0, unordered:life=100, or all"
        case .loss: "0, 1%, 10%"
        case .burst: "3:10% (bursts of 3 packets, 10% of all lost)"
        case .delay: "20ms, 100ms"
        case .jitter: "10ms"
        case .reorder: "1%:30ms (1% of the packets come 30 ms later)"
        case .duplicate: "1%"
        case .bandwidth: "5Mbit/s"
        case .queue: "64kB"
        case .blackout: "3s+500ms (from 3 s on, for 500 ms)"
        case .back: "loss=0,delay=10ms"
        case .size: "200, 1200, 16kB"
        case .rate: "60, or max"
        case .duration: "10s"
        case .late: "150ms"
        case .from: "here, or peer"
        case .seeds: "3 (1, 2 and 3), or a list: 4,8,15, or 100-149"
        }
    }
}
