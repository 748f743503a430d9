internal import NetworkIO
internal import Wire

/// Which addresses of this machine to name in a link, the best first.
enum OwnAddresses {
    /// - Parameters:
    ///   - interfaces: the machine's addresses.
    ///   - routeInterface: the name of the interface that leads to the internet, if known.
    /// - Returns: IPv4 addresses; IPv6 ones only when there are no others. Loopback is left out.
    static func ranked(_ interfaces: [NetworkInterface], routeInterface: String?) -> [IPAddress] {
        let outward = interfaces.filter { !$0.address.isLoopback }
        let v4 = outward.filter { $0.address.family == .v4 }
        // Sorting by place too, because the order among equals is to stay.
        return (v4.isEmpty ? outward : v4).enumerated().sorted { left, right in
            let (leftRank, rightRank) = (
                rank(left.element, routeInterface), rank(right.element, routeInterface)
            )
            return (leftRank, left.offset) < (rightRank, right.offset)
        }.map(\.element.address)
    }

    private static func rank(_ interface: NetworkInterface, _ routeInterface: String?) -> Int {
        if interface.name == routeInterface { return 0 }
        // Bridges of containers and virtual machines: nobody else is there.
        if ["docker", "veth", "br-", "virbr", "vmnet", "lxc", "lxd", "cni", "flannel", "cali", "podman"]
            .contains(where: interface.name.hasPrefix)
        {
            return 3
        }
        return ["tun", "tap", "wg", "ppp", "utun", "tailscale"].contains(where: interface.name.hasPrefix) ? 2 : 1
    }

    /// The interface of the default route with the lowest metric.
    ///
    /// - Parameter table: the text of Linux's /proc/net/route.
    static func routeInterface(in table: String) -> String? {
        let routes = table.split(separator: "\n").dropFirst().compactMap { line -> (name: Substring, metric: Int)? in
            // Iface, Destination, Gateway, Flags, RefCnt, Use, Metric, Mask
            let fields = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
            guard fields.count > 7, fields[1] == "00000000", fields[7] == "00000000", let metric = Int(fields[6])
            else { return nil }
            return (fields[0], metric)
        }
        return routes.min { $0.metric < $1.metric }.map { String($0.name) }
    }
}
