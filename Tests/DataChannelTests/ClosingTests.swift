import Testing

@testable import DataChannel

struct ClosingTests {
    private static func opened(
        _ count: Int
    ) throws -> (endpoint: DataChannelEndpoint, channels: [ChannelHandle]) {
        var endpoint = DataChannelEndpoint.connected()
        let channels = try (0..<count).map { try endpoint.open(label: "\($0)") }
        for channel in channels {
            let stream = try #require(endpoint.streamIdentifier(of: channel))
            endpoint.handleControl(stream.rawValue, .acknowledgement)
        }
        _ = endpoint.takeActions()
        _ = endpoint.takeEvents()
        return (endpoint, channels)
    }

    @Test(arguments: [true, false])
    func `a channel closed here is closed when both directions are reset, in either order`(
        oursFirst: Bool
    ) throws {
        var (endpoint, channels) = try Self.opened(1)
        endpoint.close(channels[0])
        #expect(endpoint.state(of: channels[0]) == .closing)
        // A -> reset of stream 0
        #expect(endpoint.takeActions() == [.resetOutgoing([try #require(StreamIdentifier(0))])])
        if oursFirst {
            endpoint.handleOutgoingResetComplete(streams: [0])
        } else {
            endpoint.handleIncomingReset(streams: [0])
        }
        #expect(endpoint.takeEvents().isEmpty)
        #expect(endpoint.state(of: channels[0]) == .closing)
        if oursFirst {
            endpoint.handleIncomingReset(streams: [0])
        } else {
            endpoint.handleOutgoingResetComplete(streams: [0])
        }
        // `closing` is for the other side; here it was the application's own wish.
        #expect(endpoint.takeEvents() == [.closed(channels[0])])
        #expect(endpoint.state(of: channels[0]) == nil)
        #expect(endpoint.takeActions().isEmpty)
        #expect(endpoint.resets.isEmpty)
        #expect(endpoint.claims.isEmpty)
    }

    @Test func `what was sent before close is handed over before the reset`() throws {
        var (endpoint, channels) = try Self.opened(1)
        for number in 0..<3 { try endpoint.send(.text("\(number)"), on: channels[0]) }
        endpoint.close(channels[0])
        let actions = endpoint.takeActions()
        #expect(actions.count == 4)
        #expect(actions.prefix(3).map { Array([$0]).sends.count } == [1, 1, 1])
        #expect([actions[3]].resets == [0])
    }

    @Test func `a reset by the peer is answered by a reset of our side`() throws {
        var (endpoint, channels) = try Self.opened(1)
        // reset -> A
        endpoint.handleIncomingReset(streams: [0])
        #expect(endpoint.takeEvents() == [.closing(channels[0])])
        // A -> reset
        #expect(endpoint.takeActions().resets == [0])
        #expect(throws: DataChannelError.notOpen) { try endpoint.send(.text("x"), on: channels[0]) }
        endpoint.close(channels[0])
        #expect(endpoint.takeActions().isEmpty)
        endpoint.handleOutgoingResetComplete(streams: [0])
        #expect(endpoint.takeEvents() == [.closed(channels[0])])
    }

    @Test func `a channel that is reset instead of acknowledged resets too`() throws {
        var endpoint = DataChannelEndpoint.connected()
        let channel = try endpoint.open(label: "unwanted")
        _ = endpoint.takeActions()
        endpoint.handleIncomingReset(streams: [0])
        #expect(endpoint.takeEvents() == [.opened(channel), .closing(channel)])
        #expect(endpoint.takeActions().resets == [0])
        endpoint.handleOutgoingResetComplete(streams: [0])
        #expect(endpoint.takeEvents() == [.closed(channel)])
    }

