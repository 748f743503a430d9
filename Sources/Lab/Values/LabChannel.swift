/// The options of a measured channel: order, and how hard it tries.
package struct LabChannel: Hashable, Sendable {
    package var ordered: Bool
    /// How often a fragment is sent again at most; nil for no such limit. Never together with `maxPacketLifeTime`.
    package var maxRetransmits: UInt16?
    /// Milliseconds for which a message is tried; nil for no such limit.
    package var maxPacketLifeTime: UInt16?

    package init(ordered: Bool = true, maxRetransmits: UInt16? = nil, maxPacketLifeTime: UInt16? = nil) {
        self.ordered = ordered
        self.maxRetransmits = maxRetransmits
        self.maxPacketLifeTime = maxPacketLifeTime
    }

    /// Whether everything is sent again until it has arrived.
    package var isReliable: Bool { maxRetransmits == nil && maxPacketLifeTime == nil }

    /// The options in words: "ordered, reliable", "unordered, maxRetransmits 0", "ordered, maxPacketLifeTime 100".
    package var name: String {
        let order = ordered ? "ordered" : "unordered"
        if let maxRetransmits { return "\(order), maxRetransmits \(maxRetransmits)" }
        if let maxPacketLifeTime { return "\(order), maxPacketLifeTime \(maxPacketLifeTime)" }
        return "\(order), reliable"
    }

    /// The options as a person types them: "ordered", "unordered:rtx=0", "ordered:life=100".
    package var shortName: String {
        let order = ordered ? "ordered" : "unordered"
        if let maxRetransmits { return "\(order):rtx=\(maxRetransmits)" }
        if let maxPacketLifeTime { return "\(order):life=\(maxPacketLifeTime)" }
        return order
    }

    /// Reads ``shortName``; nil for everything else.
    package init?(parsing text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        switch parts[0] {
        case "ordered": self.init(ordered: true)
        case "unordered": self.init(ordered: false)
        default: return nil
        }
        guard parts.count == 2 else { return }
        let option = parts[1].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard option.count == 2, option[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let value = UInt16(option[1])
        else { return nil }
        switch option[0] {
        case "rtx": maxRetransmits = value
        case "life": maxPacketLifeTime = value
        default: return nil
        }
    }
}
