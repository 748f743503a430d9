#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Goes through what was named, in order, and down its folders, a few items at a time. Blocks on the file system.
struct FolderWalk: Sendable {
    /// What was found in one go.
    struct Found: Sendable {
        var folders: [SourceFolder] = []
        var entries: [SourceEntry] = []
        /// There is no more.
        var isLast = false
    }

    /// A folder whose names are being gone through.
    private struct Level: Sendable {
        /// Its number in the list.
        var number: Int32
        var directory: OpenFile
        var status: FileStatus
        /// What is in it, in order.
        var names: [[UInt8]]
        var next = 0
        /// Something in it is sent.
        var hasItems = false
    }

    /// Names that are looked at in one go, at most.
    private static let namesInOneGo = 2_000

    private let options: SourceOptions
    private let excludes: [Exclude]
    private let onNotice: @Sendable (String) -> Void
    private var roots = Queue<SourceRoot>()
    private var levels: [Level] = []
    /// The offered names of the levels.
    private var path: [String] = []
    private var folderCount: Int32 = 0
    private var found = Found()

    init(options: SourceOptions, onNotice: @escaping @Sendable (String) -> Void) {
        self.options = options
        self.onNotice = onNotice
        excludes = options.excludes.map { Exclude($0) }
    }

    mutating func add(_ root: SourceRoot) {
        roots.append(root)
    }

    var isOver: Bool { roots.count == 0 && levels.isEmpty }

    /// What comes before the first folder.
    mutating func takeLeadingItems() -> Found {
        while case .item(let entry)? = roots.first {
            found.entries.append(entry)
            _ = roots.popFirst()
        }
        return take()
    }

    /// The next items, at most `count`; none when only folders without any were seen.
    mutating func step(atMost count: Int) -> Found {
        var looked = 0
        while found.entries.count < count, looked < Self.namesInOneGo, !isOver {
            looked += 1
            if let level = levels.last {
                if level.next < level.names.count {
                    levels[levels.count - 1].next += 1
                    look(at: level.names[level.next], in: level)
                } else {
                    leave(level)
                }
            } else if let root = roots.popFirst() {
                switch root {
                case .item(let entry): found.entries.append(entry)
                case .folder(let path, let name): enter(path: path, name: name)
                }
            }
        }
        return take()
    }

    private mutating func take() -> Found {
        found.isLast = isOver
        defer { found = Found() }
        return found
    }

    // MARK: One name

    private mutating func look(at bytes: [UInt8], in level: Level) {
        let name = String(decoding: bytes, as: UTF8.self)
        if bytes.first == UInt8(ascii: "."), !options.includesHidden { return }
        do throws(SystemError) {
            var status = try FileStatus(of: bytes, in: level.directory, followsLink: false)
            if isExcluded(name, isFolder: status.isDirectory) { return }
            if status.isLink {
                guard options.followsLinks else { return leaveOut(name, "is a link") }
                status = try FileStatus(of: bytes, in: level.directory, followsLink: true)
                if isExcluded(name, isFolder: status.isDirectory) { return }
            }
            if status.isDirectory {
                try enter(bytes, name: name, from: level)
            } else if status.isRegular {
                try add(bytes, name: name, status: status, in: level)
            } else {
                leaveOut(name, "is \(status.kindText)")
            }
        } catch {
            leaveOut(name, "cannot be read: \(error.text)")
        }
    }

    private mutating func add(
        _ bytes: [UInt8], name: String, status: FileStatus, in level: Level
    ) throws(SystemError) {
        try level.directory.checkReadable(bytes)
        guard (0...TransferLimits.largestInteger).contains(status.size) else {
            return leaveOut(name, "is too large")
        }
        guard canOffer(name) else { return leaveOut(name, "is in too many folders, or its path is too long") }
        let isExact = bytes.elementsEqual(name.utf8)
        if !isExact {
            onNotice("\(display(name)): its name is not valid UTF-8; it is sent under this name.")
        }
        found.entries.append(
            SourceEntry(
                folder: level.number, name: name, location: isExact ? nil : bytes, content: .file(status)))
        levels[levels.count - 1].hasItems = true
    }

    private func canOffer(_ name: String) -> Bool { (try? ItemPath(path + [name])) != nil }

    private func isExcluded(_ name: String, isFolder: Bool) -> Bool {
        guard !excludes.isEmpty else { return false }
        let whole = excludes.contains { $0.isPath } ? (path.dropFirst() + [name]).joined(separator: "/") : name
        return excludes.contains { $0.matches(name: name, path: whole, isFolder: isFolder) }
    }

    private func leaveOut(_ name: String, _ why: String) {
        onNotice("\(display(name)) \(why); it is left out.")
    }

    private func display(_ name: String) -> String {
        (path + [name]).map { Printable.line($0) }.joined(separator: "/")
    }

    // MARK: Folders

    /// Begins with a folder that was named.
    private mutating func enter(path: String, name: String) {
        do throws(SystemError) {
            try enter(try OpenFile(directory: path), name: name, location: Array(path.utf8), parent: -1)
        } catch {
            leaveOut(name, "cannot be read: \(error.text)")
        }
    }

    private mutating func enter(_ bytes: [UInt8], name: String, from level: Level) throws(SystemError) {
        let directory = try OpenFile(directory: bytes, in: level.directory, followsLink: options.followsLinks)
        guard canOffer(name) else { return leaveOut(name, "is in too many folders, or its path is too long") }
        let location = bytes.elementsEqual(name.utf8) ? nil : bytes
        if location != nil {
            onNotice("\(display(name)): its name is not valid UTF-8; it is sent under this name.")
        }
        try enter(directory, name: name, location: location, parent: level.number)
    }

    private mutating func enter(
        _ directory: OpenFile, name: String, location: [UInt8]?, parent: Int32
    ) throws(SystemError) {
        let status = try directory.status()
        if levels.contains(where: { $0.status.inode == status.inode && $0.status.device == status.device }) {
            return leaveOut(name, "leads back to a folder that it is in")
        }
        let names = try directory.names()
        found.folders.append(SourceFolder(parent: parent, name: name, location: location))
        levels.append(Level(number: folderCount, directory: directory, status: status, names: names))
        folderCount += 1
        path.append(name)
    }

    /// Ends with the last folder; it is an item itself when nothing in it is one.
    private mutating func leave(_ level: Level) {
        let name = path.removeLast()
        levels.removeLast()
        if !level.hasItems {
            // In place of the folder that the list has of it, which nothing refers to.
            let parent = levels.last?.number ?? -1
            found.entries.append(SourceEntry(folder: parent, name: name, content: .folder))
        }
        if !levels.isEmpty { levels[levels.count - 1].hasItems = true }
    }
}

/// A pattern for what is left out.
private struct Exclude: Sendable {
    let pattern: String
    /// It is compared with the path beneath the folder that was named.
    let isPath: Bool
    let isForFolders: Bool

    init(_ text: String) {
        var pattern = Substring(text)
        isForFolders = pattern.hasSuffix("/")
        while pattern.hasSuffix("/") { pattern.removeLast() }
        isPath = pattern.contains("/")
        while pattern.hasPrefix("/") { pattern.removeFirst() }
        self.pattern = String(pattern)
    }

    func matches(name: String, path: String, isFolder: Bool) -> Bool {
        if isForFolders, !isFolder { return false }
        return isPath ? fnmatch(pattern, path, FNM_PATHNAME) == 0 : fnmatch(pattern, name, 0) == 0
    }
}
