import Martlet
import TestSupport
import Testing

@Suite(.exclusiveStack, .serialized, .timeLimit(.minutes(2))) struct LoopbackTests {
    @Test func `messages of all kinds pass both ways over real sockets`() async throws {
        let pair = try LoopbackPair()
        let (local, remote) = try await pair.connect()
        let sent: [DataChannelMessage] = [
            .text("hello"), .text(""), .binary([]), .binary([UInt8](repeating: 3, count: 262_144)), .text("🐦"),
        ]
        try await local.send(contentsOf: sent)
        var received: [DataChannelMessage] = []
        for try await message in remote.messages {
            received.append(message)
            if received.count == sent.count { break }
        }
        #expect(received == sent)
        try await remote.send("back")
        var answers = local.messages.makeAsyncIterator()
        #expect(try await answers.next() == .text("back"))
        let path = await pair.offerer.selectedPath()
        #expect(path?.roundTripTime != nil)
        await pair.close()
    }

    @Test func `both sides know the same two certificates`() async throws {
        let pair = try LoopbackPair()
        #expect(await pair.offerer.certificateFingerprints == nil)
        _ = try await pair.connect()
        let offerer = try #require(await pair.offerer.certificateFingerprints)
        let answerer = try #require(await pair.answerer.certificateFingerprints)
        #expect(offerer.local == answerer.remote && offerer.remote == answerer.local)
        #expect(offerer.local.count == 32 && offerer.local != offerer.remote)
        let text = offerer.remote.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
        #expect(await pair.offerer.remoteDescription?.sdp.contains(text.joined(separator: ":")) == true)
        await pair.close()
    }

    @Test func `the incoming channel shows what the other side chose`() async throws {
        let pair = try LoopbackPair()
        let options = DataChannelOptions(ordered: false, maxRetransmits: 5, protocol: "sub", priority: .high)
        let (local, remote) = try await pair.connect("label", options)
        #expect(remote.label == "label")
        #expect(!remote.ordered)
        #expect(remote.maxRetransmits == 5)
        #expect(remote.maxPacketLifeTime == nil)
        #expect(remote.protocol == "sub")
        #expect(remote.priority == .high)
        #expect(remote.id == local.id)
        #expect(remote.readyState == .open)
        await pair.close()
    }

    @Test func `a hundred megabytes arrive in order and memory stays bounded by back-pressure`() async throws {
        let pair = try LoopbackPair()
        let (local, remote) = try await pair.connect()
        let count = 1600
        async let sending: Void = {
            for index in 0..<count {
                var block = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 65_536)
                (block[0], block[1]) = (UInt8(index >> 8), UInt8(index & 255))
                try await local.send(block)
                #expect(local.bufferedAmount <= 1024 * 1024 + 65_536)
            }
        }()
        var next = 0
        for try await message in remote.messages {
            guard case .binary(let bytes) = message else { continue }
            #expect(bytes.count == 65_536)
            #expect(Int(bytes[0]) << 8 | Int(bytes[1]) == next)
            next += 1
            if next == count { break }
        }
        try await sending
        #expect(next == count)
        await pair.close()
    }

    @Test func `a slow reader holds the sender back and loses nothing`() async throws {
        let pair = try LoopbackPair()
        let (local, remote) = try await pair.connect()
        let block = [UInt8](repeating: 1, count: 65_536)
        // Without a reader: our buffer, SCTP's on both sides and the reader's fill up, then nothing more is taken.
        var taken = 0
        let deadline = ContinuousClock.now + .seconds(2)
        while ContinuousClock.now < deadline, taken < 1000 {
            do {
                try local.trySend(.binary(block))
                taken += 1
            } catch let error as MartletError where error.code == .operationError {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        #expect(taken < 200)
        var received = 0
        for try await _ in remote.messages {
            received += 1
            if received == taken { break }
        }
        #expect(received == taken)
        await pair.close()
    }

    @Test func `close delivers what was queued before it`() async throws {
        let pair = try LoopbackPair()
        let (local, remote) = try await pair.connect()
        for index in 0..<100 { try await local.send("\(index)") }
        local.close()
        var texts: [DataChannelMessage] = []
        for try await message in remote.messages { texts.append(message) }
        #expect(texts == (0..<100).map { .text("\($0)") })
        await local.closed()
        await remote.closed()
        #expect(local.readyState == .closed)
        #expect(remote.readyState == .closed)
        await #expect(throws: MartletError.self) { try await local.send("late") }
        await pair.close()
    }

    @Test func `closing the connection ends the peer's channels`() async throws {
        let pair = try LoopbackPair()
        let (_, remote) = try await pair.connect()
        await pair.offerer.close()
        await remote.closed()
        #expect(remote.readyState == .closed)
        await pair.close()
        #expect(await pair.answerer.connectionState == .closed)
    }

    @Test func `negotiated channels and trickled candidates connect too`() async throws {
        let pair = try LoopbackPair()
        let options = DataChannelOptions(negotiated: true, id: 4)
        let local = try await pair.offerer.createDataChannel("n", options)
        let remote = try await pair.answerer.createDataChannel("n", options)
        try await pair.offerer.setLocalDescription()
        let offer = try #require(await pair.offerer.localDescription)
        try await pair.answerer.setRemoteDescription(
            SessionDescription(type: .offer, sdp: withoutCandidates(offer.sdp)))
        try await pair.answerer.setLocalDescription()
        let answer = try #require(await pair.answerer.localDescription)
        try await pair.offerer.setRemoteDescription(
            SessionDescription(type: .answer, sdp: withoutCandidates(answer.sdp)))
        async let first: Void = trickle(from: pair.offerer, to: pair.answerer)
        async let second: Void = trickle(from: pair.answerer, to: pair.offerer)
        _ = try await (first, second)
        try await local.opened()
        try await remote.opened()
        try await local.send("trickled")
        var messages = remote.messages.makeAsyncIterator()
        #expect(try await messages.next() == .text("trickled"))
        #expect(local.id == 4)
        await pair.close()
    }

    private func withoutCandidates(_ sdp: String) -> String {
        sdp.split(separator: "\r\n").filter { !$0.hasPrefix("a=candidate") && !$0.hasPrefix("a=end-of") }
            .map { $0 + "\r\n" }.joined()
    }

    private func trickle(from source: PeerConnection, to target: PeerConnection) async throws {
        for await event in source.events {
            guard case .iceCandidate(let candidate) = event else { continue }
            try await target.addICECandidate(candidate)
            if candidate == nil { return }
        }
    }

    @Test func `bufferedAmountLow comes when the amount falls to the threshold`() async throws {
        let pair = try LoopbackPair()
        let (local, remote) = try await pair.connect()
        local.bufferedAmountLowThreshold = 100_000
        async let drain: Void = {
            var bytes = 0
            for try await message in remote.messages {
                bytes += message.byteCount
                if bytes == 40 * 65_536 { break }
            }
        }()
        for _ in 0..<40 { try await local.send([UInt8](repeating: 0, count: 65_536)) }
        var sawLow = false
        for await event in local.events where event == .bufferedAmountLow {
            sawLow = true
            break
        }
        try await drain
        #expect(sawLow)
        #expect(local.bufferedAmount == 0)
        await pair.close()
    }

    @Test func `wrong arguments are refused with their kind of error`() async throws {
        let connection = try PeerConnection()
        let both = DataChannelOptions(maxPacketLifeTime: 1, maxRetransmits: 1)
        await #expect(throws: MartletError.self) { try await connection.createDataChannel("x", both) }
        await #expect(throws: MartletError.self) {
            try await connection.createDataChannel("x", DataChannelOptions(negotiated: true))
        }
        let channel = try await connection.createDataChannel("x")
        await #expect(throws: MartletError(code: .invalidState, message: "the channel is not open yet")) {
            try await channel.send("early")
        }
        await #expect(throws: MartletError.self) {
            try await connection.setRemoteDescription(SessionDescription(type: .offer, sdp: "nonsense"))
        }
        await connection.close()
        await #expect(throws: MartletError.self) { try await channel.opened() }
        await #expect(throws: MartletError.self) { try await connection.createDataChannel("y") }
    }
}
