import LinkSimulator
import Testing

@testable import DataChannel

struct EndpointPairTests {
    @Test func `two ends open, talk and close`() throws {
        var generator = SplitMix64(seed: 1)
        var pair = EndpointPair()
        let channel = try pair.ends[0].open(label: "chat", options: .init(protocol: "v1", priority: .high))
        try pair.ends[0].send(.text("before any answer"), on: channel)
        try pair.settle(using: &generator)
        let remote = ChannelHandle(rawValue: 0)
        let parameters = try DataChannelParameters(label: "chat", protocol: "v1", priority: .high)
        #expect(pair.events[1] == [.incoming(remote, parameters), .message(remote, .text("before any answer"))])

        try pair.ends[1].send(.binary([]), on: remote)
        pair.ends[1].close(remote)
        try pair.settle(using: &generator)
        #expect(
            pair.events[0] == [.opened(channel), .message(channel, .binary([])), .closing(channel), .closed(channel)])
        #expect(pair.events[1].last == .closed(remote))
    }

    @Test func `a channel opened, filled and closed in one breath still delivers everything`() throws {
        var generator = SplitMix64(seed: 2)
        var pair = EndpointPair()
        let channel = try pair.ends[1].open(label: "x")
        let messages = (0..<50).map { DataChannelMessage.text("\($0)") }
        for message in messages { try pair.ends[1].send(message, on: channel) }
        pair.ends[1].close(channel)
        try pair.settle(using: &generator)
        let remote = ChannelHandle(rawValue: 0)
        #expect(
            pair.events[0] == [.incoming(remote, try DataChannelParameters(label: "x"))]
                + messages.map { .message(remote, $0) } + [.closing(remote), .closed(remote)])
        #expect(pair.events[1] == [.opened(channel), .closed(channel)])
    }

    /// Plays random calls on both ends over a wire that reorders what SCTP may reorder, then compares both views.
    @Test(arguments: 1...150)
    func `random opens, sends and closes end with both sides agreeing and nothing reliable lost`(
        seed: UInt64
    ) throws {
        var generator = SplitMix64(seed: seed)
        var pair = EndpointPair(streams: generator.chance(0.3) ? 16 : 1024)
        var model = PairModel()
        for _ in 0..<Int.random(in: 50...400, using: &generator) {
            try model.step(&pair, using: &generator)
            try pair.collect()
            for _ in 0..<Int.random(in: 0...3, using: &generator) { _ = try pair.deliverOne(using: &generator) }
            try model.absorb(pair.events)
        }
        try pair.settle(using: &generator)
        try model.absorb(pair.events)
        try model.checkAgreement(pair)

        // And when everything is closed, nothing is left.
        for end in 0...1 {
            for channel in pair.ends[end].openChannels where generator.chance(0.6) { pair.ends[end].close(channel) }
        }
        try pair.settle(using: &generator)
        for channel in pair.ends[0].openChannels { pair.ends[0].close(channel) }
        try pair.settle(using: &generator)
        for end in pair.ends {
            #expect(end.openChannels.isEmpty)
            #expect(end.claims.isEmpty)
            #expect(end.resets.isEmpty)
            #expect(end.early.isEmpty)
            #expect(end.retired.isEmpty)
            #expect(end.peerChannelCount == 0)
            #expect(end.counters.refusedOpens == 0)
            #expect(end.counters.earlyDropped == 0)
            #expect(end.counters.unknownPayloadProtocol == 0)
        }
    }
}
