/// A channel's priority as OPEN carries it: any 16-bit weight, with four that have names (RFC 8831 section 6.4).
package struct DataChannelPriority: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    package static let veryLow = Self(rawValue: 128)
    /// What a channel has unless somebody says otherwise.
    package static let low = Self(rawValue: 256)
    package static let medium = Self(rawValue: 512)
    package static let high = Self(rawValue: 1024)

    /// The named priority that a foreign weight belongs to: the lowest that is not below it, or `high`.
    package var named: Self {
        switch rawValue {
        case ...128: .veryLow
        case ...256: .low
        case ...512: .medium
        default: .high
        }
    }
}
