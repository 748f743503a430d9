/// One message of a ``TransferChannel``.
public enum TransferMessage: Sendable, Equatable {
    case text(String)
    case binary([UInt8])
}

/// What a transfer needs of a channel: messages, whole, reliable and in order, in both directions.
///
/// Martlet's `DataChannel` is one (ordered and without limits on retransmission); a test or a relay can be another.
public protocol TransferChannel: AnyObject, Sendable {
    associatedtype Incoming: AsyncSequence where Incoming.Element == TransferMessage

    /// The largest message that may be sent, in bytes: the peer's max-message-size (RFC 8841), or less.
    var maximumMessageBytes: Int { get }

    /// The peer's messages, for one consumer. Ends, or throws, when the channel is closed; ends soon when the consuming
    /// task is cancelled. It must have a bound of its own: a transfer reads it all the time, and the peer never has
    /// more outstanding than the credit it was given.
    var incoming: Incoming { get }

    /// Hands messages over, in order, and returns when there is room for more, which is the sender's back-pressure.
    ///
    /// Throws when the channel is closed; throws soon when the task is cancelled.
    func transmit(_ messages: [TransferMessage]) async throws
}

extension TransferChannel {
    /// 64 KiB, which every WebRTC implementation takes (RFC 8831 section 6.6).
    public var maximumMessageBytes: Int { 65_536 }
}
