import DataChannel
import LinkSimulator
import SRTP
import TestSupport
import Testing
import Wire

@testable import PeerSession

@Suite(.virtualTime, .serialized) struct DemultiplexingTests {
    /// A minimal RTP packet: version 2, payload type 96, one source.
    private static let rtp: [UInt8] = [0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3] + [UInt8](repeating: 0x5A, count: 100)

    private func deliver(
        _ bytes: [UInt8], to peer: SimulatedPeers.Peer, from source: TransportAddress, _ peers: SimulatedPeers
    ) {
        bytes.withUnsafeBytes {
            peer.session.handleDatagrams($0, segmentBytes: $0.count, from: source, to: peer.address, at: peers.now)
        }
    }

    @Test func `media keyed by the handshake is opened and counted, other media is refused and counted`() throws {
        let peers = try SimulatedPeers()
        _ = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.connect()
        let sender = try #require(peers.a.session.transport?.srtp)
        let receiver = try #require(peers.b.session.transport?.srtp)
        deliver(try sender.protect(Self.rtp), to: peers.b, from: peers.a.address, peers)
        #expect(receiver.counters.rtpPackets == 1)
        var unprotected = Self.rtp
        unprotected[3] = 2
        deliver(unprotected, to: peers.b, from: peers.a.address, peers)
        #expect(receiver.counters.rtpPackets == 1)
        #expect(receiver.counters.authenticationFailures == 1)
        #expect(peers.b.session.counters.mediaPackets == 2)
        #expect(peers.b.session.state == .connected)
    }

    @Test func `what comes from an address that ICE does not know never reaches DTLS`() throws {
        let peers = try SimulatedPeers()
        _ = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.connect()
        let stranger = TransportAddress(IPAddress(v4: 0xC000_0201), port: 9)
        deliver([22, 254, 253] + [UInt8](repeating: 0, count: 60), to: peers.b, from: stranger, peers)
        deliver(Self.rtp, to: peers.b, from: stranger, peers)
        #expect(peers.b.session.counters.unvalidatedDatagrams == 2)
    }

    @Test func `every first byte and every length is survived`() throws {
        let peers = try SimulatedPeers()
        let channel = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.connect()
        for first in UInt8.min...UInt8.max {
            for length in [1, 2, 3, 12, 13, 20, 60, 1228] {
                var bytes = [UInt8](repeating: 0xA5, count: length)
                bytes[0] = first
                deliver(bytes, to: peers.b, from: peers.a.address, peers)
            }
        }
        #expect(peers.b.session.counters.unknownDatagrams == (256 - 4 - 44 - 64) * 8)
        peers.send(.text("still here"), on: channel, from: peers.a)
        peers.run(for: .seconds(2))
        #expect(peers.b.messages.map(\.message) == [.text("still here")])
    }
}
