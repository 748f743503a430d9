@testable import DataChannel

extension DataChannelEndpoint {
    /// An endpoint whose association is up.
    static func connected(
        isDTLSClient: Bool = true, limits: Limits = Limits(), streams: Int = 1024
    ) -> DataChannelEndpoint {
        var endpoint = DataChannelEndpoint(limits: limits)
        endpoint.roleKnown(isDTLSClient: isDTLSClient)
        endpoint.associationUp(outgoingStreams: streams, incomingStreams: streams)
        return endpoint
    }

    mutating func takeActions() -> [Action] {
        var all: [Action] = []
        while let action = pollAction() { all.append(action) }
        return all
    }

    mutating func takeEvents() -> [Event] {
        var all: [Event] = []
        while let event = pollEvent() { all.append(event) }
        return all
    }

    mutating func handleMessage(_ stream: UInt16, _ payloadProtocol: PayloadProtocolIdentifier, _ bytes: [UInt8]) {
        handleMessage(stream: stream, ppid: payloadProtocol.rawValue, bytes: bytes)
    }

    mutating func handleControl(_ stream: UInt16, _ message: DCEPMessage) {
        handleMessage(stream, .dcep, message.encoded)
    }

    /// Answers our reset of a stream, and resets the peer's side of it.
    mutating func finishReset(_ stream: UInt16) {
        handleOutgoingResetComplete(streams: [stream])
        handleIncomingReset(streams: [stream])
    }
}

extension [DataChannelEndpoint.Action] {
    /// The messages among the actions.
    var sends: [OutgoingMessage] {
        compactMap { if case .send(let message) = $0 { message } else { nil } }
    }

    /// The streams whose reset the actions ask for, in order.
    var resets: [UInt16] {
        flatMap { action -> [UInt16] in
            if case .resetOutgoing(let streams) = action { streams.map(\.rawValue) } else { [] }
        }
    }
}

/// An OPEN with this label; other fields as browsers send them by default.
func openMessage(
    _ label: String, ordered: Bool = true, reliability: DataChannelReliability = .reliable, protocol: String = ""
) throws -> DCEPMessage {
    .open(try DataChannelParameters(label: label, protocol: `protocol`, ordered: ordered, reliability: reliability))
}

let acknowledgementBytes: [UInt8] = [0x02]
