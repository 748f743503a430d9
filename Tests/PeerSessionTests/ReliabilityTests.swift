import DataChannel
import LinkSimulator
import TestSupport
import Testing
import Wire

@testable import PeerSession

/// What each reliability option does to 400 messages under 5 % loss on a link of 20 ms.
@Suite(.virtualTime, .serialized) struct ReliabilityTests {
    private static let count = 400
    private static let lossy = LinkSettings(delay: .milliseconds(20), loss: 0.05)

    /// Connects in peace, sends a message of one packet each 10 ms under loss, and waits until all is over.
    private func arrivals(seed: UInt64, _ options: SessionChannelOptions) throws -> (
        numbers: [Int], peers: SimulatedPeers
    ) {
        let peers = try SimulatedPeers(seed: seed, link: LinkSettings(delay: .milliseconds(20)))
        let channel = try peers.a.session.openChannel("x", options)
        try peers.connect()
        // The acknowledgement of the OPEN must be in before unordered messages may be unordered.
        peers.run(for: .seconds(1))
        peers.setLink(Self.lossy)
        for number in 0..<Self.count {
            peers.send(.numbered(number), on: channel, from: peers.a)
            peers.run(for: .milliseconds(10))
        }
        peers.run(for: .seconds(30))
        return (peers.b.messages.compactMap(\.message.number), peers)
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func `ordered reliable: everything, in order`(seed: UInt64) throws {
        let (numbers, _) = try arrivals(seed: seed, SessionChannelOptions())
        #expect(numbers == Array(0..<Self.count))
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func `unordered reliable: everything, some out of order`(
        seed: UInt64
    ) throws {
        let (numbers, _) = try arrivals(seed: seed, SessionChannelOptions(ordered: false))
        #expect(numbers.sorted() == Array(0..<Self.count))
        #expect(numbers != Array(0..<Self.count))
    }

    @Test(arguments: [true, false]) func `maxRetransmits 0: about one in twenty is missing, none comes twice`(
        ordered: Bool
    ) throws {
        let (numbers, _) = try arrivals(seed: 5, SessionChannelOptions(ordered: ordered, maxRetransmits: 0))
        #expect(Set(numbers).count == numbers.count)
        // 400 draws at 5 %: 20 expected, standard deviation 4.4; four of them either way.
        #expect((3...38).contains(Self.count - numbers.count))
        if ordered { #expect(numbers == numbers.sorted()) }
    }

    @Test func `a lifetime begins with the message, also after a standstill`() throws {
        let peers = try SimulatedPeers(link: LinkSettings(delay: .milliseconds(20)))
        let channel = try peers.a.session.openChannel(
            "x", SessionChannelOptions(ordered: false, maxPacketLifeTime: 400))
        try peers.connect()
        peers.run(for: .seconds(1))
        peers.standStill(for: .seconds(1))
        // More than the congestion window takes at once.
        peers.send(.numbered(1, byteCount: 14_000), on: channel, from: peers.a)
        peers.run(for: .seconds(1))
        #expect(peers.b.messages.map(\.message.number) == [1])
    }

    @Test func `maxRetransmits 3 loses fewer than maxRetransmits 0`() throws {
        let none = try arrivals(seed: 6, SessionChannelOptions(ordered: false, maxRetransmits: 0)).numbers.count
        let three = try arrivals(seed: 6, SessionChannelOptions(ordered: false, maxRetransmits: 3)).numbers.count
        #expect(three > none)
        #expect(three >= Self.count - 2)
    }

    @Test func `maxPacketLifeTime gives up what a blackout holds for longer`() throws {
        let peers = try SimulatedPeers(seed: 7, link: LinkSettings(delay: .milliseconds(20)))
        let channel = try peers.a.session.openChannel(
            "x", SessionChannelOptions(ordered: false, maxPacketLifeTime: 200))
        try peers.connect()
        peers.run(for: .seconds(1))
        peers.send(.numbered(1), on: channel, from: peers.a)
        peers.run(for: .milliseconds(100))
        peers.setLink(LinkSettings(delay: .milliseconds(20), loss: 1))
        peers.send(.numbered(2), on: channel, from: peers.a)
        peers.run(for: .seconds(1))
        peers.setLink(LinkSettings(delay: .milliseconds(20)))
        peers.send(.numbered(3), on: channel, from: peers.a)
        peers.run(for: .seconds(10))
        #expect(peers.b.messages.compactMap(\.message.number) == [1, 3])
    }

    @Test func `the other side is told each option by its OPEN`() throws {
        let peers = try SimulatedPeers()
        let options: [SessionChannelOptions] = [
            SessionChannelOptions(), SessionChannelOptions(ordered: false),
            SessionChannelOptions(maxRetransmits: 4), SessionChannelOptions(ordered: false, maxRetransmits: 0),
            SessionChannelOptions(maxPacketLifeTime: 500, protocol: "chess"),
            SessionChannelOptions(ordered: false, maxPacketLifeTime: 65_535, priority: .high),
        ]
        for (index, option) in options.enumerated() { _ = try peers.a.session.openChannel("\(index)", option) }
        try peers.connect()
        peers.run(for: .seconds(1))
        let expected = try options.enumerated().map { try DataChannelParameters(label: "\($0)", options: $1) }
        #expect(peers.b.incoming.map(\.parameters) == expected)
    }

    /// A link that is bad enough for the congestion window to stay small: what waited for it must not be sent when its
    /// time is over. Beside a reliable channel a message takes its turn among those of the other, and then a stall can
    /// hold up that one.
    @Test(arguments: [1, 2, 3] as [UInt64], [false, true])
    func `maxPacketLifeTime: nothing arrives later than that, the link's delay and a tick`(
        seed: UInt64, besideReliable: Bool
    ) throws {
        let peers = try SimulatedPeers(seed: seed, link: LinkSettings(delay: .milliseconds(60)))
        let channel = try peers.a.session.openChannel(
            "x", SessionChannelOptions(ordered: false, maxPacketLifeTime: 100))
        let other = try peers.a.session.openChannel("file", SessionChannelOptions())
        try peers.connect()
        peers.run(for: .seconds(1))
        peers.setLink(LinkSettings(delay: .milliseconds(60), loss: 0.15))
        var sent: [NetworkTime] = []
        var latencies: [Duration] = []
        var seen = 0
        for number in 0..<1_500 {
            if besideReliable, number % 100 == 0 {
                peers.send(.binary([UInt8](repeating: 0xFF, count: 4_000)), on: other, from: peers.a)
            }
            sent.append(peers.now)
            peers.send(.numbered(number, byteCount: 160), on: channel, from: peers.a)
            for _ in 0..<20 {
                peers.run(for: .milliseconds(1))
                for (_, message) in peers.b.messages.dropFirst(seen) {
                    guard let number = message.number, number < sent.count else { continue }
                    latencies.append(sent[number].duration(to: peers.now))
                }
                seen = peers.b.messages.count
            }
        }
        let lateCount = latencies.count { $0 > .milliseconds(100 + 60 + 10 + 1) }
        #expect(
            besideReliable ? lateCount <= latencies.count / 50 : lateCount == 0, "\(lateCount) of \(latencies.count)")
        // 85 % of those that are sent arrive.
        #expect(latencies.count > 1_000, "\(latencies.count)")
    }
}
