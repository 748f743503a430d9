import LinkSimulator
import Testing

@testable import DataChannel

/// Two endpoints joined by what SCTP promises and nothing more: messages of a stream in order where asked, resets
/// after all data of their streams and one request outstanding, everything else in any order the generator likes.
struct EndpointPair {
    private enum Item {
        case data(OutgoingMessage)
        case resetRequest([StreamIdentifier])
        case resetAnswer([StreamIdentifier])
    }

    /// One direction's sender.
    private struct Sender {
        var wire: [Item] = []
        var waitingResets: [[StreamIdentifier]] = []
        var resetting: [StreamIdentifier] = []
    }

    var ends: [DataChannelEndpoint]
    private(set) var events: [[DataChannelEndpoint.Event]] = [[], []]
    /// Messages on lossy channels that the wire dropped.
    private(set) var lostCount = 0
    private var senders = [Sender(), Sender()]

    /// The first end is the DTLS client.
    init(streams: Int = 1024) {
        ends = [
            .connected(isDTLSClient: true, streams: streams), .connected(isDTLSClient: false, streams: streams),
        ]
    }

    var isQuiet: Bool {
        senders.allSatisfy { $0.wire.isEmpty && $0.waitingResets.isEmpty && $0.resetting.isEmpty }
    }

    /// Takes what the ends want sent and said.
    mutating func collect() throws {
        for end in 0...1 {
            while let action = ends[end].pollAction() {
                switch action {
                case .send(let message):
                    let blocked = senders[end].resetting + senders[end].waitingResets.flatMap(\.self)
                    try #require(!blocked.contains(message.stream), "sent on a stream that is being reset")
                    try #require(!message.bytes.isEmpty)
                    senders[end].wire.append(.data(message))
                case .resetOutgoing(let streams):
                    let pending = senders[end].resetting + senders[end].waitingResets.flatMap(\.self)
                    try #require(Set(pending).isDisjoint(with: streams), "reset twice at a time")
                    senders[end].waitingResets.append(streams)
                }
            }
            if senders[end].resetting.isEmpty, !senders[end].waitingResets.isEmpty {
                senders[end].resetting = senders[end].waitingResets.removeFirst()
                senders[end].wire.append(.resetRequest(senders[end].resetting))
            }
            events[end] += ends[end].takeEvents()
            try ends[end].checkInvariants()
        }
    }

    /// Delivers, or loses, one thing that may be delivered now; false if there is nothing.
    mutating func deliverOne(using generator: inout SplitMix64) throws -> Bool {
        let choices = (0...1).flatMap { end in
            senders[end].wire.indices.filter { isDeliverable($0, from: end) }.map { (end, $0) }
        }
        guard let (end, index) = choices.randomElement(using: &generator) else { return false }
        switch senders[end].wire.remove(at: index) {
        case .data(let message):
            if message.reliability != .reliable, generator.chance(0.3) {
                lostCount += 1
            } else {
                ends[1 - end].handleMessage(
                    stream: message.stream.rawValue, ppid: message.payloadProtocol.rawValue, bytes: message.bytes)
            }
        case .resetRequest(let streams):
            ends[1 - end].handleIncomingReset(streams: streams.map(\.rawValue))
            senders[1 - end].wire.append(.resetAnswer(streams))
        case .resetAnswer(let streams):
            // It answers the request of the end that receives it.
            senders[1 - end].resetting = []
            ends[1 - end].handleOutgoingResetComplete(streams: streams.map(\.rawValue))
        }
        try collect()
        return true
    }

    mutating func settle(using generator: inout SplitMix64) throws {
        try collect()
        var steps = 0
        while try deliverOne(using: &generator) {
            steps += 1
            try #require(steps < 1_000_000, "the ends answer each other for ever")
        }
        try #require(isQuiet)
    }

    private func isDeliverable(_ index: Int, from end: Int) -> Bool {
        let earlier = senders[end].wire[..<index]
        switch senders[end].wire[index] {
        case .resetAnswer: return true
        case .data(let message):
            return !message.ordered
                || !earlier.contains {
                    if case .data(let before) = $0 { before.stream == message.stream && before.ordered } else { false }
                }
        case .resetRequest(let streams):
            return !earlier.contains {
                if case .data(let before) = $0 { streams.contains(before.stream) } else { false }
            }
        }
    }
}
