package import NIOCore
package import Wire

/// One address of this machine that can be a base of candidates.
package struct NetworkInterface: Hashable, Sendable {
    /// The system's name, such as `eth0`.
    package let name: String
    package let address: IPAddress

    /// The usable addresses: no link-local (they need a zone), multicast or unspecified ones; loopback only on
    /// request. In the system's order.
    ///
    /// - Throws: the system's error when the list cannot be had.
    package static func all(includingLoopback: Bool) throws -> [NetworkInterface] {
        var seen: Set<NetworkInterface> = []
        return try System.enumerateDevices().compactMap { device -> NetworkInterface? in
            guard let address = device.address.flatMap(TransportAddress.init)?.ip, !address.isLinkLocal,
                !address.isUnspecified, !address.isMulticastOrBroadcast, includingLoopback || !address.isLoopback
            else { return nil }
            let interface = NetworkInterface(name: device.name, address: address)
            return seen.insert(interface).inserted ? interface : nil
        }
    }
}

extension TransportAddress {
    /// Nil for addresses that are not IP.
    package init?(_ address: SocketAddress) {
        guard let ip = address.ipAddress.flatMap({ IPAddress($0) }), let port = address.port.flatMap(UInt16.init)
        else { return nil }
        self.init(ip, port: port)
    }
}

extension SocketAddress {
    package init(_ address: TransportAddress) {
        do {
            // Fails only at another count of bytes, and an IPAddress has 4 or 16 by its family, whatever it was made
            // of.
            try self.init(packedIPAddress: ByteBuffer(bytes: address.ip.bytes), port: Int(address.port))
        } catch {
            preconditionFailure("an IP address has 4 or 16 bytes")
        }
    }
}
