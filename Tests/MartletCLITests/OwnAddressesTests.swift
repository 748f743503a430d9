import Testing
import Wire

@testable import MartletCLI
@testable import NetworkIO

@Suite struct OwnAddressesTests {
    private func interface(_ name: String, _ address: String) throws -> NetworkInterface {
        NetworkInterface(name: name, address: try #require(IPAddress(address)))
    }

    @Test func `the way to the internet comes first, bridges of containers last`() throws {
        let interfaces = [
            try interface("lo", "127.0.0.1"), try interface("docker0", "172.17.0.1"),
            try interface("wg0", "10.8.0.2"), try interface("eth1", "10.1.1.1"),
            try interface("wlan0", "192.168.1.20"), try interface("wlan0", "2001:db8::20"),
        ]
        #expect(
            OwnAddresses.ranked(interfaces, routeInterface: "wlan0").map(\.description)
                == ["192.168.1.20", "10.1.1.1", "10.8.0.2", "172.17.0.1"])
        #expect(OwnAddresses.ranked(interfaces, routeInterface: nil).first?.description == "10.1.1.1")
    }

    @Test func `IPv6 addresses are named where there are no others`() throws {
        let interfaces = [try interface("lo", "::1"), try interface("eth0", "2001:db8::20")]
        #expect(OwnAddresses.ranked(interfaces, routeInterface: "eth0").map(\.description) == ["2001:db8::20"])
        #expect(OwnAddresses.ranked([], routeInterface: nil).isEmpty)
    }

    @Test func `the default route with the lowest metric counts`() {
        let table = """
            Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
            wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
            eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
            eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
            """
        #expect(OwnAddresses.routeInterface(in: table) == "eth0")
        #expect(OwnAddresses.routeInterface(in: "") == nil)
        #expect(OwnAddresses.routeInterface(in: "Iface\nx\ty") == nil)
    }
}
