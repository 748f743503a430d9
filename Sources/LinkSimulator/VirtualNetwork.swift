package import Wire

/// Hosts around a perfect core in virtual time: a datagram passes the uplink of its sender's host, then the downlink of
/// its receiver's. Sockets are transport addresses bound to a host.
///
/// Datagrams from or to an address nobody has bound are dropped and counted. A host reaches its own sockets at once.
package struct VirtualNetwork {
    package struct Host: Hashable, Sendable {
        fileprivate let index: Int
    }

    package struct Datagram: Hashable, Sendable {
        package let source: TransportAddress
        package let destination: TransportAddress
        package let bytes: [UInt8]
    }

    private var generator: SplitMix64
    private var uplinks: [LinkDirection<Datagram>] = []
    private var downlinks: [LinkDirection<Datagram>] = []
    private var loopback: LinkDirection<Datagram>
    private var sockets: [TransportAddress: Host] = [:]
    /// Datagrams dropped because no socket had their source or their destination.
    package private(set) var unroutableCount = 0

    package init(seed: UInt64) {
        generator = SplitMix64(seed: seed)
        loopback = LinkDirection(settings: LinkSettings(), generator: &generator)
    }

    /// Adds a host behind an access link.
    package mutating func addHost(up: LinkSettings = LinkSettings(), down: LinkSettings = LinkSettings()) -> Host {
        uplinks.append(LinkDirection(settings: up, generator: &generator))
        downlinks.append(LinkDirection(settings: down, generator: &generator))
        return Host(index: uplinks.count - 1)
    }

    /// Opens a socket. An address that was bound moves, which is how tests make a host roam.
    package mutating func bind(_ address: TransportAddress, to host: Host) { sockets[address] = host }

    /// Closes a socket; datagrams on their way to it are dropped when they arrive.
    package mutating func unbind(_ address: TransportAddress) { sockets[address] = nil }

    package mutating func setUplink(_ settings: LinkSettings, of host: Host) { uplinks[host.index].settings = settings }

    package mutating func setDownlink(_ settings: LinkSettings, of host: Host) {
        downlinks[host.index].settings = settings
    }

    package func uplinkStatistics(of host: Host) -> LinkStatistics { uplinks[host.index].statistics }

    package func downlinkStatistics(of host: Host) -> LinkStatistics { downlinks[host.index].statistics }

    package mutating func send(
        _ bytes: [UInt8], from source: TransportAddress, to destination: TransportAddress, at now: NetworkTime
    ) {
        guard let host = sockets[source] else {
            unroutableCount += 1
            return
        }
        let datagram = Datagram(source: source, destination: destination, bytes: bytes)
        if sockets[destination] == host {
            loopback.send(datagram, bytes: bytes.count, at: now)
        } else {
            uplinks[host.index].send(datagram, bytes: bytes.count, at: now)
        }
    }

    /// When something next happens: a datagram arrives, or reaches the core on its way. ``receive(at:)`` may therefore
    /// give nothing at this time; ask again for the next.
    package func nextArrival() -> NetworkTime? {
        var earliest = loopback.nextArrival
        for time in uplinks.lazy.compactMap(\.nextArrival) { earliest = min(earliest ?? time, time) }
        for time in downlinks.lazy.compactMap(\.nextArrival) { earliest = min(earliest ?? time, time) }
        return earliest
    }

    /// The earliest datagram that has arrived by `now`.
    package mutating func receive(at now: NetworkTime) -> Datagram? {
        while let time = nextArrival(), time <= now {
            // The core first, so that a perfect downlink delivers at the same instant.
            if let index = uplinks.firstIndex(where: { $0.nextArrival == time }) {
                if let (datagram, arrived) = uplinks[index].receive(at: time) { forward(datagram, at: arrived) }
            } else if let datagram = takeDelivered(at: time) {
                if sockets[datagram.destination] != nil { return datagram }
                unroutableCount += 1
            }
        }
        return nil
    }

    private mutating func takeDelivered(at time: NetworkTime) -> Datagram? {
        if let index = downlinks.firstIndex(where: { $0.nextArrival == time }) {
            return downlinks[index].receive(at: time)?.payload
        }
        return loopback.receive(at: time)?.payload
    }

    private mutating func forward(_ datagram: Datagram, at time: NetworkTime) {
        guard let host = sockets[datagram.destination] else {
            unroutableCount += 1
            return
        }
        downlinks[host.index].send(datagram, bytes: datagram.bytes.count, at: time)
    }
}
