/// What went wrong, in a form that programs can act on and people can read.
///
/// The set of codes is open: later versions may add some, so a `switch` over them needs a default.
public struct MartletError: Error, Hashable, Sendable {
    /// The kind of failure. The first three are the W3C's `InvalidStateError`, `TypeError` and `OperationError`.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public var rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The call does not fit the present state, such as sending on a channel that is not open.
        public static let invalidState = Code(rawValue: "invalid-state")
        /// An argument is out of range, such as a message beyond the peer's limit.
        public static let typeError = Code(rawValue: "type-error")
        /// The operation failed for a reason that is not the caller's, such as a full buffer.
        public static let operationError = Code(rawValue: "operation-error")
        /// No path to the peer was found, or the path died.
        public static let networkFailed = Code(rawValue: "network-failed")
        /// The DTLS handshake failed, or the peer's certificate is not the one in its description.
        public static let dtlsFailed = Code(rawValue: "dtls-failed")
        /// The SCTP association ended in disorder.
        public static let sctpFailed = Code(rawValue: "sctp-failed")
        /// The connection or the channel was closed.
        public static let closed = Code(rawValue: "closed")
    }

    public var code: Code
    /// One sentence for people, without a full stop.
    public var message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }
}

extension MartletError: CustomStringConvertible {
    public var description: String { "\(message) (\(code.rawValue))" }
}
