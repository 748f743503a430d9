package import Wire

/// An IPv4 address, or the network half of an IPv6 address, of which one customer usually has all the rest: what limits
/// per address count.
package struct AddressGroup: Hashable, Sendable {
    private let family: IPAddress.Family
    private let bits: UInt64

    package init(_ address: IPAddress) {
        if address.family == .v4 || address.isIPv4Mapped {
            (family, bits) = (.v4, address.low & 0xFFFF_FFFF)
        } else {
            (family, bits) = (.v6, address.high)
        }
    }
}
