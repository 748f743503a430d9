internal import NIOPosix
internal import Synchronization

/// What is sent: files, folders, words, standard input. Several senders can share one list.
///
/// Named files are looked at when the list is made; folders are walked in the background, and what is found can be
/// offered at once. The order is that of the sources, and of the names' bytes within each folder.
///
/// ```swift
/// let sources = try SourceList([.path("photos"), .text("the ones from Sunday")])
/// ```
public final class SourceList: Sendable {
    let catalog: Monitor<SourceCatalog>
    private let walking: Task<Void, Never>?
    private let standardInput: Int32
    private let wasStandardInputTaken = Mutex(false)

    /// Looks at everything that is named; blocks on the file system.
    ///
    /// - Parameter onNotice: told, in a sentence, of each thing inside a folder that is left out (a link, a pipe, what
    ///   cannot be read) or sent under another name. Called from the walk's task; fit to be shown.
    /// - Throws: ``TransferError/Code/unreadable`` for a name that is missing, may not be read, is a pipe or device, or
    ///   cannot be offered.
    public convenience init(
        _ sources: [Source], options: SourceOptions = SourceOptions(),
        onNotice: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(TransferError) {
        try self.init(sources, options: options, standardInput: 0, onNotice: onNotice)
    }

    /// - Parameter standardInput: what ``Source/standardInput(name:)`` reads.
    init(
        _ sources: [Source], options: SourceOptions, standardInput: Int32,
        onNotice: @escaping @Sendable (String) -> Void
    ) throws(TransferError) {
        self.standardInput = standardInput
        var walk = FolderWalk(options: options, onNotice: onNotice)
        for source in sources { try walk.add(SourceRoot(source)) }
        var catalog = SourceCatalog()
        try catalog.append(walk.takeLeadingItems())
        catalog.isComplete = walk.isOver
        let monitor = Monitor(catalog)
        self.catalog = monitor
        guard !walk.isOver else {
            walking = nil
            return
        }
        let state = Mutex(walk)
        let box = WalkBox(state)
        walking = Task {
            do {
                // The first find is told at once, later ones in larger lots.
                var lot = 20
                var isOver = false
                while !isOver {
                    let size = lot
                    let found = try await NIOThreadPool.singleton.runIfActive {
                        box.walk.withLock { $0.step(atMost: size) }
                    }
                    isOver = found.isLast
                    try monitor.update { catalog throws(TransferError) in
                        try catalog.append(found)
                        catalog.isComplete = found.isLast
                    }
                    lot = 500
                }
            } catch let error as TransferError {
                monitor.fail(error)
            } catch {
                // The pool only refuses work for a cancelled task.
                monitor.fail(.canceled)
            }
        }
    }

    deinit {
        walking?.cancel()
    }

    /// What has been found so far, and whether that is all.
    public var counted: (items: Int, bytes: Int64, isComplete: Bool) {
        catalog.read { ($0.entries.count, $0.totalBytes, $0.isComplete) }
    }

    /// The first items, at most `count`: their names as they are offered (components joined by `/`; not fit for a
    /// terminal without ``Printable``) and their bytes (nil of a stream).
    public func listed(atMost count: Int) -> [(name: String, bytes: Int64?)] {
        catalog.read { catalog in
            (0..<min(count, catalog.entries.count)).map { number in
                let item = catalog.item(number)
                return (item.components.joined(separator: "/"), item.size)
            }
        }
    }

    /// Stops the walk. A sender that still waits for it fails with ``TransferError/Code/canceled``.
    public func release() {
        walking?.cancel()
    }

    func item(_ number: Int) -> SourceItem {
        catalog.read { $0.item(number) }
    }

    /// Standard input, for the first who asks.
    func takeStandardInput() -> Int32? {
        wasStandardInputTaken.withLock { wasTaken in
            defer { wasTaken = true }
            return wasTaken ? nil : standardInput
        }
    }
}

/// A lock that a task and the thread that works for it can share.
private final class WalkBox: Sendable {
    let walk: Mutex<FolderWalk>

    init(_ walk: consuming Mutex<FolderWalk>) {
        self.walk = walk
    }
}

/// Everything that was found.
struct SourceCatalog: Sendable {
    private(set) var entries: [SourceEntry] = []
    private var folders: [SourceFolder] = []
    private(set) var totalBytes: Int64 = 0
    var isComplete = false

    /// - Throws: ``TransferError/Code/unreadable`` for more than one transfer may have.
    mutating func append(_ found: FolderWalk.Found) throws(TransferError) {
        folders += found.folders
        entries += found.entries
        for entry in found.entries {
            // Each is less than 2^53: the sum cannot overflow before it is checked.
            totalBytes += entry.size ?? 0
            guard totalBytes <= TransferLimits.largestInteger else {
                throw TransferError(.unreadable, "The files together are too large.")
            }
        }
        guard entries.count <= TransferLimits.items else {
            throw TransferError(.unreadable, "There are more files than one transfer takes (250,000).")
        }
    }

    func item(_ number: Int) -> SourceItem {
        let entry = entries[number]
        var components = [entry.name]
        var places = [entry.location ?? Array(entry.name.utf8)]
        var folder = entry.folder
        while folder >= 0 {
            let parent = folders[Int(folder)]
            components.append(parent.name)
            places.append(parent.location ?? Array(parent.name.utf8))
            folder = parent.parent
        }
        return SourceItem(
            number: number, components: components.reversed(),
            path: Array(places.reversed().joined(separator: [UInt8(ascii: "/")])), content: entry.content,
            size: entry.size)
    }
}
