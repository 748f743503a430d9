internal import CPlatform

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// How often a writer makes sure of what it has.
struct WriterPace: Sendable {
    /// Bytes of one item after which they are put on the disk and written down. Half a segment, so that with what is on
    /// its way at that moment less than a segment is sent twice.
    var durableBytes = HashTree.segmentBytes / 2
    var durableInterval = Duration.seconds(2)
    /// Complete items that are put on the disk together, at most.
    var groupItems = 512
    var groupBytes: Int64 = 16 << 20
    /// How long the first of a group waits for others when nothing else comes.
    var groupDelay = Duration.milliseconds(200)
}

/// The work of an ``ItemWriter``: everything here blocks.
struct WriterState {
    /// The item whose bytes are coming.
    final class OpenItem {
        enum Sink {
            case part(PartFile)
            case text([UInt8])
            case output
            case folder
        }

        let number: Int
        var tree: HashTree
        var sink: Sink
        /// Segments whose hashes are in the journal.
        var journaledSegments = 0
        var unsafeSince: ContinuousClock.Instant?

        init(_ number: Int, _ sink: Sink, tree: consuming HashTree = HashTree()) {
            self.number = number
            self.sink = sink
            self.tree = tree
        }

        var part: PartFile? { if case .part(let part) = sink { part } else { nil } }
    }

    /// A complete item that waits for its name.
    struct Placement {
        let number: Int
        let root: TreeDigest
        let byteCount: Int64
        /// The folder that it will be in.
        let parent: [String]
        /// Nil of an item that is a folder.
        let partName: String?
        let file: FileIdentity?
        /// Kept open only while the group is small.
        var handle: OpenFile?
        /// What it shall be called if that is free.
        var name: String
        var candidate = ""
    }

    let destination: Destination
    let pace: WriterPace
    /// Standard output.
    let output: Int32
    var offered = OfferedItems()
    var folders: FolderCache?
    var policy = ExistingFilePolicy.fail
    var journal: Journal?
    /// The person said yes.
    var hasBegun = false
    /// Items that were here, whole or in part.
    var resumed: Set<Int> = []
    /// Beginnings that are here, and that the sender may go on from.
    var beginnings: [Int: OpenItem] = [:]
    var current: OpenItem?
    /// Items whose bytes are dropped.
    var givenUp: Set<Int> = []
    var group: [Placement] = []
    var groupBytes: Int64 = 0
    var groupSince = ContinuousClock.now
    /// Paths that the items of the group will get.
    var claimed: Set<[String]> = []
    /// Those of them that are folders.
    var claimedFolders: Set<[String]> = []
    /// Files and folders that this transfer has made, so that no item replaces another, whatever the system takes for
    /// one name.
    var made: Set<FileIdentity> = []
    /// The number that the last item of each path got, where several have the same.
    var lastNumbers: [[String]: Int] = [:]
    /// In the names of this transfer's parts, so that no other transfer's are like them.
    var partMark: UInt32 = 0
    /// Parts of ours may lie there that the journal does not know.
    var hasStrays = false
    /// The journal knows of something that a later connection could go on with.
    var isWorthKeeping = false
    var hasNewFolders = false
    var isNameDurable = false

    init(destination: Destination, pace: WriterPace, output: Int32) {
        self.destination = destination
        self.pace = pace
        self.output = output
        if case .folder(let directory) = destination { folders = FolderCache(root: directory.root) }
    }

    var items: [Offer.Item] { offered.items }

    // MARK: Work

