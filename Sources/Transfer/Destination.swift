/// Where a receiver puts what comes.
public enum Destination: Sendable {
    /// Files beneath a folder.
    case folder(DestinationDirectory)
    /// The program's standard output, for exactly one file: an offer of anything else is declined. The bytes leave as
    /// they come; whether they were right is known, and said, at the end only.
    case standardOutput

    /// The folder, if it is one.
    public var directory: DestinationDirectory? {
        if case .folder(let directory) = self { directory } else { nil }
    }

    /// For messages, fit to be shown.
    var display: String {
        switch self {
        case .folder(let directory): Printable.line(directory.path)
        case .standardOutput: "standard output"
        }
    }

    /// Bytes that it has room for.
    var freeBytes: Int64 { directory?.freeBytes ?? .max }
}
