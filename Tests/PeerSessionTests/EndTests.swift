import DataChannel
import ICE
import LinkSimulator
import SDP
import TestSupport
import Testing
import Wire

@testable import PeerSession

/// How sessions begin badly and end well.
@Suite(.virtualTime, .serialized) struct SessionEndTests {
    private func hasFailed(_ peer: SimulatedPeers.Peer) -> Bool {
        peer.states.contains { if case .failed = $0 { true } else { false } }
    }

    @Test(arguments: [0, 4, 8, 12, 20, 30, 1000], [true, false]) func `closes that cross are no failure`(
        milliseconds: Int, isReading: Bool
    ) throws {
        let peers = try SimulatedPeers(seed: 3, link: LinkSettings(delay: .milliseconds(10)))
        _ = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.connect()
        peers.b.isReading = isReading
        peers.a.session.close(at: peers.now)
        peers.settle()
        peers.run(for: .milliseconds(milliseconds))
        peers.b.session.close(at: peers.now)
        peers.settle()
        peers.run(for: .seconds(5))
        for peer in [peers.a, peers.b] {
            #expect(!hasFailed(peer), "\(peer.states)")
            #expect(peer.session.state == .closed)
        }
    }

    @Test func `a candidate before the offer is kept`() throws {
        let peers = try SimulatedPeers()
        _ = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.a.session.setLocalDescription(.offer, try peers.a.session.createOffer(), at: peers.now)
        let bare = try #require(peers.a.session.localDescription?.text)
        peers.addAddress(of: peers.a)
        let lines = peers.a.events.compactMap { if case .localCandidate(let line, _) = $0 { line } else { nil } }
        peers.b.session.addRemoteCandidate(try #require(lines.first), at: peers.now)
        try peers.b.session.setRemoteDescription(.offer, bare, at: peers.now)
        try peers.b.session.setLocalDescription(.answer, try peers.b.session.createAnswer(), at: peers.now)
        #expect(peers.b.session.agent.remoteCandidates.count == 1)
    }

    @Test func `what SCTP has acknowledged is delivered though the peer has closed`() throws {
        let peers = try SimulatedPeers()
        let channel = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.connect()
        peers.b.isReading = false
        for number in 0..<20 { peers.send(.numbered(number, byteCount: 60_000), on: channel, from: peers.a) }
        peers.run(for: .seconds(3))
        peers.a.session.close(at: peers.now)
        peers.settle()
        peers.run(for: .seconds(3))
        peers.b.isReading = true
        peers.run(for: .seconds(1))
        #expect(peers.b.messages.compactMap(\.message.number) == Array(0..<20))
        #expect(peers.b.session.state == .closed)
    }

    @Test func `a refused data section closes the channels that wait for it`() throws {
        let peers = try SimulatedPeers()
        let channel = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.a.session.setLocalDescription(.offer, try peers.a.session.createOffer(), at: peers.now)
        let offer = try #require(peers.a.session.localDescription?.text)
        try peers.b.session.setRemoteDescription(.offer, offer, at: peers.now)
        try peers.b.session.setLocalDescription(.answer, try peers.b.session.createAnswer(), at: peers.now)
        let answer = try #require(peers.b.session.localDescription?.text)
        try peers.a.session.setRemoteDescription(
            .answer, answer.replacing("m=application 9", with: "m=application 0"), at: peers.now)
        peers.settle()
        #expect(peers.a.closed == [channel])
        #expect(peers.a.session.openChannelCount == 0)
        #expect(peers.a.session.signalingState == .stable)
    }

    @Test func `an answer that fails halfway has changed nothing`() throws {
        let peers = try SimulatedPeers()
        let channel = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.connect()
        let first = try #require(peers.a.session.remoteDescription?.text)
        try peers.a.session.setLocalDescription(.offer, try peers.a.session.createOffer(), at: peers.now)
        let restarted = first.split(separator: "\r\n").map { $0.hasPrefix("a=ice-ufrag:") ? "a=ice-ufrag:other" : $0 }
        #expect(throws: PeerSessionError.self) {
            try peers.a.session.setRemoteDescription(
                .answer, restarted.joined(separator: "\r\n") + "\r\n", at: peers.now)
        }
        #expect(peers.a.session.signalingState == .haveLocalOffer)
        try peers.a.session.setRemoteDescription(.answer, first, at: peers.now)
        peers.send(.text("still here"), on: channel, from: peers.a)
        peers.run(for: .seconds(1))
        #expect(peers.b.messages.map(\.message) == [.text("still here")])
    }
}
