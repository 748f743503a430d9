import Testing

@testable import DataChannel

struct EarlyDataTests {
    @Test func `data that overtakes its OPEN is delivered after it`() throws {
        var endpoint = DataChannelEndpoint.connected()
        // unordered data -> B, then OPEN -> B
        endpoint.handleMessage(1, .string, [0x61])
        endpoint.handleMessage(1, .binary, [1])
        #expect(endpoint.takeEvents().isEmpty)
        endpoint.handleControl(1, try openMessage("x", ordered: false))
        let channel = ChannelHandle(rawValue: 0)
        #expect(
            endpoint.takeEvents() == [
                .incoming(channel, try DataChannelParameters(label: "x", ordered: false)),
                .message(channel, .text("a")), .message(channel, .binary([1])),
            ])
        #expect(endpoint.earlyBytes == 0)
        #expect(endpoint.early.isEmpty)
    }

    @Test func `data for a negotiated channel waits until this side opens it`() throws {
        var endpoint = DataChannelEndpoint.connected()
        endpoint.handleMessage(4, .string, [0x61])
        // An in-band channel must not run into it.
        _ = try [0, 2, 6].map { (expected: UInt16) in
            let channel = try endpoint.open(label: "")
            #expect(endpoint.streamIdentifier(of: channel)?.rawValue == expected)
        }
        _ = endpoint.takeEvents()
        let channel = try endpoint.open(label: "n", options: .init(negotiatedIdentifier: 4))
        #expect(endpoint.takeEvents() == [.opened(channel), .message(channel, .text("a"))])
    }

    @Test func `messages before the association is reported up wait for it`() throws {
        var endpoint = DataChannelEndpoint()
        let negotiated = try endpoint.open(label: "n", options: .init(negotiatedIdentifier: 2))
        endpoint.handleControl(1, try openMessage("x"))
        endpoint.handleMessage(1, .string, [0x61])
        endpoint.handleMessage(2, .string, [0x62])
        #expect(endpoint.takeEvents().isEmpty)
        endpoint.associationUp(outgoingStreams: 10, incomingStreams: 10)
        #expect(endpoint.takeEvents() == [.opened(negotiated), .message(negotiated, .text("b"))])
        endpoint.roleKnown(isDTLSClient: true)
        let incoming = ChannelHandle(rawValue: 1)
        #expect(
            endpoint.takeEvents() == [
                .incoming(incoming, try DataChannelParameters(label: "x")), .message(incoming, .text("a")),
            ])
    }

    @Test func `a stream without a channel keeps 64 KiB and counts what it drops`() throws {
        var endpoint = DataChannelEndpoint.connected()
        for _ in 0..<100 { endpoint.handleMessage(1, .binary, [UInt8](repeating: 0, count: 1024 - 64)) }
        #expect(endpoint.earlyBytes == 65536)
        #expect(endpoint.counters.earlyDropped == 36)
        // After a gap nothing more is kept, however small.
        endpoint.handleMessage(1, .binary, [0])
        #expect(endpoint.earlyBytes == 65536)
        #expect(endpoint.counters.earlyDropped == 37)
    }

    @Test func `all streams without a channel keep 1 MiB together`() throws {
        var endpoint = DataChannelEndpoint.connected()
        for stream in UInt16(0)..<300 {
            for _ in 0..<70 { endpoint.handleMessage(stream, .binary, [UInt8](repeating: 0, count: 1000)) }
        }
        #expect(endpoint.earlyBytes <= 1024 * 1024)
        #expect(endpoint.earlyBytes > 1024 * 1024 - 1064 * 17)
        #expect(endpoint.early.values.reduce(0) { $0 + $1.bytes } == endpoint.earlyBytes)
        #expect(endpoint.counters.earlyDropped == 300 * 70 - endpoint.earlyBytes / 1064)
    }

    @Test func `a flood of empty messages is bounded too`() {
        var endpoint = DataChannelEndpoint.connected()
        for _ in 0..<100_000 { endpoint.handleMessage(1, .binaryEmpty, []) }
        #expect(endpoint.early.values.reduce(0) { $0 + $1.items.count } == 1024)
    }

    @Test func `a reliable channel that lost early data is reset, a lossy one is not`() throws {
        for (reliability, survives) in [(DataChannelReliability.reliable, false), (.maxRetransmits(0), true)] {
            var endpoint = DataChannelEndpoint.connected()
            endpoint.handleMessage(1, .binary, [UInt8](repeating: 0, count: 60_000))
            endpoint.handleMessage(1, .binary, [UInt8](repeating: 0, count: 60_000))
            endpoint.handleControl(1, try openMessage("x", ordered: false, reliability: reliability))
            let channel = ChannelHandle(rawValue: 0)
            let events = endpoint.takeEvents()
            #expect(events.dropFirst().first == .message(channel, .binary([UInt8](repeating: 0, count: 60_000))))
            #expect(
                Array(events.dropFirst(2)) == (survives ? [] : [.error(channel, .earlyDataLost), .closing(channel)]))
            #expect(endpoint.state(of: channel) == (survives ? .open : .closing))
        }
    }

    @Test func `data beyond the association's streams is dropped`() {
        var endpoint = DataChannelEndpoint.connected(streams: 8)
        endpoint.handleMessage(8, .binary, [1])
        endpoint.handleMessage(65535, .binary, [1])
        #expect(endpoint.early.isEmpty)
        #expect(endpoint.counters.lateDropped == 2)
    }
}
