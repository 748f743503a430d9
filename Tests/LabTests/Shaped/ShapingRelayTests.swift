import Lab
import LinkSimulator
import Martlet
import NetworkIO
import TestSupport
import Testing
import Wire

/// The relay with real sockets between two connections of this process.
@Suite(.exclusiveStack, .serialized, .timeLimit(.minutes(10))) struct ShapingRelayTests {
    /// Two connections, the first of which is led through the relay.
    private final class Pair: Sendable {
        let relay: ShapingRelay
        let ours: PeerConnection
        let partner: PeerConnection
        let channels: (ours: DataChannel, partner: DataChannel)

        init() async throws {
            relay = try await ShapingRelay.start(inward: LinkSettings(), outward: LinkSettings(), seed: 1)
            var configuration = PeerConnectionConfiguration()
            configuration.detour = relay.detour
            ours = try PeerConnection(configuration: configuration)
            partner = try PeerConnection()
            let options = DataChannelOptions(negotiated: true, id: 0)
            channels = (
                try await ours.createDataChannel("lab", options), try await partner.createDataChannel("lab", options)
            )
        }

        func connect() async throws {
            try await ours.setLocalDescription()
            try await partner.setRemoteDescription(try await ours.gatheredLocalDescription())
            try await partner.setLocalDescription()
            try await ours.setRemoteDescription(try await partner.gatheredLocalDescription())
            try await channels.ours.opened()
            try await channels.partner.opened()
        }

        /// There and back again.
        func exchange(_ text: String) async throws {
            try await channels.ours.send(text)
            var there = channels.partner.messages.makeAsyncIterator()
            #expect(try await there.next() == .text(text))
            try await channels.partner.send(text)
            var back = channels.ours.messages.makeAsyncIterator()
            #expect(try await back.next() == .text(text))
        }

        func onLoop<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
            await withCheckedContinuation { continuation in
                NetworkLoop.shared.execute { continuation.resume(returning: body()) }
            }
        }

        func close() async {
            await ours.close()
            await partner.close()
            relay.close()
        }
    }

    /// "address:port" of a candidate line.
    private func address(of candidate: Substring) -> String {
        let fields = candidate.split(separator: " ")
        return fields[4].contains(":") ? "[\(fields[4])]:\(fields[5])" : "\(fields[4]):\(fields[5])"
    }

    @Test func `the peer learns the relay's addresses alone, and each side sees nobody but the relay`() async throws {
        let pair = try await Pair()
        try await pair.connect()
        let outer = Set(pair.relay.outerAddresses.map(\.description))
        let sdp = try #require(await pair.ours.localDescription).sdp
        let described = sdp.split(separator: "\r\n").filter { $0.hasPrefix("a=candidate:") }.map(address)
        #expect(!described.isEmpty && Set(described) == outer && described.count == outer.count)
        var trickled: [String] = []
        for await event in pair.ours.events {
            guard case .iceCandidate(let candidate) = event else { continue }
            guard let candidate else { break }
            trickled.append(address(of: candidate.candidate[...]))
        }
        #expect(Set(trickled) == outer)

        let ours = try #require(await pair.ours.selectedPath())
        let partner = try #require(await pair.partner.selectedPath())
        #expect(outer.contains(partner.remoteAddress))
        // The answers to its checks bear its own address, not the inner socket's.
        #expect(partner.localType == "host")
        // What the peer knows us by is the relay's; what we hear is one of its inner sockets.
        #expect(ours.remoteType == "prflx" && outer.contains(ours.localAddress))
        #expect(ours.remoteAddress.hasPrefix("127.0.0.1:") || ours.remoteAddress.hasPrefix("[::1]:"))
        #expect(!outer.contains(ours.remoteAddress))
        try await pair.exchange("hello")
        await pair.close()
    }

    @Test func `a connection without a detour tells its own addresses, as ever`() async throws {
        let connection = try PeerConnection()
        _ = try await connection.createDataChannel("x")
        try await connection.setLocalDescription()
        let sdp = try await connection.gatheredLocalDescription().sdp
        let own = try NetworkInterface.all(includingLoopback: true).map(\.address.description)
        let described = sdp.split(separator: "\r\n").filter { $0.hasPrefix("a=candidate:") }
            .map { String($0.split(separator: " ")[4]) }
        #expect(Set(described) == Set(own))
        await connection.close()
    }

    @Test func `strangers at the outer sockets change nothing`() async throws {
        let pair = try await Pair()
        try await pair.connect()
        let target = try #require(pair.relay.outerAddresses.first { $0.ip.family == .v4 && $0.ip.isLoopback })
        // A check that does not authenticate, something like DTLS, and noise.
        var check: [UInt8] = [0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42] + [UInt8](repeating: 7, count: 12)
        check[3] = 0
        let datagrams = [
            check, [22, 254, 253] + [UInt8](repeating: 1, count: 60), [UInt8](repeating: 0xFF, count: 1200),
        ]
        var strangers: [DatagramSocket] = []
        for _ in 0..<20 {
            let address = TransportAddress(IPAddress(v4: 0x7F00_0001), port: 0)
            strangers.append(try await DatagramSocket.bind(to: address, on: .shared))
        }
        let all = strangers
        await pair.onLoop {
            for stranger in all { for datagram in datagrams { stranger.send(datagram, to: target) } }
        }
        // The kernel has them all; each exchange takes several turns of the loop.
        var rounds = 0
        while await pair.onLoop({ pair.relay.strangerCount }) < 60, rounds < 100 {
            try await pair.exchange("\(rounds)")
            rounds += 1
        }
        #expect(await pair.onLoop { pair.relay.strangerCount } == 60)
        try await pair.exchange("still here")
        let outer = pair.relay.outerAddresses.map(\.description)
        #expect(outer.contains(try #require(await pair.partner.selectedPath()).remoteAddress))
        for stranger in strangers { stranger.close() }
        await pair.close()
    }
}
