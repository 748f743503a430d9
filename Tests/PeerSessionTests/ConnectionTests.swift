import DTLS
import DataChannel
import LinkSimulator
import SDP
import TestSupport
import Testing
import Wire

@testable import PeerSession

@Suite(.virtualTime, .serialized) struct SessionConnectionTests {
    @Test func `two peers connect and an announced channel opens on both sides`() throws {
        let peers = try SimulatedPeers()
        let channel = try peers.a.session.openChannel("chat", SessionChannelOptions(protocol: "p"))
        try peers.connect()
        #expect(peers.a.session.state == .connected)
        #expect(peers.b.session.state == .connected)
        #expect(peers.a.opened == [channel])
        #expect(peers.b.incoming.map(\.parameters.label) == ["chat"])
        #expect(peers.b.incoming.map(\.parameters.protocol) == ["p"])
        // The answerer is the DTLS client and has the even identifiers.
        #expect(peers.a.session.streamIdentifier(of: channel) == 1)
    }

    @Test func `text, binary and empty messages arrive as they were sent`() throws {
        let peers = try SimulatedPeers()
        let channel = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.connect()
        let sent: [SessionMessage] = [
            .text("grüß dich 🐦"), .text(""), .binary([]), .binary([0]), .binary([UInt8](repeating: 7, count: 262_144)),
        ]
        for message in sent { peers.send(message, on: channel, from: peers.a) }
        peers.run(for: .seconds(10)) { peers.b.messages.count == sent.count }
        #expect(peers.b.messages.map(\.message) == sent)
        let back = try #require(peers.b.incoming.first).channel
        for message in sent.reversed() { peers.send(message, on: back, from: peers.b) }
        peers.run(for: .seconds(10)) { peers.a.messages.count == sent.count }
        #expect(peers.a.messages.map(\.message) == sent.reversed())
    }

    @Test func `a negotiated channel opens without a word on the wire`() throws {
        let peers = try SimulatedPeers()
        let options = SessionChannelOptions(negotiatedIdentifier: 8)
        let (left, right) = (
            try peers.a.session.openChannel("n", options), try peers.b.session.openChannel("n", options)
        )
        try peers.connect()
        #expect(peers.a.opened == [left])
        #expect(peers.b.opened == [right])
        #expect(peers.b.incoming.isEmpty)
        peers.send(.text("hello"), on: left, from: peers.a)
        peers.run(for: .seconds(1)) { !peers.b.messages.isEmpty }
        #expect(peers.b.messages.map(\.message) == [.text("hello")])
    }

