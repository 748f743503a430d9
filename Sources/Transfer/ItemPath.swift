/// The name of an item as both sides know it: one or more components beneath the receiver's directory.
///
/// This is the one type for names that came from a peer, and its initialiser is the one check: nothing in it can lead
/// out of a directory. It is not a local name yet (``LocalName``), and not fit for a terminal (``display``).
public struct ItemPath: Sendable, Hashable, CustomStringConvertible {
    /// Why components are not a path.
    public enum Invalid: Error, Sendable, Equatable {
        case empty
        case tooManyComponents(Int)
        case emptyComponent
        /// `.` or `..`.
        case relativeComponent
        /// `/` or NUL in a component.
        case forbiddenCharacter
        case tooLong(byteCount: Int, limit: Int)
    }

    /// As many as 255 UTF-16 units (the limit of NTFS) can have in UTF-8, rounded up. Longer than most systems here
    /// take (255 bytes): such a name is shortened when it is written, not refused.
    public static let componentByteLimit = 1_024
    public static let byteLimit = 4_096
    public static let componentLimit = 64

    /// Not empty; each component not empty, neither `.` nor `..`, without `/` and NUL.
    public let components: [String]

    public init(_ components: [String]) throws(Invalid) {
        guard !components.isEmpty else { throw .empty }
        guard components.count <= Self.componentLimit else { throw .tooManyComponents(components.count) }
        var total = components.count - 1
        for component in components {
            try Self.check(component)
            total += component.utf8.count
        }
        guard total <= Self.byteLimit else { throw .tooLong(byteCount: total, limit: Self.byteLimit) }
        self.components = components
    }

    /// A path of one component.
    public init(name: String) throws(Invalid) {
        try self.init([name])
    }

    private static func check(_ component: String) throws(Invalid) {
        guard !component.isEmpty else { throw .emptyComponent }
        guard component != ".", component != ".." else { throw .relativeComponent }
        // Looked for in the bytes: as characters, "/" followed by a combining mark is not "/".
        guard !component.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 }) else {
            throw .forbiddenCharacter
        }
        let count = component.utf8.count
        guard count <= componentByteLimit else { throw .tooLong(byteCount: count, limit: componentByteLimit) }
    }

    /// The last component.
    public var name: String { components[components.count - 1] }

    /// Joined by `/`, as it came: for comparing and for `--json`, not for a terminal.
    public var description: String { components.joined(separator: "/") }

    /// Joined by `/`, safe to show on a terminal or a page.
    public var display: String { components.map { Printable.line($0) }.joined(separator: "/") }
}
