import LinkSimulator
import Testing

@testable import DataChannel

/// What should be true of a pair of endpoints, told from the calls made and the events seen.
struct PairModel {
    /// One side of one channel.
    private struct Side {
        var handle: ChannelHandle?
        var sent: [DataChannelMessage] = []
        var received: [DataChannelMessage] = []
        /// The application here called close, so what was still under way to here may be dropped.
        var closedByCaller = false
        var closedCount = 0
    }

    private struct Entry {
        var parameters: DataChannelParameters
        var sides = [Side(), Side()]
    }

    /// By label; every channel has its own.
    private var entries: [String: Entry] = [:]
    private var labels: [[ChannelHandle: String]] = [[:], [:]]
    private var absorbed = [0, 0]
    private var nextNegotiated: UInt16 = 900
    private var messageNumber = 0

    mutating func step(_ pair: inout EndpointPair, using generator: inout SplitMix64) throws {
        let end = generator.chance(0.5) ? 0 : 1
        switch Int.random(in: 0..<20, using: &generator) {
        case 0...2: try open(&pair, end, negotiated: false, using: &generator)
        case 3: try open(&pair, end, negotiated: true, using: &generator)
        case 4...5: close(&pair, end, using: &generator)
        default: try send(&pair, end, using: &generator)
        }
    }

    private mutating func open(
        _ pair: inout EndpointPair, _ end: Int, negotiated: Bool, using generator: inout SplitMix64
    ) throws {
        let label = "channel \(entries.count)"
        var options = DataChannelOptions(ordered: generator.chance(0.6))
        if generator.chance(0.3) { options.maxRetransmits = UInt16.random(in: 0...3, using: &generator) }
        if negotiated {
            options.negotiatedIdentifier = nextNegotiated
            nextNegotiated += 1
        }
        guard let handle = try? pair.ends[end].open(label: label, options: options) else { return }
        var entry = Entry(parameters: try DataChannelParameters(label: label, options: options))
        entry.sides[end].handle = handle
        labels[end][handle] = label
        if negotiated {
            let other = try pair.ends[1 - end].open(label: label, options: options)
            entry.sides[1 - end].handle = other
            labels[1 - end][other] = label
        }
        entries[label] = entry
    }

    private mutating func close(_ pair: inout EndpointPair, _ end: Int, using generator: inout SplitMix64) {
        guard let channel = pair.ends[end].openChannels.randomElement(using: &generator),
            let label = labels[end][channel]
        else { return }
        if pair.ends[end].state(of: channel) == .open { entries[label]?.sides[end].closedByCaller = true }
        pair.ends[end].close(channel)
    }

    private mutating func send(_ pair: inout EndpointPair, _ end: Int, using generator: inout SplitMix64) throws {
        guard let channel = pair.ends[end].openChannels.randomElement(using: &generator),
            let label = labels[end][channel], pair.ends[end].state(of: channel) == .open
        else { return }
        messageNumber += 1
        let message: DataChannelMessage =
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: .text("")
            case 1: .binary([])
            case 2: .text("message \(messageNumber)")
            default:
                .binary([UInt8](repeating: UInt8(truncatingIfNeeded: messageNumber), count: messageNumber % 50 + 1))
            }
        try pair.ends[end].send(message, on: channel)
        entries[label]?.sides[end].sent.append(message)
    }

    /// Reads the events that are new since the last time.
    mutating func absorb(_ events: [[DataChannelEndpoint.Event]]) throws {
        for end in 0...1 {
            for event in events[end][absorbed[end]...] { try absorb(event, end) }
            absorbed[end] = events[end].count
        }
    }

    private mutating func absorb(_ event: DataChannelEndpoint.Event, _ end: Int) throws {
        switch event {
        case .incoming(let channel, let parameters):
            let label = parameters.label
            try #require(entries[label]?.parameters == parameters)
            try #require(entries[label]?.sides[end].handle == nil)
            entries[label]?.sides[end].handle = channel
            labels[end][channel] = label
        case .message(let channel, let message):
            let label = try #require(labels[end][channel])
            try #require(entries[label]?.sides[end].closedCount == 0, "a message after closed")
            entries[label]?.sides[end].received.append(message)
        case .closed(let channel):
            let label = try #require(labels[end][channel])
            entries[label]?.sides[end].closedCount += 1
        case .opened(let channel), .closing(let channel):
            try #require(labels[end][channel] != nil)
        case .error(_, let error): throw error
        case .refused(_, let error): throw error
        }
    }

    /// Call when nothing is under way.
    func checkAgreement(_ pair: EndpointPair) throws {
        for (label, entry) in entries {
            for end in 0...1 {
                let (here, there) = (entry.sides[end], entry.sides[1 - end])
                let handle = try #require(here.handle, "\(label) was never announced")
                let other = try #require(there.handle)
                #expect(here.closedCount <= 1)
                #expect(here.closedCount == there.closedCount, "\(label)")
                #expect(pair.ends[end].state(of: handle) == (here.closedCount == 0 ? .open : nil))
                #expect(pair.ends[end].streamIdentifier(of: handle) == pair.ends[1 - end].streamIdentifier(of: other))
                #expect(here.closedCount == 0 || here.closedByCaller || there.closedByCaller)
                checkMessages(label, entry.parameters, sent: there.sent, received: here)
            }
        }
        #expect(Set(pair.ends[0].claims.keys) == Set(pair.ends[1].claims.keys))
    }

    private func checkMessages(
        _ label: String, _ parameters: DataChannelParameters, sent: [DataChannelMessage], received side: Side
    ) {
        let isReliable = parameters.reliability == .reliable
        if isReliable && parameters.ordered {
            #expect(Array(sent.prefix(side.received.count)) == side.received, "\(label)")
        }
        if isReliable && !side.closedByCaller {
            #expect(sent.count == side.received.count, "\(label)")
        }
        var counts: [DataChannelMessage: Int] = [:]
        for message in sent { counts[message, default: 0] += 1 }
        for message in side.received { counts[message, default: 0] -= 1 }
        #expect(counts.values.allSatisfy { $0 >= 0 }, "\(label): received what was not sent")
    }
}
