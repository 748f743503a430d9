#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Folders beneath a root that were opened lately: neighbours of an offer lie in the same ones. Few are open at a time,
/// whatever the number of items.
struct FolderCache {
    private static let limit = 12

    let root: OpenFile
    private var folders: [[String]: OpenFile] = [:]
    /// The same paths, least lately used first.
    private var order: [[String]] = []

    init(root: OpenFile) {
        self.root = root
    }

    /// Opens the folder with these components.
    ///
    /// - Parameter onMade: nil: what is missing is an error (ENOENT). Otherwise it is made, and this is told of
    ///   each new folder.
    mutating func folder(
        _ components: some BidirectionalCollection<String>, onMade: ((OpenFile) -> Void)? = nil
    ) throws(SystemError) -> OpenFile {
        guard let last = components.last else { return root }
        let path = Array(components)
        if let folder = folders[path] {
            if order.last != path {
                order.removeAll { $0 == path }
                order.append(path)
            }
            return folder
        }
        let parent = try folder(components.dropLast(), onMade: onMade)
        let opened: OpenFile
        do throws(SystemError) {
            opened = try parent.openFolder(last)
        } catch {
            guard error.number == ENOENT, let onMade else { throw error }
            let isMade = try parent.makeFolder(last)
            opened = try parent.openFolder(last)
            if isMade { onMade(opened) }
        }
        if order.count >= Self.limit { folders[order.removeFirst()] = nil }
        folders[path] = opened
        order.append(path)
        return opened
    }
}
