import Testing
import Wire

@testable import LinkSimulator

struct VirtualNetworkTests {
    private static func address(_ host: UInt32, _ port: UInt16) -> TransportAddress {
        TransportAddress(IPAddress(v4: 0x0A00_0000 | host), port: port)
    }

    private let alice = address(1, 1000)
    private let bob = address(2, 2000)

    /// Everything that arrives, with its time.
    private static func drain(_ network: inout VirtualNetwork) -> [(NetworkTime, VirtualNetwork.Datagram)] {
        var all: [(NetworkTime, VirtualNetwork.Datagram)] = []
        while let time = network.nextArrival() {
            while let datagram = network.receive(at: time) { all.append((time, datagram)) }
        }
        return all
    }

    @Test func `a datagram passes its sender's uplink and its receiver's downlink`() {
        var network = VirtualNetwork(seed: 1)
        let first = network.addHost(up: .init(delay: .milliseconds(3)), down: .init(delay: .milliseconds(100)))
        let second = network.addHost(up: .init(delay: .milliseconds(50)), down: .init(delay: .milliseconds(20)))
        network.bind(alice, to: first)
        network.bind(bob, to: second)
        network.send([1], from: alice, to: bob, at: .zero)
        network.send([2], from: bob, to: alice, at: .zero)
        let arrived = Self.drain(&network)
        #expect(arrived.map(\.0) == [milliseconds(23), milliseconds(150)])
        #expect(
            arrived.map(\.1) == [
                .init(source: alice, destination: bob, bytes: [1]), .init(source: bob, destination: alice, bytes: [2]),
            ])
        #expect(network.uplinkStatistics(of: first).deliveredCount == 1)
        #expect(network.downlinkStatistics(of: second).deliveredCount == 1)
    }

    @Test func `time may jump past several hops at once`() {
        var network = VirtualNetwork(seed: 1)
        let first = network.addHost(up: .init(delay: .milliseconds(3)))
        let second = network.addHost(down: .init(delay: .milliseconds(20)))
        network.bind(alice, to: first)
        network.bind(bob, to: second)
        network.send([1], from: alice, to: bob, at: .zero)
        #expect(network.receive(at: milliseconds(22)) == nil)
        #expect(network.receive(at: milliseconds(1000))?.bytes == [1])
    }

    @Test func `unknown addresses are dropped and counted`() {
        var network = VirtualNetwork(seed: 1)
        let host = network.addHost()
        network.bind(alice, to: host)
        network.send([1], from: alice, to: bob, at: .zero)
        network.send([1], from: bob, to: alice, at: .zero)
        #expect(Self.drain(&network).isEmpty)
        #expect(network.unroutableCount == 2)
    }

    @Test func `a socket closed while a datagram is on its way gets nothing`() {
        var network = VirtualNetwork(seed: 1)
        let host = network.addHost(up: .init(delay: .milliseconds(5)))
        let other = network.addHost(down: .init(delay: .milliseconds(5)))
        network.bind(alice, to: host)
        network.bind(bob, to: other)
        network.send([1], from: alice, to: bob, at: .zero)
        #expect(network.receive(at: milliseconds(6)) == nil)
        network.unbind(bob)
        #expect(Self.drain(&network).isEmpty)
        #expect(network.unroutableCount == 1)
    }

    @Test func `sockets of one host reach each other at once, whatever its link does`() {
        var network = VirtualNetwork(seed: 1)
        let host = network.addHost(up: .init(delay: .seconds(1), loss: 1))
        network.bind(alice, to: host)
        network.bind(bob, to: host)
        network.send([1], from: alice, to: bob, at: milliseconds(7))
        #expect(Self.drain(&network).map(\.0) == [milliseconds(7)])
    }

    @Test func `hosts share their own link among all their sockets and peers`() {
        var network = VirtualNetwork(seed: 1)
        let server = network.addHost(up: .init(delay: .zero, rate: 8_000_000))
        network.bind(alice, to: server)
        var clients: [TransportAddress] = []
        for index in UInt32(10)..<14 {
            let client = Self.address(index, 4000)
            network.bind(client, to: network.addHost())
            clients.append(client)
        }
        for client in clients { network.send([UInt8](repeating: 0, count: 1000), from: alice, to: client, at: .zero) }
        let arrived = Self.drain(&network)
        #expect(arrived.map(\.0) == (1...4).map(milliseconds))
        #expect(arrived.map(\.1.destination) == clients)
    }

    @Test func `an address that moves is reached at its new host`() {
        var network = VirtualNetwork(seed: 1)
        let first = network.addHost()
        let slow = network.addHost(down: .init(delay: .milliseconds(40)))
        let fast = network.addHost(down: .init(delay: .milliseconds(2)))
        network.bind(alice, to: first)
        network.bind(bob, to: slow)
        network.bind(bob, to: fast)
        network.send([1], from: alice, to: bob, at: .zero)
        #expect(Self.drain(&network).map(\.0) == [milliseconds(2)])
        var settings = LinkSettings()
        settings.loss = 1
        network.setDownlink(settings, of: fast)
        network.send([1], from: alice, to: bob, at: milliseconds(10))
        network.setUplink(settings, of: first)
        network.send([1], from: alice, to: bob, at: milliseconds(10))
        #expect(Self.drain(&network).isEmpty)
        #expect(network.downlinkStatistics(of: fast).lostCount == 1)
        #expect(network.uplinkStatistics(of: first).lostCount == 1)
    }

    @Test func `the same seed gives the same network`() {
        func outcome(seed: UInt64) -> [NetworkTime] {
            var network = VirtualNetwork(seed: seed)
            var settings = LinkSettings(delay: .milliseconds(10), loss: 0.1)
            settings.jitter = .milliseconds(30)
            network.bind(alice, to: network.addHost(up: settings, down: settings))
            network.bind(bob, to: network.addHost(up: settings, down: settings))
            for number in 0..<200 {
                network.send(numbered(number), from: alice, to: bob, at: milliseconds(Int64(number)))
                network.send(numbered(number), from: bob, to: alice, at: milliseconds(Int64(number)))
            }
            return Self.drain(&network).map(\.0)
        }
        #expect(outcome(seed: 1) == outcome(seed: 1))
        #expect(outcome(seed: 1) != outcome(seed: 2))
    }
}
