import Testing

@testable import DataChannel

struct OpeningTests {
    @Test(arguments: [(true, [0, 2, 4]), (false, [1, 3, 5])] as [(Bool, [UInt16])])
    func `the DTLS client opens even streams and the server odd ones, in the order of opening`(
        isClient: Bool, expected: [UInt16]
    ) throws {
        var endpoint = DataChannelEndpoint()
        let early = [try endpoint.open(label: "a"), try endpoint.open(label: "b")]
        #expect(early.allSatisfy { endpoint.streamIdentifier(of: $0) == nil })
        endpoint.roleKnown(isDTLSClient: isClient)
        let channels = early + [try endpoint.open(label: "c")]
        #expect(channels.map { endpoint.streamIdentifier(of: $0)?.rawValue } == expected)
        #expect(channels.map { endpoint.state(of: $0) } == [.connecting, .connecting, .connecting])
        #expect(endpoint.takeActions().isEmpty)
        #expect(endpoint.takeEvents().isEmpty)
    }

    @Test func `OPEN goes out when the association is up, ordered and reliable whatever the channel is`() throws {
        var endpoint = DataChannelEndpoint()
        let channel = try endpoint.open(
            label: "t",
            options: .init(ordered: false, maxRetransmits: 3, protocol: "p", priority: .low))
        endpoint.roleKnown(isDTLSClient: false)
        #expect(endpoint.takeActions().isEmpty)
        endpoint.associationUp(outgoingStreams: 1024, incomingStreams: 1024)
        // A -> OPEN, the bytes a browser sends for the same channel
        #expect(
            endpoint.takeActions() == [
                .send(
                    OutgoingMessage(
                        channel: channel, stream: try #require(StreamIdentifier(1)), payloadProtocol: .dcep,
                        bytes: DCEPMessageTests.captured, ordered: true, reliability: .reliable))
            ])
        #expect(endpoint.takeEvents() == [.opened(channel)])
        #expect(endpoint.state(of: channel) == .open)
    }

    @Test func `an association that is up before the role is known opens nothing`() throws {
        var endpoint = DataChannelEndpoint()
        let channel = try endpoint.open(label: "a")
        endpoint.associationUp(outgoingStreams: 10, incomingStreams: 10)
        #expect(endpoint.takeEvents().isEmpty)
        endpoint.roleKnown(isDTLSClient: true)
        #expect(endpoint.takeEvents() == [.opened(channel)])
        #expect(endpoint.takeActions().sends.map(\.stream.rawValue) == [0])
    }

    @Test func `negotiated identifiers are taken first and skipped by the others`() throws {
        var endpoint = DataChannelEndpoint()
        let inBand = try endpoint.open(label: "first")
        let negotiated = try endpoint.open(label: "second", options: .init(negotiatedIdentifier: 0))
        let late = try endpoint.open(label: "third")
        #expect(endpoint.streamIdentifier(of: negotiated)?.rawValue == 0)
        endpoint.roleKnown(isDTLSClient: true)
        #expect(endpoint.streamIdentifier(of: inBand)?.rawValue == 2)
        #expect(endpoint.streamIdentifier(of: late)?.rawValue == 4)
    }

    @Test func `a negotiated channel opens with the association, without DCEP and without a role`() throws {
        var endpoint = DataChannelEndpoint()
        let channel = try endpoint.open(label: "n", options: .init(negotiatedIdentifier: 7))
        endpoint.associationUp(outgoingStreams: 1024, incomingStreams: 1024)
        #expect(endpoint.takeEvents() == [.opened(channel)])
        #expect(endpoint.takeActions().isEmpty)
        try endpoint.send(.text("x"), on: channel)
        #expect(endpoint.takeActions().sends.map(\.stream.rawValue) == [7])
    }

    @Test func `stream 65535 is illegal`() {
        var endpoint = DataChannelEndpoint()
        #expect(StreamIdentifier(65535) == nil)
        #expect(throws: DataChannelError.illegalIdentifier(65535)) {
            try endpoint.open(label: "x", options: .init(negotiatedIdentifier: 65535))
        }
        #expect(throws: Never.self) { try endpoint.open(label: "x", options: .init(negotiatedIdentifier: 65534)) }
    }

    @Test func `an identifier cannot be negotiated twice`() throws {
        var endpoint = DataChannelEndpoint()
        _ = try endpoint.open(label: "x", options: .init(negotiatedIdentifier: 5))
        #expect(throws: DataChannelError.identifierInUse(5)) {
            try endpoint.open(label: "y", options: .init(negotiatedIdentifier: 5))
        }
        endpoint.roleKnown(isDTLSClient: true)
        _ = try endpoint.open(label: "z")
        #expect(throws: DataChannelError.identifierInUse(0)) {
            try endpoint.open(label: "y", options: .init(negotiatedIdentifier: 0))
        }
    }

    @Test func `both reliability limits at once are an error`() {
        var endpoint = DataChannelEndpoint()
        #expect(throws: DataChannelError.conflictingReliability) {
            try endpoint.open(label: "x", options: .init(maxRetransmits: 1, maxPacketLifeTime: 1))
        }
        #expect(endpoint.openChannels.isEmpty)
    }

    @Test func `identifiers beyond the association's streams are refused with an event when it comes up`() throws {
        var endpoint = DataChannelEndpoint()
        let fits = try endpoint.open(label: "fits")
        let inBand = try endpoint.open(label: "too many")
        let negotiated = try endpoint.open(label: "too high", options: .init(negotiatedIdentifier: 2))
        endpoint.roleKnown(isDTLSClient: true)
        // The lower of the two counts decides.
        endpoint.associationUp(outgoingStreams: 2, incomingStreams: 500)
        #expect(
            endpoint.takeEvents() == [
                .opened(fits),
                .error(inBand, .identifierOutOfRange(4, streamCount: 2)), .closed(inBand),
                .error(negotiated, .identifierOutOfRange(2, streamCount: 2)), .closed(negotiated),
            ])
        #expect(endpoint.openChannels == [fits])
    }

    @Test func `opening beyond the known number of streams throws, and works again when streams are added`() throws {
        var endpoint = DataChannelEndpoint.connected(streams: 4)
        _ = try endpoint.open(label: "0")
        _ = try endpoint.open(label: "2")
        #expect(throws: DataChannelError.noIdentifierLeft(streamCount: 4)) { try endpoint.open(label: "4") }
        #expect(throws: DataChannelError.identifierOutOfRange(9, streamCount: 4)) {
            try endpoint.open(label: "9", options: .init(negotiatedIdentifier: 9))
        }
        endpoint.streamCountsChanged(outgoingStreams: 8, incomingStreams: 10)
        let channel = try endpoint.open(label: "4")
        #expect(endpoint.streamIdentifier(of: channel)?.rawValue == 4)
    }

    @Test func `channels without an identifier left when the role becomes known get an event`() throws {
        var endpoint = DataChannelEndpoint()
        let first = try endpoint.open(label: "1")
        let second = try endpoint.open(label: "3")
        endpoint.associationUp(outgoingStreams: 2, incomingStreams: 2)
        endpoint.roleKnown(isDTLSClient: false)
        #expect(
            endpoint.takeEvents() == [
                .error(second, .noIdentifierLeft(streamCount: 2)), .closed(second), .opened(first),
            ])
    }

    @Test func `a peer's OPEN is announced open and acknowledged on the same stream`() throws {
        var endpoint = DataChannelEndpoint.connected(isDTLSClient: true)
        // OPEN -> B
        endpoint.handleMessage(1, .dcep, DCEPMessageTests.captured)
        guard case .incoming(let channel, let parameters) = endpoint.pollEvent() else {
            Issue.record("no incoming channel")
            return
        }
        #expect(
            try parameters
                == DataChannelParameters(label: "t", protocol: "p", ordered: false, reliability: .maxRetransmits(3)))
        #expect(endpoint.state(of: channel) == .open)
        // B -> ACK, ordered and reliable though the channel is neither
        #expect(
            endpoint.takeActions() == [
                .send(
                    OutgoingMessage(
                        channel: channel, stream: try #require(StreamIdentifier(1)), payloadProtocol: .dcep,
                        bytes: acknowledgementBytes, ordered: true, reliability: .reliable))
            ])
        try endpoint.send(.text("at once"), on: channel)
        let sent = try #require(endpoint.takeActions().sends.first)
        #expect(!sent.ordered)
        #expect(sent.reliability == .maxRetransmits(3))
        #expect(!sent.isControl)
    }

    @Test func `handles are never used again`() throws {
        var endpoint = DataChannelEndpoint()
        let first = try endpoint.open(label: "a")
        endpoint.close(first)
        let second = try endpoint.open(label: "b")
        #expect(first != second)
        #expect(endpoint.takeEvents() == [.closed(first)])
        #expect(endpoint.state(of: first) == nil)
    }
}