    @Test func `a certificate that the description does not name connects nobody`() throws {
        let peers = try SimulatedPeers()
        _ = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.a.session.setLocalDescription(.offer, try peers.a.session.createOffer(), at: peers.now)
        peers.addAddress(of: peers.a)
        let offer = try #require(peers.a.session.localDescription?.text)
        let forged = try #require(replacingFingerprint(in: offer))
        try peers.b.session.setRemoteDescription(.offer, forged, at: peers.now)
        try peers.b.session.setLocalDescription(.answer, try peers.b.session.createAnswer(), at: peers.now)
        peers.addAddress(of: peers.b)
        try peers.a.session.setRemoteDescription(
            .answer, try #require(peers.b.session.localDescription?.text), at: peers.now)
        peers.run(for: .seconds(20))
        #expect(peers.b.session.state == .failed(.dtls(.fingerprintMismatch)))
        #expect(peers.a.opened.isEmpty)
        #expect(peers.b.incoming.isEmpty)
    }

    private func replacingFingerprint(in sdp: String) -> String? {
        guard let line = sdp.split(separator: "\r\n").first(where: { $0.hasPrefix("a=fingerprint:") }) else {
            return nil
        }
        let forged = "a=fingerprint:sha-256 " + Array(repeating: "AB", count: 32).joined(separator: ":")
        return sdp.replacing(String(line), with: forged)
    }

    @Test(arguments: [0.05, 0.2]) func `peers connect over a link that loses datagrams`(loss: Double) throws {
        let peers = try SimulatedPeers(seed: 42, link: LinkSettings(delay: .milliseconds(20), loss: loss))
        let channel = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.connect(within: .seconds(60))
        #expect(peers.a.opened == [channel])
        #expect(peers.b.incoming.count == 1)
    }

    @Test func `a second offer adds a channel without disturbing the first`() throws {
        let peers = try SimulatedPeers()
        let first = try peers.a.session.openChannel("first", SessionChannelOptions())
        try peers.connect()
        peers.send(.text("before"), on: first, from: peers.a)
        // The other side offers this time.
        let second = try peers.b.session.openChannel("second", SessionChannelOptions())
        try peers.negotiate(offerer: peers.b)
        peers.send(.text("after"), on: first, from: peers.a)
        peers.send(.text("new"), on: second, from: peers.b)
        peers.run(for: .seconds(2))
        #expect(peers.b.messages.map(\.message) == [.text("before"), .text("after")])
        #expect(peers.a.messages.map(\.message) == [.text("new")])
        #expect(peers.a.incoming.map(\.parameters.label) == ["second"])
        #expect(peers.a.states == [.connecting, .connected])
        #expect(peers.b.session.signalingState == .stable)
    }

    @Test func `when both offer at once the polite side gives way and both connect`() throws {
        let peers = try SimulatedPeers()
        _ = try peers.a.session.openChannel("x", SessionChannelOptions())
        _ = try peers.b.session.openChannel("y", SessionChannelOptions())
        let (impolite, polite) = (peers.a, peers.b)
        for peer in [impolite, polite] {
            try peer.session.setLocalDescription(.offer, try peer.session.createOffer(), at: peers.now)
            peers.addAddress(of: peer)
        }
        // The impolite side ignores the offer that it gets; the polite side takes its own back by applying the other.
        try polite.session.setRemoteDescription(
            .offer, try #require(impolite.session.localDescription?.text), at: peers.now)
        #expect(polite.session.signalingState == .haveRemoteOffer)
        try polite.session.setLocalDescription(.answer, try polite.session.createAnswer(), at: peers.now)
        try impolite.session.setRemoteDescription(
            .answer, try #require(polite.session.localDescription?.text), at: peers.now)
        peers.run(for: .seconds(5))
        #expect(peers.a.session.state == .connected)
        #expect(peers.b.session.state == .connected)
        #expect(peers.a.incoming.map(\.parameters.label) == ["y"])
        #expect(peers.b.incoming.map(\.parameters.label) == ["x"])
    }

    @Test func `verbs that do not fit the signaling state are refused and change nothing`() throws {
        let peers = try SimulatedPeers()
        #expect(throws: PeerSessionError.wrongSignalingState(.stable, call: "createAnswer")) {
            try peers.a.session.createAnswer()
        }
        let offer = try peers.a.session.createOffer()
        #expect(throws: PeerSessionError.modifiedDescription) {
            try peers.a.session.setLocalDescription(.offer, offer + "a=x\r\n", at: peers.now)
        }
        try peers.a.session.setLocalDescription(.offer, offer, at: peers.now)
        #expect(peers.a.session.signalingState == .haveLocalOffer)
        try peers.a.session.rollback(at: peers.now)
        #expect(peers.a.session.signalingState == .stable)
        #expect(throws: PeerSessionError.wrongSignalingState(.stable, call: "rollback")) {
            try peers.a.session.rollback(at: peers.now)
        }
    }

