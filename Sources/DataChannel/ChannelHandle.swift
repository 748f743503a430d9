/// A channel of one ``DataChannelEndpoint``: counts from 0 and is never used again, unlike stream identifiers, which
/// are unknown before the DTLS role is and come round after a close.
package struct ChannelHandle: Hashable, Comparable, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    package static func < (left: ChannelHandle, right: ChannelHandle) -> Bool { left.rawValue < right.rawValue }
}

extension ChannelHandle: CustomStringConvertible {
    package var description: String { "#\(rawValue)" }
}