    @Test func `an identifier is free again only when both directions are reset`() throws {
        var (endpoint, channels) = try Self.opened(1)
        endpoint.close(channels[0])
        let second = try endpoint.open(label: "second")
        #expect(endpoint.streamIdentifier(of: second)?.rawValue == 2)
        #expect(throws: DataChannelError.identifierInUse(0)) {
            try endpoint.open(label: "n", options: .init(negotiatedIdentifier: 0))
        }
        endpoint.handleOutgoingResetComplete(streams: [0])
        #expect(throws: DataChannelError.identifierInUse(0)) {
            try endpoint.open(label: "n", options: .init(negotiatedIdentifier: 0))
        }
        endpoint.handleIncomingReset(streams: [0])
        let third = try endpoint.open(label: "third")
        #expect(endpoint.streamIdentifier(of: third)?.rawValue == 0)
    }

    @Test func `several closes at once share requests and finish each on its own`() throws {
        var (endpoint, channels) = try Self.opened(3)
        for channel in channels { endpoint.close(channel) }
        #expect(endpoint.takeActions().resets == [0, 2, 4])
        endpoint.handleOutgoingResetComplete(streams: [0, 4])
        endpoint.handleIncomingReset(streams: [4, 2])
        #expect(endpoint.takeEvents() == [.closed(channels[2])])
        endpoint.handleIncomingReset(streams: [0])
        #expect(endpoint.takeEvents() == [.closed(channels[0])])
        endpoint.handleOutgoingResetComplete(streams: [2])
        #expect(endpoint.takeEvents() == [.closed(channels[1])])
    }

    @Test func `one request resets at most 128 streams, and never before messages sent earlier`() throws {
        var (endpoint, channels) = try Self.opened(300)
        for channel in channels.dropLast() { endpoint.close(channel) }
        try endpoint.send(.text("last words"), on: channels[299])
        endpoint.close(channels[299])
        let actions = endpoint.takeActions()
        #expect(actions.map { [$0].resets.count } == [128, 128, 43, 0, 1])
        #expect(actions.resets == (0..<300).map { UInt16($0) * 2 })
    }

    @Test func `both sides closing at once close once`() throws {
        var (endpoint, channels) = try Self.opened(1)
        endpoint.close(channels[0])
        endpoint.close(channels[0])
        endpoint.handleIncomingReset(streams: [0])
        #expect(endpoint.takeActions().resets == [0])
        endpoint.handleOutgoingResetComplete(streams: [0])
        endpoint.handleOutgoingResetComplete(streams: [0])
        #expect(endpoint.takeEvents() == [.closed(channels[0])])
    }

    @Test func `messages for a channel that closes are dropped and counted`() throws {
        var (endpoint, channels) = try Self.opened(1)
        endpoint.close(channels[0])
        endpoint.handleMessage(0, .string, [0x61])
        endpoint.handleControl(0, .acknowledgement)
        #expect(endpoint.takeEvents().isEmpty)
        #expect(endpoint.counters.lateDropped == 2)
    }

    @Test func `a peer may reuse a stream before the answer to our reset arrives`() throws {
        var endpoint = DataChannelEndpoint.connected()
        endpoint.handleControl(1, try openMessage("first"))
        endpoint.handleIncomingReset(streams: [1])
        #expect(endpoint.takeActions().resets == [1])
        // The peer has our reset, so the stream is free for it; its answer to us is lost and will be repeated.
        endpoint.handleControl(1, try openMessage("second"))
        endpoint.handleMessage(1, .string, [0x61])
        let first = ChannelHandle(rawValue: 0)
        let second = ChannelHandle(rawValue: 1)
        #expect(endpoint.takeActions().isEmpty)
        #expect(endpoint.takeEvents().last == .closing(first))
        endpoint.handleOutgoingResetComplete(streams: [1])
        #expect(
            endpoint.takeEvents() == [
                .closed(first), .incoming(second, try DataChannelParameters(label: "second")),
                .message(second, .text("a")),
            ])
        #expect(endpoint.takeActions().sends.map(\.bytes) == [acknowledgementBytes])
    }

    @Test func `a stream reused and closed again before our answer lives through both`() throws {
        var endpoint = DataChannelEndpoint.connected()
        endpoint.handleControl(1, try openMessage("first"))
        endpoint.handleIncomingReset(streams: [1])
        endpoint.handleControl(1, try openMessage("second"))
        endpoint.handleMessage(1, .string, [0x61])
        endpoint.handleIncomingReset(streams: [1])
        _ = endpoint.takeActions()
        _ = endpoint.takeEvents()
        endpoint.handleOutgoingResetComplete(streams: [1])
        let second = ChannelHandle(rawValue: 1)
        #expect(
            endpoint.takeEvents() == [
                .closed(ChannelHandle(rawValue: 0)), .incoming(second, try DataChannelParameters(label: "second")),
                .message(second, .text("a")), .closing(second),
            ])
        #expect(endpoint.takeActions().resets == [1])
        endpoint.handleOutgoingResetComplete(streams: [1])
        #expect(endpoint.takeEvents() == [.closed(second)])
        #expect(endpoint.resets.isEmpty)
    }

    @Test func `a reset that was lost in the overflow of a reused stream is not forgotten`() throws {
        var endpoint = DataChannelEndpoint.connected()
        endpoint.handleControl(1, try openMessage("first"))
        endpoint.handleIncomingReset(streams: [1])
        endpoint.handleControl(1, try openMessage("second"))
        endpoint.handleMessage(1, .binary, [UInt8](repeating: 0, count: 70_000))
        endpoint.handleIncomingReset(streams: [1])
        endpoint.handleOutgoingResetComplete(streams: [1])
        endpoint.handleOutgoingResetComplete(streams: [1])
        #expect(endpoint.openChannels.isEmpty)
        #expect(endpoint.takeEvents().last == .closed(ChannelHandle(rawValue: 1)))
    }

    @Test func `an empty list of streams means all of them`() throws {
        var (endpoint, channels) = try Self.opened(2)
        endpoint.handleIncomingReset(streams: [])
        #expect(endpoint.takeEvents() == [.closing(channels[0]), .closing(channels[1])])
        #expect(endpoint.takeActions().resets == [0, 2])
    }

    @Test func `the reset of a stream we never knew is answered, so that the peer can finish closing`() throws {
        var endpoint = DataChannelEndpoint.connected(streams: 100)
        endpoint.handleMessage(7, .string, [0x61])
        // The peer's negotiated channel 7, which this side never opened.
        endpoint.handleIncomingReset(streams: [7])
        #expect(endpoint.takeActions().resets == [7])
        #expect(endpoint.takeEvents().isEmpty)
        #expect(throws: DataChannelError.identifierInUse(7)) {
            try endpoint.open(label: "", options: .init(negotiatedIdentifier: 7))
        }
        endpoint.handleIncomingReset(streams: [7])
        #expect(endpoint.takeActions().isEmpty)
        endpoint.handleOutgoingResetComplete(streams: [7])
        let channel = try endpoint.open(label: "", options: .init(negotiatedIdentifier: 7))
        #expect(endpoint.takeEvents() == [.opened(channel)])
        // Streams the association does not have are none of our business.
        endpoint.handleIncomingReset(streams: [100, 65535])
        #expect(endpoint.takeActions().isEmpty)
    }

    @Test func `a reset that fails closes the channel and gives its identifier up`() throws {
        var (endpoint, channels) = try Self.opened(1)
        endpoint.close(channels[0])
        endpoint.handleOutgoingResetFailed(streams: [0])
        #expect(endpoint.takeEvents() == [.error(channels[0], .resetFailed), .closed(channels[0])])
        let next = try endpoint.open(label: "next")
        #expect(endpoint.streamIdentifier(of: next)?.rawValue == 2)
        #expect(throws: DataChannelError.identifierInUse(0)) {
            try endpoint.open(label: "n", options: .init(negotiatedIdentifier: 0))
        }
        endpoint.handleMessage(0, .string, [0x61])
        #expect(endpoint.counters.lateDropped == 1)
        _ = endpoint.takeActions()
        endpoint.handleIncomingReset(streams: [0])
        #expect(endpoint.takeActions().isEmpty)
    }

    @Test func `a channel closed before the association is up closes at once and frees its identifier`() throws {
        var endpoint = DataChannelEndpoint()
        endpoint.roleKnown(isDTLSClient: true)
        let channel = try endpoint.open(label: "a")
        endpoint.close(channel)
        #expect(endpoint.takeEvents() == [.closed(channel)])
        let next = try endpoint.open(label: "b")
        #expect(endpoint.streamIdentifier(of: next)?.rawValue == 0)
    }

    @Test(arguments: [AssociationEnd.closedByPeer, .failed("consent expired")])
    func `a lost association ends every channel with an error`(end: AssociationEnd) throws {
        var (endpoint, channels) = try Self.opened(2)
        endpoint.close(channels[1])
        endpoint.handleMessage(0, .string, [0x61])
        endpoint.associationLost(end)
        endpoint.associationLost(end)
        #expect(
            endpoint.takeEvents() == [
                .message(channels[0], .text("a")),
                .error(channels[0], .associationEnded(end)), .closed(channels[0]),
                // It was closing anyway.
                .closed(channels[1]),
            ])
        #expect(endpoint.takeActions().isEmpty)
        #expect(throws: DataChannelError.associationEnded(end)) { try endpoint.open(label: "late") }
        endpoint.handleControl(1, try openMessage("late"))
        endpoint.handleIncomingReset(streams: [1])
        endpoint.roleKnown(isDTLSClient: true)
        endpoint.associationUp(outgoingStreams: 10, incomingStreams: 10)
        #expect(endpoint.takeEvents().isEmpty)
    }

    @Test func `closing the association ourselves is no error`() throws {
        var endpoint = DataChannelEndpoint()
        let channel = try endpoint.open(label: "x")
        endpoint.associationLost(.closedHere)
        #expect(endpoint.takeEvents() == [.closed(channel)])
    }
}