    mutating func perform(_ work: [ReceiverCore.Work], isIdle: Bool) -> ItemWriter.Outcome {
        var outcome = ItemWriter.Outcome()
        for step in work {
            do throws(WriterFailure) {
                try perform(step, &outcome)
                outcome.handledBytes += step.byteCount
            } catch {
                switch error {
                case .item(let item, let reason):
                    outcome.reports.append(giveUp(item, reason))
                    outcome.handledBytes += step.byteCount
                case .transfer(let reason):
                    outcome.failure = reason
                    // What is complete needs no more room.
                    try? flush(&outcome)
                    return outcome
                }
            }
        }
        do throws(WriterFailure) {
            if isIdle {
                try flush(&outcome)
                if let current { try makeDurable(current) }
            }
        } catch {
            if case .transfer(let reason) = error { outcome.failure = reason }
        }
        outcome.hasWaitingItems = !group.isEmpty
        outcome.hasUnsafeBytes = current?.unsafeSince != nil
        return outcome
    }

    private mutating func perform(
        _ step: ReceiverCore.Work, _ outcome: inout ItemWriter.Outcome
    ) throws(WriterFailure) {
        switch step {
        case .discard: break
        case .begin(let item, let offset): try begin(item, at: offset)
        case .write(let frame): try write(frame)
        case .segment(let item, let number, let hash): try compare(item, number, hash)
        case .abandon(let item, let error):
            if !givenUp.contains(item) { outcome.reports.append(giveUp(item, error)) }
        case .finish(let item, _, let root):
            if !givenUp.contains(item) { try finish(item, root, &outcome) }
        }
    }

    private mutating func begin(_ item: Int, at offset: Int64) throws(WriterFailure) {
        guard let open = beginnings.removeValue(forKey: item), let part = open.part else { return }
        if givenUp.contains(item) { return part.remove() }
        if offset == 0 {
            // The sender has other bytes there. A new part, so that the journal forgets the old one.
            part.remove()
            return
        }
        current = open
    }

    private mutating func write(_ frame: DataFrame) throws(WriterFailure) {
        if givenUp.contains(frame.item) { return }
        let open = try open(frame.item)
        var failure: SystemError?
        frame.payload.withUnsafeBytes { bytes in
            do throws(SystemError) {
                switch open.sink {
                case .part(let part): try part.append(bytes)
                case .text(var text):
                    open.sink = .text([])
                    text += bytes
                    open.sink = .text(text)
                case .output: try Self.write(bytes, to: output)
                case .folder: break
                }
                open.tree.update(bytes)
            } catch {
                failure = error
            }
        }
        if let failure { throw self.failure(failure, of: frame.item) }
        guard let part = open.part else { return }
        let now = ContinuousClock.now
        let since = open.unsafeSince ?? now
        open.unsafeSince = since
        if part.byteCount - part.durableBytes >= pace.durableBytes || now - since >= pace.durableInterval {
            try makeDurable(open)
        }
    }

