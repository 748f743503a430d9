/// One message of an application.
package enum DataChannelMessage: Hashable, Sendable {
    case text(String)
    case binary([UInt8])

    /// Bytes on the wire, as limits and buffered amounts count them: an empty message has none.
    package var byteCount: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .binary(let bytes): bytes.count
        }
    }

    /// What SCTP carries: an empty message becomes one zero byte under a PPID of its own (RFC 8831 section 6.6).
    var payload: (PayloadProtocolIdentifier, [UInt8]) {
        switch self {
        case .text(let text): text.isEmpty ? (.stringEmpty, [0]) : (.string, [UInt8](text.utf8))
        case .binary(let bytes): bytes.isEmpty ? (.binaryEmpty, [0]) : (.binary, bytes)
        }
    }
}

/// One message for SCTP to send.
package struct OutgoingMessage: Hashable, Sendable {
    /// The channel it belongs to, for whoever counts buffered amounts; DCEP messages do not count.
    package let channel: ChannelHandle
    package let stream: StreamIdentifier
    package let payloadProtocol: PayloadProtocolIdentifier
    /// At least one byte.
    package let bytes: [UInt8]
    package let ordered: Bool
    package let reliability: DataChannelReliability

    /// Whether this is DCEP and not the application's.
    package var isControl: Bool { payloadProtocol == .dcep }
}
