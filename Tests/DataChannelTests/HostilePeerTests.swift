import LinkSimulator
import Testing

@testable import DataChannel

struct HostilePeerTests {
    @Test func `OPEN on our half of the identifiers is refused and touches nothing else`() throws {
        var endpoint = DataChannelEndpoint.connected(isDTLSClient: true)
        let channel = try endpoint.open(label: "ours")
        _ = endpoint.takeActions()
        _ = endpoint.takeEvents()
        endpoint.handleControl(2, try openMessage("theirs"))
        #expect(endpoint.takeEvents() == [.refused(try #require(StreamIdentifier(2)), .wrongParity)])
        #expect(endpoint.takeActions().resets == [2])
        #expect(endpoint.state(of: channel) == .open)
        // Its data is dropped, and the identifier is not ours to use until the reset is through.
        endpoint.handleMessage(2, .string, [0x61])
        #expect(endpoint.counters.lateDropped == 1)
        let next = try endpoint.open(label: "next")
        #expect(endpoint.streamIdentifier(of: next)?.rawValue == 4)
        endpoint.finishReset(2)
        let last = try endpoint.open(label: "last")
        #expect(endpoint.streamIdentifier(of: last)?.rawValue == 2)
    }

    @Test func `OPEN on a used stream resets that channel and overwrites nothing`() throws {
        var endpoint = DataChannelEndpoint.connected(isDTLSClient: true)
        endpoint.handleControl(1, try openMessage("first"))
        endpoint.handleControl(3, try openMessage("other"))
        _ = endpoint.takeActions()
        _ = endpoint.takeEvents()
        endpoint.handleControl(1, try openMessage("second"))
        let first = ChannelHandle(rawValue: 0)
        #expect(endpoint.takeEvents() == [.error(first, .openOnUsedStream), .closing(first)])
        #expect(endpoint.takeActions().resets == [1])
        #expect(endpoint.parameters(of: first)?.label == "first")
        #expect(endpoint.state(of: ChannelHandle(rawValue: 1)) == .open)
    }

