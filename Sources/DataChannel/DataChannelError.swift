internal import Wire

/// Why a call was refused, or why a channel or a peer's wish to open one came to its end.
package enum DataChannelError: Error, Hashable, Sendable {
    // Refused calls.
    /// `maxRetransmits` and `maxPacketLifeTime` exclude each other.
    case conflictingReliability
    /// A label or protocol is too long for its field, or a peer's names are longer than we keep.
    case nameTooLong(byteCount: Int, limit: Int)
    /// 65535 is not a stream.
    case illegalIdentifier(UInt16)
    /// The stream belongs to another channel, or to one that is still closing.
    case identifierInUse(UInt16)
    /// The association has only `streamCount` streams.
    case identifierOutOfRange(UInt16, streamCount: Int)
    /// Every identifier of our parity below `streamCount` is taken.
    case noIdentifierLeft(streamCount: Int)
    /// The channel is connecting, closing, closed or was never there.
    case notOpen
    /// The message is larger than its receiver accepts.
    case messageTooLarge(byteCount: Int, limit: Int)

    // A DCEP message that cannot be read (RFC 8832 section 5).
    case truncated(needed: Int, available: Int)
    case trailingBytes(count: Int)
    case unknownMessageType(UInt8)
    case unknownChannelType(UInt8)
    /// A label, a protocol or a text message is not UTF-8.
    case invalidText

    // A peer that breaks the protocol, which costs it that stream.
    /// OPEN on an identifier that belongs to our half.
    case wrongParity
    /// OPEN on a stream that has a channel.
    case openOnUsedStream
    /// OPEN on a stream whose channel was negotiated by the applications.
    case openOnNegotiatedStream
    /// More channels than we let a peer open.
    case tooManyChannels(limit: Int)
    /// A reliable channel opened after more data had arrived for it than we hold without a channel.
    case earlyDataLost

    // The ground is gone.
    /// The stream could not be reset; its identifier is not used again.
    case resetFailed
    case associationEnded(AssociationEnd)

    init(_ error: ByteReaderError) {
        switch error {
        case .truncated(let needed, let available): self = .truncated(needed: needed, available: available)
        case .invalidText: self = .invalidText
        }
    }
}

/// How an association came to its end.
package enum AssociationEnd: Hashable, Sendable {
    /// We closed it: channels close without an error.
    case closedHere
    /// The peer shut it down or aborted it.
    case closedByPeer
    /// The path, DTLS or SCTP failed; the text is for people.
    case failed(String)
}
