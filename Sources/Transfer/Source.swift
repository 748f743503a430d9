/// Something that is to be sent.
public enum Source: Sendable, Equatable {
    /// A file, or a folder with everything in it. A link that is named is followed: whoever names it means what it
    /// leads to.
    case path(String)
    /// What comes on standard input, to its end, offered under a name. It can be read once: it goes to one receiver,
    /// and what was interrupted cannot be taken up again.
    case standardInput(name: String)
    /// Words for the other person.
    case text(String)
}

/// What of a folder is sent.
public struct SourceOptions: Sendable, Equatable {
    /// Patterns (`*`, `?`, `[a-z]`) for what is left out of folders. One without `/` is compared with each name,
    /// another with the path beneath the given folder, where `*` and `?` do not match `/`. One that ends in `/` is for
    /// folders only. What is named itself is always sent.
    public var excludes: [String] = []
    /// Names that begin with a dot are sent too.
    public var includesHidden = true
    /// Links met inside folders are followed; otherwise they are left out with a notice.
    public var followsLinks = false

    public init() {}
}
