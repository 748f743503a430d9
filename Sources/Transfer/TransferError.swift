/// Why a transfer, or one item of it, did not succeed.
public struct TransferError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure. The raw values are the codes of the wire where it has one; a peer's unknown code is kept.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The source is missing, is not a regular file, or could not be read.
        public static let unreadable = Code(rawValue: "unreadable")
        /// The source is not what it was when it was offered: other size, time or file.
        public static let changed = Code(rawValue: "changed")
        /// The person on the other side, or here, said no; or it would not fit.
        public static let declined = Code(rawValue: "declined")
        /// The channels ended, or nothing came, before the receipt.
        public static let peerVanished = Code(rawValue: "vanished")
        /// What arrived does not have the hash of what was sent.
        public static let integrity = Code(rawValue: "integrity")
        /// The disk is full, not writable, or broken.
        public static let storage = Code(rawValue: "storage")
        /// Something of that name is there already and may not be replaced.
        public static let exists = Code(rawValue: "exists")
        /// The item's name cannot be used here.
        public static let name = Code(rawValue: "name")
        /// A message broke the rules of Docs/Protocols/Transfer.md.
        public static let protocolViolation = Code(rawValue: "protocol")
        /// The two sides speak no common version.
        public static let version = Code(rawValue: "version")
        /// Somebody stopped the transfer.
        public static let canceled = Code(rawValue: "canceled")
        /// The link is for other receivers, or for no more of them.
        public static let taken = Code(rawValue: "taken")
        /// The words to compare differ, or cannot be had.
        public static let unverified = Code(rawValue: "cannot-verify")
        /// The person wants to keep what is there already.
        public static let skipped = Code(rawValue: "skipped")
        /// The other side is there to talk.
        public static let talk = Code(rawValue: "talk")
        /// The other side is there for experiments.
        public static let lab = Code(rawValue: "lab")
        public static let `internal` = Code(rawValue: "internal")
    }

    public var code: Code
    /// A sentence for the person. Remote text in it has been through ``Printable``.
    public var message: String
    /// The other side found the failure and told us.
    public var isReportedByPeer: Bool
    /// The system's error number where a system call failed.
    public var systemError: Int32?
    /// What arrived was kept, and the same transfer can go on over another connection.
    public var isResumable: Bool

    public init(
        _ code: Code, _ message: String, isReportedByPeer: Bool = false, systemError: Int32? = nil,
        isResumable: Bool = false
    ) {
        self.code = code
        self.message = message
        self.isReportedByPeer = isReportedByPeer
        self.systemError = systemError
        self.isResumable = isResumable
    }

    public var description: String { message }
}

extension TransferError {
    static func violation(_ message: String) -> TransferError {
        TransferError(.protocolViolation, "The other side broke the transfer protocol: \(message).")
    }

    /// The one place where bad bytes become an error of the transfer.
    init(_ error: MessageError) {
        self =
            switch error {
            case .talk: TransferError(.talk, "The other side is there to talk, not for files.")
            case .lab: TransferError(.lab, "The other side is there for experiments, not for files.")
            default: .violation("\(error)")
            }
    }

    static let vanished = TransferError(.peerVanished, "The connection ended before the transfer was complete.")
    static let canceled = TransferError(.canceled, "The transfer was canceled.")

    /// What a peer says about a failure, made fit to be shown.
    init(reportedByPeer code: String, message: String, isResumable: Bool) {
        let text = Printable.line(message, columns: 500)
        let code = Code(rawValue: Printable.line(code, columns: 40))
        let what =
            switch code {
            case .canceled: "The other side canceled the transfer"
            case .storage: "The other side could not store it"
            case .taken: "The other side does not send to this receiver"
            case .unverified: "The other side could not verify this one"
            case .protocolViolation: "The other side says that this side broke the transfer protocol"
            default: "The other side reports a failure (\(code.rawValue))"
            }
        self.init(
            code, text.isEmpty ? what + "." : "\(what): \(text)", isReportedByPeer: true,
            isResumable: isResumable)
    }

    /// The code and the sentence for an `error` message to the peer: no local paths, nothing it need not know.
    var forPeer: (code: Code, message: String) {
        switch code {
        case .storage, .exists: (.storage, "The receiving disk is full or cannot be written.")
        case .canceled: (.canceled, "")
        case .taken: (.taken, message)
        case .unverified: (.unverified, message)
        case .protocolViolation, .version: (.protocolViolation, message)
        default: (.internal, "The transfer could not go on.")
        }
    }
}
