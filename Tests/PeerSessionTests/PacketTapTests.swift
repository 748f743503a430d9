import DataChannel
import LinkSimulator
import TestSupport
import Testing
import Wire

@testable import PeerSession

/// What the lab sees between SCTP and DTLS.
@Suite(.virtualTime, .serialized) struct PacketTapTests {
    private final class Log {
        var packets: [(bytes: [UInt8], outgoing: Bool, at: NetworkTime)] = []

        /// Fragments of the message that consists of `byte` alone.
        func fragments(of byte: UInt8, outgoing: Bool) -> [(bytes: [UInt8], outgoing: Bool, at: NetworkTime)] {
            packets.filter {
                $0.outgoing == outgoing && $0.bytes.count > 28 && $0.bytes[12] == 0 && $0.bytes[28] == byte
            }
        }
    }

    @Test func `the tap sees the same plain packets on both sides, a delay apart`() throws {
        let peers = try SimulatedPeers(link: LinkSettings(delay: .milliseconds(20)))
        let channel = try peers.a.session.openChannel("x", SessionChannelOptions())
        let (left, right) = (Log(), Log())
        peers.a.session.packetTap = { left.packets.append(([UInt8]($0), $1, $2)) }
        try peers.connect()
        peers.run(for: .seconds(1))
        // A tap may be put on a running association too.
        peers.b.session.packetTap = { right.packets.append(([UInt8]($0), $1, $2)) }
        let began = peers.now
        peers.send(.binary([UInt8](repeating: 0xAB, count: 3000)), on: channel, from: peers.a)
        peers.run(for: .seconds(1))
        let sent = left.fragments(of: 0xAB, outgoing: true)
        let received = right.fragments(of: 0xAB, outgoing: false)
        #expect(sent.count == 3)
        #expect(sent.map(\.bytes) == received.map(\.bytes))
        #expect(sent.allSatisfy { $0.at == began })
        #expect(received.allSatisfy { $0.at == began.advanced(by: .milliseconds(20)) })
        peers.b.session.packetTap = nil
        let count = right.packets.count
        peers.send(.binary([UInt8](repeating: 0xCD, count: 10)), on: channel, from: peers.a)
        peers.run(for: .seconds(1))
        #expect(right.packets.count == count)
        #expect(left.fragments(of: 0xCD, outgoing: true).count == 1)
    }
}