    /// All of it, however slowly it is read.
    private static func write(_ bytes: UnsafeRawBufferPointer, to output: Int32) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let count = martlet_write_some(output, bytes.baseAddress! + done, bytes.count - done)
            guard count > 0 else { throw .last }
            done += Int(count)
        }
    }

    private mutating func compare(_ item: Int, _ number: Int, _ hash: TreeDigest) throws(WriterFailure) {
        guard let current, current.number == item, !givenUp.contains(item) else { return }
        guard number < current.tree.segments.count, current.tree.segments[number] == hash else {
            throw .item(item, Self.differs(items[item]))
        }
    }

    private static func differs(_ item: Offer.Item) -> TransferError {
        TransferError(.integrity, "\(item.name) did not arrive as it was sent: its hash differs.")
    }

    /// The place of an item's bytes, made when its first byte (or its end) comes.
    private mutating func open(_ item: Int) throws(WriterFailure) -> OpenItem {
        if let current, current.number == item { return current }
        close()
        let open = OpenItem(item, try sink(for: item))
        current = open
        return open
    }

    private mutating func sink(for item: Int) throws(WriterFailure) -> OpenItem.Sink {
        guard let components = items[item].localComponents, let name = components.last else {
            throw .item(item, noName(items[item]))
        }
        if items[item].kind == .text { return .text([]) }
        guard folders != nil else { return .output }
        if items[item].kind == .folder { return .folder }
        do throws(SystemError) {
            let key = offered.keys[item]
            let folder = try parentFolder(components.dropLast())
            let part = try PartFile(for: name, suffix: key.suffix ^ partMark, in: folder)
            if part.wasTaken { hasStrays = true }
            do throws(SystemError) {
                try journal?.append(.begun(key, name: part.name, parent: Array(components.dropLast()), part.identity))
            } catch {
                part.remove()
                throw error
            }
            return .part(part)
        } catch {
            throw failure(error, of: item)
        }
    }

    mutating func parentFolder(_ components: ArraySlice<String>) throws(SystemError) -> OpenFile {
        var new: [OpenFile] = []
        defer {
            if !new.isEmpty { hasNewFolders = true }
            for folder in new { noteMade(try? folder.status()) }
        }
        guard let folder = try folders?.folder(components, onMade: { new.append($0) }) else {
            throw SystemError(number: ENOENT)
        }
        return folder
    }

    /// Nothing of this transfer takes the place of what it has made.
    mutating func noteMade(_ status: FileStatus?) {
        if let status { made.insert(status.identity) }
    }

    private mutating func finish(
        _ item: Int, _ root: TreeDigest, _ outcome: inout ItemWriter.Outcome
    ) throws(WriterFailure) {
        let open = try open(item)
        guard open.tree.finish() == root else { throw .item(item, Self.differs(items[item])) }
        switch open.sink {
        case .output: outcome.reports.append(complete(item, root, open.tree.byteCount))
        case .text(let bytes):
            outcome.texts.append(String(decoding: bytes, as: UTF8.self))
            outcome.reports.append(complete(item, root, open.tree.byteCount))
        case .folder: group.append(placement(of: item, root, open))
        case .part(let part):
            part.dress(isExecutable: items[item].isExecutable, modified: items[item].modified)
            group.append(placement(of: item, root, open))
            groupBytes += part.byteCount
        }
        current = nil
        if group.count == 1 { groupSince = .now }
        let isFull = group.count >= pace.groupItems || groupBytes >= pace.groupBytes
        // Where items keep coming, but slowly, nobody waits long.
        if isFull || !group.isEmpty && .now - groupSince >= pace.groupDelay * 5 { try flush(&outcome) }
    }

    private func placement(of item: Int, _ root: TreeDigest, _ open: OpenItem) -> Placement {
        let components = items[item].localComponents ?? []
        return Placement(
            number: item, root: root, byteCount: open.tree.byteCount, parent: Array(components.dropLast()),
            partName: open.part?.name, file: open.part?.identity,
            handle: group.count < Self.handleLimit ? open.part?.file : nil, name: components.last ?? "")
    }

    /// Complete items whose files stay open until they have their names.
    static let handleLimit = 12

    // MARK: Making sure

    /// Puts what was written of an item on the disk, then says so in the journal.
    mutating func makeDurable(_ open: OpenItem) throws(WriterFailure) {
        guard let part = open.part else { return }
        do throws(SystemError) {
            guard journal != nil else {
                open.unsafeSince = nil
                return
            }
            try makeNamesDurable(of: part)
            try part.makeDurable()
            let key = offered.keys[open.number]
            var records: [JournalRecord] = []
            for index in open.journaledSegments..<open.tree.segments.count {
                records.append(.segment(key, index: index, hash: open.tree.segments[index]))
            }
            let leaves = part.durableBytes / Int64(HashTree.leafBytes) * Int64(HashTree.leafBytes)
            if leaves > 0 { records.append(.durable(key, bytes: leaves)) }
            try journal?.append(records)
            try journal?.synchronize()
            open.journaledSegments = open.tree.segments.count
            open.unsafeSince = nil
            if leaves > 0 { isWorthKeeping = true }
        } catch {
            throw failure(error, of: open.number)
        }
    }

    /// The names of the part and of the journal must outlive what the journal says of them.
    private mutating func makeNamesDurable(of part: PartFile) throws(SystemError) {
        if part.durableBytes > 0, isNameDurable { return }
        if hasNewFolders, try part.folder.synchronizeFileSystem() {
            hasNewFolders = false
        } else {
            // Not every file system can do this for a folder.
            try? part.folder.synchronize()
        }
        if !isNameDurable { journal?.synchronizeName() }
        isNameDurable = true
    }

    // MARK: Ends

    /// Forgets the current item, which was not completed.
    private mutating func close() {
        current?.part?.remove()
        current = nil
    }

    /// The transfer ends early: what a later connection can go on with stays, and nothing else does.
    ///
    /// - Parameter isDiskSound: it is worth trying to keep the last bytes too.
    /// - Returns: whether something stays.
    mutating func abandon(isDiskSound: Bool) -> Bool {
        if isWorthKeeping, isDiskSound, let current { try? makeDurable(current) }
        let isKept = isWorthKeeping && journal != nil
        if !isKept || current?.part?.durableBytes == 0 { current?.part?.remove() }
        current = nil
        // With the journal, complete items that have no name yet are kept: it may know of them already.
        if !isKept {
            for placement in group { remove(placement) }
            for open in beginnings.values { open.part?.remove() }
            removeStrays()
            journal?.remove()
        }
        group = []
        beginnings = [:]
        journal = nil
        return isKept
    }

    /// Every item is decided.
    mutating func end() {
        close()
        for open in beginnings.values { open.part?.remove() }
        beginnings = [:]
        removeStrays()
        journal?.remove()
        journal = nil
    }

    func remove(_ placement: Placement) {
        var folders = folders
        guard let name = placement.partName, let folder = try? folders?.folder(placement.parent) else { return }
        folder.remove(name)
    }

    // MARK: Telling

    mutating func giveUp(_ item: Int, _ error: TransferError) -> ItemReport {
        if current?.number == item { close() }
        beginnings.removeValue(forKey: item)?.part?.remove()
        givenUp.insert(item)
        return report(item, error.code == .exists && policy == .skip ? .skipped : .failed(error))
    }

    func complete(_ item: Int, _ root: TreeDigest, _ byteCount: Int64, at path: [String]? = nil) -> ItemReport {
        var report = report(item, .complete)
        report.size = byteCount
        report.digest = root
        let localPath = path?.joined(separator: "/")
        // One text for both where they are the same, as they nearly always are.
        report.localPath = localPath == report.name ? report.name : localPath
        report.wasRenamed = path.map { $0 != items[item].components } ?? false
        return report
    }

    func report(_ item: Int, _ outcome: ItemReport.Outcome) -> ItemReport {
        var report = ItemReport(
            number: item, name: items[item].name, size: items[item].size ?? 0, outcome: outcome)
        report.kind = items[item].kind
        return report
    }

    func noName(_ item: Offer.Item) -> TransferError {
        TransferError(.name, "\(item.name) is not a name that can be used here.")
    }

    func taken(_ item: Offer.Item) -> TransferError {
        TransferError(.exists, "\(item.name) is there already.")
    }

    func failure(_ error: SystemError, of item: Int) -> WriterFailure {
        let name = items[item].name
        if error.isExists { return .item(item, taken(items[item])) }
        if error.isAboutPath {
            let message = "\(name) is not a name that can be used here: \(error.text)."
            return .item(item, TransferError(.name, message, systemError: error.number))
        }
        let message =
            error.isFull
            ? "The disk is full: \(name) cannot be stored in \(destination.display)."
            : "\(name) cannot be stored in \(destination.display): \(error.text)."
        return .transfer(TransferError(.storage, message, systemError: error.number, isResumable: folders != nil))
    }
}

/// Whom a failure concerns.
enum WriterFailure: Error {
    case item(Int, TransferError)
    case transfer(TransferError)
}
