internal import NIOCore
internal import Synchronization
internal import Wire

/// The open connections of a server. Used from every loop.
final class ConnectionTable: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var counts: [AddressGroup: Int] = [:]
        var isStopped = false
    }

    struct Full: Error {}

    private let limit: Int
    private let limitPerAddress: Int
    private let countsLoopback: Bool
    private let proxies: ProxyTrust?
    private let state = Mutex(State())

    /// - Parameter proxies: their addresses are not counted, for behind them are many.
    init(_ limits: HTTPLimits, proxies: ProxyTrust? = nil) {
        limit = limits.connectionCount
        limitPerAddress = limits.connectionsPerAddress
        countsLoopback = limits.countsLoopback
        self.proxies = proxies
    }

    var count: Int { state.withLock { $0.channels.count } }

    /// Remembers a connection until it closes. Throws when there is no place for it.
    func add(_ channel: any Channel) throws(Full) {
        let address = TransportAddress(socket: channel.remoteAddress)?.ip
        let counted = address.flatMap(group)
        let isAdded = state.withLock { state in
            guard !state.isStopped, state.channels.count < limit else { return false }
            if let counted {
                let count = state.counts[counted, default: 0]
                guard count < limitPerAddress else { return false }
                state.counts[counted] = count + 1
            }
            state.channels[ObjectIdentifier(channel)] = channel
            return true
        }
        guard isAdded else { throw Full() }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { state in
                state.channels[ObjectIdentifier(channel)] = nil
                guard let counted, let count = state.counts[counted] else { return }
                state.counts[counted] = count > 1 ? count - 1 : nil
            }
        }
    }

    /// Whose connections it adds to; nil for one that is not counted.
    private func group(_ address: IPAddress) -> AddressGroup? {
        if proxies?.trusts(address) == true || !countsLoopback && address.isLoopback { return nil }
        return AddressGroup(address)
    }

    /// Refuses all that come from now on, and returns those that are open.
    func stop() -> [any Channel] {
        state.withLock { state in
            state.isStopped = true
            return Array(state.channels.values)
        }
    }
}
