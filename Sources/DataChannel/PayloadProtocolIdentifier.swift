/// What an SCTP user message contains: the PPID field of DATA, in host order (RFC 8831 section 8).
package struct PayloadProtocolIdentifier: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// WebRTC DCEP: the messages that open channels.
    package static let dcep = Self(rawValue: 50)
    /// WebRTC String: UTF-8, at least one byte.
    package static let string = Self(rawValue: 51)
    /// WebRTC Binary Partial, deprecated: every fragment of a binary message but the last. Understood, never sent.
    package static let binaryPartial = Self(rawValue: 52)
    /// WebRTC Binary, at least one byte.
    package static let binary = Self(rawValue: 53)
    /// WebRTC String Partial, deprecated: every fragment of a text message but the last. Understood, never sent.
    package static let stringPartial = Self(rawValue: 54)
    /// WebRTC String Empty: SCTP has no empty messages, so one zero byte travels and is discarded (section 6.6).
    package static let stringEmpty = Self(rawValue: 56)
    /// WebRTC Binary Empty, one zero byte that is discarded.
    package static let binaryEmpty = Self(rawValue: 57)
}
