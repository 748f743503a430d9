import Testing

@testable import DataChannel

struct MessageTests {
    private static func pair(
        _ options: DataChannelOptions = .init()
    ) throws -> (endpoint: DataChannelEndpoint, channel: ChannelHandle) {
        var endpoint = DataChannelEndpoint.connected()
        let channel = try endpoint.open(label: "x", options: options)
        endpoint.handleControl(0, .acknowledgement)
        _ = endpoint.takeActions()
        _ = endpoint.takeEvents()
        return (endpoint, channel)
    }

    @Test(
        arguments: [
            (.text("hi"), 51, [0x68, 0x69]), (.binary([1, 2]), 53, [1, 2]),
            (.text(""), 56, [0]), (.binary([]), 57, [0]), (.text("\0"), 51, [0]),
        ] as [(DataChannelMessage, UInt32, [UInt8])])
    func `each kind of message travels under its PPID and comes back the same`(
        message: DataChannelMessage, ppid: UInt32, bytes: [UInt8]
    ) throws {
        var (endpoint, channel) = try Self.pair()
        try endpoint.send(message, on: channel)
        let sent = try #require(endpoint.takeActions().sends.first)
        #expect(sent.payloadProtocol.rawValue == ppid)
        #expect(sent.bytes == bytes)
        endpoint.handleMessage(stream: 0, ppid: ppid, bytes: bytes)
        #expect(endpoint.takeEvents() == [.message(channel, message)])
    }

    @Test func `the content of an empty message is discarded`() throws {
        var (endpoint, channel) = try Self.pair()
        endpoint.handleMessage(0, .stringEmpty, [0x41, 0x42])
        endpoint.handleMessage(0, .binaryEmpty, [])
        #expect(endpoint.takeEvents() == [.message(channel, .text("")), .message(channel, .binary([]))])
    }

    @Test func `binary payloads are not copied on their way in or out`() throws {
        var (endpoint, channel) = try Self.pair()
        let payload = [UInt8](repeating: 7, count: 65536)
        let address = unsafe payload.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        try endpoint.send(.binary(payload), on: channel)
        let sent = try #require(endpoint.takeActions().sends.first)
        #expect(unsafe sent.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } == address)
        endpoint.handleMessage(0, .binary, payload)
        guard case .message(_, .binary(let received)) = endpoint.pollEvent() else {
            Issue.record("no message")
            return
        }
        #expect(unsafe received.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } == address)
    }

    @Test func `user data is ordered until the acknowledgement arrives`() throws {
        var endpoint = DataChannelEndpoint.connected()
        let channel = try endpoint.open(label: "x", options: .init(ordered: false, maxPacketLifeTime: 50))
        try endpoint.send(.text("1"), on: channel)
        let before = endpoint.takeActions().sends
        #expect(before.map(\.isControl) == [true, false])
        #expect(before.map(\.ordered) == [true, true])
        #expect(before.map(\.reliability) == [.reliable, .maxPacketLifeTime(50)])
        // ACK -> A
        endpoint.handleControl(0, .acknowledgement)
        try endpoint.send(.text("2"), on: channel)
        #expect(endpoint.takeActions().sends.map(\.ordered) == [false])
        #expect(endpoint.counters.strayAcknowledgements == 0)
    }

    @Test func `the peer's first message is as good as an acknowledgement`() throws {
        var endpoint = DataChannelEndpoint.connected()
        let channel = try endpoint.open(label: "x", options: .init(ordered: false))
        _ = endpoint.takeActions()
        endpoint.handleMessage(0, .string, [0x61])
        #expect(endpoint.takeEvents() == [.opened(channel), .message(channel, .text("a"))])
        try endpoint.send(.text("2"), on: channel)
        #expect(endpoint.takeActions().sends.map(\.ordered) == [false])
        // The late acknowledgement changes nothing.
        endpoint.handleControl(0, .acknowledgement)
        #expect(endpoint.takeEvents().isEmpty)
        #expect(endpoint.counters.strayAcknowledgements == 1)
    }

    @Test func `sending on a channel that is not open throws and changes nothing`() throws {
        var endpoint = DataChannelEndpoint()
        let channel = try endpoint.open(label: "x")
        #expect(throws: DataChannelError.notOpen) { try endpoint.send(.text("a"), on: channel) }
        endpoint.roleKnown(isDTLSClient: true)
        endpoint.associationUp(outgoingStreams: 10, incomingStreams: 10)
        endpoint.close(channel)
        #expect(throws: DataChannelError.notOpen) { try endpoint.send(.text("a"), on: channel) }
        endpoint.finishReset(0)
        #expect(throws: DataChannelError.notOpen) { try endpoint.send(.text("a"), on: channel) }
        #expect(throws: DataChannelError.notOpen) { try endpoint.send(.text("a"), on: ChannelHandle(rawValue: 99)) }
        #expect(endpoint.takeActions().sends.map(\.isControl) == [true])
    }