    @Test func `OPEN on a negotiated stream is an error of that channel`() throws {
        var endpoint = DataChannelEndpoint.connected(isDTLSClient: true)
        let channel = try endpoint.open(label: "n", options: .init(negotiatedIdentifier: 9))
        endpoint.handleControl(9, try openMessage("in-band"))
        #expect(
            endpoint.takeEvents() == [
                .opened(channel), .error(channel, .openOnNegotiatedStream), .closing(channel),
            ])
        #expect(endpoint.takeActions().resets == [9])
    }

    @Test(arguments: 0..<DCEPMessageTests.captured.count)
    func `every truncated OPEN resets its stream only`(count: Int) throws {
        var endpoint = DataChannelEndpoint.connected(isDTLSClient: true)
        let channel = try endpoint.open(label: "bystander")
        _ = endpoint.takeActions()
        endpoint.handleMessage(1, .dcep, Array(DCEPMessageTests.captured.prefix(count)))
        #expect(endpoint.takeActions().resets == [1])
        #expect(endpoint.state(of: channel) == .open)
        #expect(endpoint.counters.refusedOpens == 1)
        // Refused once; what else comes on the stream before its reset is dropped.
        endpoint.handleMessage(1, .dcep, DCEPMessageTests.captured)
        #expect(endpoint.takeActions().isEmpty)
        // Afterwards the stream is as good as new.
        endpoint.finishReset(1)
        endpoint.handleMessage(1, .dcep, DCEPMessageTests.captured)
        #expect(endpoint.takeActions().sends.map(\.bytes) == [acknowledgementBytes])
    }

    @Test(arguments: [[], [0x00], [0x02, 0x00], [0x03], [0x04]] as [[UInt8]])
    func `a malformed DCEP message on a channel resets it`(bytes: [UInt8]) throws {
        var endpoint = DataChannelEndpoint.connected(isDTLSClient: true)
        let channel = try endpoint.open(label: "x")
        _ = endpoint.takeActions()
        endpoint.handleMessage(0, .dcep, bytes)
        #expect(endpoint.state(of: channel) == .closing)
        #expect(endpoint.takeActions().resets == [0])
    }

    @Test func `names of 1024 bytes are accepted and longer ones refused`() throws {
        var endpoint = DataChannelEndpoint.connected(isDTLSClient: true)
        let label = String(repeating: "l", count: 1000)
        endpoint.handleControl(1, try openMessage(label, protocol: String(repeating: "p", count: 24)))
        endpoint.handleControl(3, try openMessage(label, protocol: String(repeating: "p", count: 25)))
        let events = endpoint.takeEvents()
        #expect(events.count == 2)
        #expect(
            events.last
                == .refused(try #require(StreamIdentifier(3)), .nameTooLong(byteCount: 1025, limit: 1024)))
        #expect(endpoint.takeActions().resets == [3])
    }

    @Test func `a peer has at most 256 channels, those that are closing included`() throws {
        var endpoint = DataChannelEndpoint.connected(isDTLSClient: true)
        for number in UInt16(0)..<300 { endpoint.handleControl(number * 2 + 1, try openMessage("")) }
        #expect(endpoint.openChannels.count == 256)
        #expect(endpoint.counters.refusedOpens == 44)
        #expect(endpoint.takeActions().resets == (256..<300).map { $0 * 2 + 1 })
        // It resets one, but the answer to our reset is still out.
        endpoint.handleIncomingReset(streams: [1])
        endpoint.handleControl(601, try openMessage(""))
        #expect(endpoint.counters.refusedOpens == 45)
        endpoint.handleOutgoingResetComplete(streams: [1])
        endpoint.handleControl(603, try openMessage(""))
        #expect(endpoint.counters.refusedOpens == 45)
        // Channels we open ourselves do not count.
        #expect(throws: Never.self) { try endpoint.open(label: "ours") }
    }

    @Test func `OPEN beyond the association's streams is refused without a reset`() throws {
        var endpoint = DataChannelEndpoint.connected(isDTLSClient: true, streams: 4)
        endpoint.handleControl(5, try openMessage(""))
        #expect(
            endpoint.takeEvents() == [
                .refused(try #require(StreamIdentifier(5)), .identifierOutOfRange(5, streamCount: 4))
            ])
        #expect(endpoint.takeActions().isEmpty)
        #expect(endpoint.resets.isEmpty)
    }

    @Test func `an acknowledgement nobody waits for is counted and harmless`() throws {
        var endpoint = DataChannelEndpoint.connected(isDTLSClient: true)
        let channel = try endpoint.open(label: "n", options: .init(negotiatedIdentifier: 9))
        _ = endpoint.takeEvents()
        for stream in [1, 2, 9] as [UInt16] { endpoint.handleControl(stream, .acknowledgement) }
        #expect(endpoint.counters.strayAcknowledgements == 3)
        #expect(endpoint.takeEvents().isEmpty)
        #expect(endpoint.takeActions().isEmpty)
        #expect(endpoint.state(of: channel) == .open)
    }

    @Test(arguments: 1...20)
    func `random input never traps and leaves bounded state`(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        var endpoint = DataChannelEndpoint(limits: .init())
        var handles: [ChannelHandle] = []
        let ppids: [UInt32] = [0, 50, 50, 50, 51, 52, 53, 54, 56, 57]
        for step in 0..<4000 {
            if step == 100 { endpoint.roleKnown(isDTLSClient: generator.chance(0.5)) }
            if step == 150 { endpoint.associationUp(outgoingStreams: 40, incomingStreams: 40) }
            let stream = UInt16.random(in: 0..<45, using: &generator)
            switch Int.random(in: 0..<12, using: &generator) {
            case 0: endpoint.handleIncomingReset(streams: generator.chance(0.02) ? [] : [stream, stream])
            case 1: endpoint.handleOutgoingResetComplete(streams: [stream])
            case 2: if generator.chance(0.05) { endpoint.handleOutgoingResetFailed(streams: [stream]) }
            case 3:
                let negotiated = generator.chance(0.3) ? stream : nil
                if let channel = try? endpoint.open(label: "", options: .init(negotiatedIdentifier: negotiated)) {
                    handles.append(channel)
                }
            case 4: if let channel = handles.randomElement(using: &generator) { endpoint.close(channel) }
            case 5:
                if let channel = handles.randomElement(using: &generator) {
                    try? endpoint.send(.text("x"), on: channel)
                }
            default:
                var bytes = DCEPMessageTests.captured
                if generator.chance(0.3) { bytes = [0x02] }
                if generator.chance(0.3) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator)) }
                endpoint.handleMessage(
                    stream: stream, ppid: ppids.randomElement(using: &generator) ?? 0, bytes: bytes)
            }
            if generator.chance(0.3) {
                _ = endpoint.takeActions()
                _ = endpoint.takeEvents()
            }
            try endpoint.checkInvariants()
        }
        endpoint.associationLost(.closedByPeer)
        var open: Set<ChannelHandle> = []
        for event in endpoint.takeEvents() { if case .closed(let channel) = event { open.insert(channel) } }
        #expect(endpoint.openChannels.isEmpty)
        try endpoint.checkInvariants()
    }
}

extension DataChannelEndpoint {
    /// What holds between any two calls.
    func checkInvariants() throws {
        for (stream, channel) in claims { try #require(channels[channel]?.state.stream == stream) }
        for (handle, channel) in channels {
            if let stream = channel.state.stream { try #require(claims[stream] == handle) }
            if case .closing(let stream) = channel.state { try #require(resets[stream]?.channel == handle) }
        }
        for (stream, reset) in resets {
            try #require(!(reset.incomingDone && reset.outgoingDone))
            try #require(!retired.contains(stream))
            if let channel = reset.channel { try #require(claims[stream] == channel) }
        }
        try #require(early.values.reduce(0) { $0 + $1.bytes } == earlyBytes)
        try #require(earlyBytes <= limits.earlyBytes)
        try #require(peerChannelCount == channels.values.count { $0.origin == .peer })
        try #require(peerChannelCount <= limits.peerChannelCount)
    }
}
