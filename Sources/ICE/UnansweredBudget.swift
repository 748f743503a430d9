internal import Wire

/// Bounds the datagrams sent to addresses that have never answered.
///
/// A peer may name any address as its candidate, and we would knock there: without a bound, whoever can signal us
/// could point us at a stranger. Real candidates of one peer need far less: seven transmissions from each base.
struct UnansweredBudget: Sendable {
    static let maximumTotal = 500
    static let maximumPerAddress = 70

    private var total = 0
    private var perAddress: [IPAddress: Int] = [:]

    /// Counts one datagram to `address`; false when it must not be sent.
    mutating func take(for address: IPAddress) -> Bool {
        let used = perAddress[address, default: 0]
        guard total < Self.maximumTotal, used < Self.maximumPerAddress else { return false }
        total += 1
        perAddress[address] = used + 1
        return true
    }
}