    @Test func `a message above the peer's limit throws and the channel stays open`() throws {
        var (endpoint, channel) = try Self.pair()
        #expect(throws: DataChannelError.messageTooLarge(byteCount: 65537, limit: 65536)) {
            try endpoint.send(.binary([UInt8](repeating: 0, count: 65537)), on: channel)
        }
        // Text counts in bytes, not characters.
        endpoint.remoteMaximumMessageBytes = 3
        #expect(throws: DataChannelError.messageTooLarge(byteCount: 4, limit: 3)) {
            try endpoint.send(.text("éé"), on: channel)
        }
        endpoint.remoteMaximumMessageBytes = nil
        try endpoint.send(.binary([UInt8](repeating: 0, count: 1 << 20)), on: channel)
        #expect(endpoint.takeActions().sends.map(\.bytes.count) == [1 << 20])
        #expect(endpoint.state(of: channel) == .open)
    }

    @Test(arguments: [PayloadProtocolIdentifier.binary, .string])
    func `a message above our own limit costs the peer its channel`(kind: PayloadProtocolIdentifier) throws {
        var (endpoint, channel) = try Self.pair()
        endpoint.handleMessage(0, kind, [UInt8](repeating: 0x61, count: 262_144))
        #expect(endpoint.takeEvents().count == 1)
        endpoint.handleMessage(0, kind, [UInt8](repeating: 0x61, count: 262_145))
        #expect(
            endpoint.takeEvents() == [
                .error(channel, .messageTooLarge(byteCount: 262_145, limit: 262_144)), .closing(channel),
            ])
        #expect(endpoint.takeActions().resets == [0])
    }

    @Test(arguments: [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0x61, 0xF5]] as [[UInt8]])
    func `text that is not UTF-8 resets its channel and no other`(bytes: [UInt8]) throws {
        var (endpoint, channel) = try Self.pair()
        let other = try endpoint.open(label: "other")
        _ = endpoint.takeActions()
        _ = endpoint.takeEvents()
        endpoint.handleMessage(0, .string, bytes)
        #expect(endpoint.takeEvents() == [.error(channel, .invalidText), .closing(channel)])
        #expect(endpoint.takeActions().resets == [0])
        #expect(endpoint.state(of: other) == .open)
        // The same bytes are a fine binary message.
        endpoint.handleMessage(2, .binary, bytes)
        #expect(endpoint.takeEvents() == [.message(other, .binary(bytes))])
    }

    @Test(arguments: [0, 1, 49, 55, 58, 0x3300_0000, UInt32.max] as [UInt32])
    func `an unknown PPID is dropped and counted`(ppid: UInt32) throws {
        var (endpoint, channel) = try Self.pair()
        endpoint.handleMessage(stream: 0, ppid: ppid, bytes: [1, 2, 3])
        endpoint.handleMessage(stream: 5, ppid: ppid, bytes: [1, 2, 3])
        #expect(endpoint.takeEvents().isEmpty)
        #expect(endpoint.takeActions().isEmpty)
        #expect(endpoint.counters.unknownPayloadProtocol == 2)
        #expect(endpoint.state(of: channel) == .open)
    }

    @Test func `the deprecated fragments make one message`() throws {
        var (endpoint, channel) = try Self.pair()
        endpoint.handleMessage(0, .binaryPartial, [1])
        endpoint.handleMessage(0, .binaryPartial, [2])
        endpoint.handleMessage(0, .binary, [3])
        // A character split between two fragments is whole again.
        endpoint.handleMessage(0, .stringPartial, [0xC3])
        endpoint.handleMessage(0, .string, [0xA9])
        #expect(endpoint.takeEvents() == [.message(channel, .binary([1, 2, 3])), .message(channel, .text("é"))])
    }

    @Test func `a message of another kind ends the fragments before it`() throws {
        var (endpoint, channel) = try Self.pair()
        endpoint.handleMessage(0, .binaryPartial, [1])
        endpoint.handleMessage(0, .string, [0x61])
        endpoint.handleMessage(0, .binary, [2])
        #expect(endpoint.takeEvents() == [.message(channel, .text("a")), .message(channel, .binary([2]))])
        #expect(endpoint.counters.unknownPayloadProtocol == 1)
    }

    @Test func `fragments that never end are bounded by the message limit`() throws {
        var (endpoint, channel) = try Self.pair()
        for _ in 0..<4 { endpoint.handleMessage(0, .binaryPartial, [UInt8](repeating: 0, count: 65536)) }
        #expect(endpoint.takeEvents().isEmpty)
        endpoint.handleMessage(0, .binaryPartial, [0])
        #expect(
            endpoint.takeEvents() == [
                .error(channel, .messageTooLarge(byteCount: 262_145, limit: 262_144)), .closing(channel),
            ])
    }

    @Test(arguments: [DataChannelOptions(ordered: false), DataChannelOptions(maxRetransmits: 0)])
    func `fragments are dropped where one could be missing or out of place`(options: DataChannelOptions) throws {
        var (endpoint, channel) = try Self.pair(options)
        endpoint.handleMessage(0, .binaryPartial, [1])
        endpoint.handleMessage(0, .binary, [2])
        #expect(endpoint.takeEvents() == [.message(channel, .binary([2]))])
        #expect(endpoint.counters.unknownPayloadProtocol == 1)
    }
}