    @Test func `closing a channel delivers what was sent and closes it on both sides`() throws {
        let peers = try SimulatedPeers(seed: 3, link: LinkSettings(delay: .milliseconds(20), loss: 0.02))
        let channel = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.connect()
        for number in 0..<50 { peers.send(.numbered(number, byteCount: 5000), on: channel, from: peers.a) }
        peers.a.session.closeChannel(channel, at: peers.now)
        peers.settle()
        peers.run(for: .seconds(30)) { !peers.a.closed.isEmpty && !peers.b.closed.isEmpty }
        #expect(peers.b.messages.compactMap(\.message.number) == Array(0..<50))
        #expect(peers.a.closed == [channel])
        #expect(peers.b.closed == peers.b.incoming.map(\.channel))
    }

    @Test func `closing the connection closes the peer's in order`() throws {
        let peers = try SimulatedPeers()
        let channel = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.connect()
        peers.send(.text("last"), on: channel, from: peers.a)
        peers.a.session.close(at: peers.now)
        peers.settle()
        peers.run(for: .seconds(3))
        #expect(peers.b.messages.map(\.message) == [.text("last")])
        #expect(peers.a.session.state == .closed)
        #expect(peers.b.session.state == .closed)
        #expect(peers.b.closed.count == 1)
    }

    @Test func `a peer that falls silent is first disconnected and then failed`() throws {
        let peers = try SimulatedPeers()
        let channel = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.connect()
        peers.setLink(LinkSettings(delay: .milliseconds(5), loss: 1))
        let start = peers.now
        peers.run(for: .seconds(60)) { if case .failed = peers.a.session.state { true } else { false } }
        #expect(peers.a.states == [.connecting, .connected, .disconnected, .failed(.noPath)])
        #expect(peers.a.closed == [channel])
        // RFC 7675: consent expires 30 s after the last answer.
        let silence = start.duration(to: peers.now)
        #expect(silence > .seconds(20) && silence < .seconds(40))
        // Without consent nothing more is sent, and nothing is left to do.
        let sent = peers.a.sentDatagrams.count
        peers.run(for: .seconds(20))
        #expect(peers.a.sentDatagrams.count == sent)
        #expect(peers.a.session.pollTimeout() == nil)
    }

    @Test func `a blackout of ten seconds costs nothing but time`() throws {
        let peers = try SimulatedPeers()
        let channel = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.connect()
        peers.setLink(LinkSettings(delay: .milliseconds(5), loss: 1))
        peers.send(.text("through the dark"), on: channel, from: peers.a)
        peers.run(for: .seconds(10))
        #expect(peers.b.messages.isEmpty)
        peers.setLink(LinkSettings(delay: .milliseconds(5)))
        peers.run(for: .seconds(15))
        #expect(peers.b.messages.map(\.message) == [.text("through the dark")])
        #expect(peers.a.session.state == .connected)
    }

    @Test func `an unread session holds its peer back and loses nothing`() throws {
        let peers = try SimulatedPeers()
        let channel = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.connect()
        peers.b.isReading = false
        for number in 0..<200 { peers.send(.numbered(number, byteCount: 65_536), on: channel, from: peers.a) }
        peers.run(for: .seconds(5))
        #expect(peers.b.messages.isEmpty)
        #expect(!peers.a.session.canSend)
        peers.b.isReading = true
        peers.run(for: .seconds(30)) { peers.b.messages.count == 200 }
        #expect(peers.b.messages.compactMap(\.message.number) == Array(0..<200))
    }

    @Test func `a burst of small messages waits for no timer`() throws {
        let peers = try SimulatedPeers()
        let channel = try peers.a.session.openChannel("x", SessionChannelOptions())
        try peers.connect()
        peers.run(for: .seconds(1))
        let start = peers.now
        for number in 0..<1000 { peers.send(.numbered(number, byteCount: 8), on: channel, from: peers.a) }
        peers.run(for: .seconds(5)) { peers.b.messages.count == 1000 }
        #expect(peers.b.messages.compactMap(\.message.number) == Array(0..<1000))
        // 24 bytes each on the wire: 20 packets, a few windows of a round trip of 10 ms.
        #expect(start.duration(to: peers.now) < .milliseconds(60))
    }
}
