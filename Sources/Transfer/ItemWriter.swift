internal import NIOPosix
internal import Synchronization

/// Writes the items of an accepted offer, one after the other, on a thread that may block. A final name appears only
/// when everything under it is complete, compared and on the disk.
final class ItemWriter: Sendable {
    /// What became of a stretch of work.
    struct Outcome: Sendable {
        /// File bytes that were written or dropped.
        var handledBytes = 0
        /// Items that are decided.
        var reports: [ItemReport] = []
        /// The disk does not take more: the transfer is over.
        var failure: TransferError?
    }

    /// The lock is never contended: one stretch of work at a time. It lets the compiler see that.
    private let state: Mutex<WriterState>
    private let threads = NIOThreadPool.singleton

    init(directory: DestinationDirectory, items: [Offer.Item], policy: ExistingFilePolicy) {
        state = Mutex(WriterState(directory: directory, items: items, policy: policy))
    }

    /// Items that need not come: they have no usable name, or something has it and stays.
    func refusals() async -> [ItemReport] {
        let refusals = try? await threads.runIfActive { self.state.withLock { $0.refusals() } }
        return refusals ?? []
    }

    func perform(_ work: [ReceiverCore.Work]) async -> Outcome {
        do {
            return try await threads.runIfActive { self.state.withLock { $0.perform(work) } }
        } catch {
            // The pool only refuses work for a cancelled task.
            return Outcome(failure: .canceled)
        }
    }

    /// Removes what was begun; also for a cancelled task.
    func abandon() async {
        await Task { try? await threads.runIfActive { self.state.withLock { $0.abandon() } } }.value
    }
}

private struct WriterState {
    let directory: DestinationDirectory
    let items: [Offer.Item]
    let policy: ExistingFilePolicy
    private var current: (item: Int, part: PartFile)?
    /// Items whose bytes are dropped.
    private var givenUp: Set<Int> = []
    /// Paths that this transfer has made, so that no item replaces another.
    private var made: Set<String> = []
    /// The number that the last item of each path got, where several have the same.
    private var lastNumbers: [String: Int] = [:]

    init(directory: DestinationDirectory, items: [Offer.Item], policy: ExistingFilePolicy) {
        self.directory = directory
        self.items = items
        self.policy = policy
    }

    mutating func refusals() -> [ItemReport] {
        var reports: [ItemReport] = []
        for item in items {
            if item.localComponents == nil {
                reports.append(giveUp(item.number, noName(item)))
            } else if item.exists, policy == .fail || policy == .skip {
                reports.append(giveUp(item.number, taken(item)))
            }
        }
        return reports
    }

    mutating func perform(_ work: [ReceiverCore.Work]) -> ItemWriter.Outcome {
        var outcome = ItemWriter.Outcome()
        var touched: [ObjectIdentifier: OpenFile] = [:]
        for step in work {
            do throws(WriterFailure) {
                switch step {
                case .discard: break
                case .write(let frame): try write(frame)
                case .abandon(let item, let error):
                    drop(item)
                    if !givenUp.contains(item) { outcome.reports.append(giveUp(item, error)) }
                case .finish(let item, _, let digest):
                    if givenUp.contains(item) { break }
                    let part = try part(for: item)
                    outcome.reports.append(try finish(part, item: item, digest: digest))
                    touched[ObjectIdentifier(part.parent)] = part.parent
                }
                outcome.handledBytes += step.byteCount
            } catch {
                switch error {
                case .item(let item, let reason):
                    drop(item)
                    outcome.reports.append(giveUp(item, reason))
                    outcome.handledBytes += step.byteCount
                case .transfer(let reason):
                    abandon()
                    outcome.failure = reason
                    return outcome
                }
            }
        }
        // The names too are on the disk before anybody is told. Not every file system can do this for a folder.
        for parent in touched.values { try? parent.synchronize() }
        return outcome
    }

    mutating func abandon() {
        current?.part.remove()
        current = nil
    }

    // MARK: One item

    private mutating func write(_ frame: DataFrame) throws(WriterFailure) {
        if givenUp.contains(frame.item) { return }
        let part = try part(for: frame.item)
        do throws(SystemError) { try part.append(frame.payload) } catch { throw failure(error, of: frame.item) }
    }

    /// The part file of an item, made when its first byte (or its end) comes.
    private mutating func part(for item: Int) throws(WriterFailure) -> PartFile {
        if let current, current.item == item { return current.part }
        abandon()
        guard let components = items[item].localComponents, let name = components.last else {
            throw .item(item, noName(items[item]))
        }
        let part: PartFile
        do throws(SystemError) {
            part = try PartFile(for: name, in: try directory.parent(of: components, making: true))
        } catch {
            throw failure(error, of: item)
        }
        current = (item, part)
        return part
    }

    private mutating func finish(
        _ part: PartFile, item: Int, digest: TreeDigest
    ) throws(WriterFailure) -> ItemReport {
        guard part.digest() == digest else {
            let name = items[item].name
            throw .item(item, TransferError(.integrity, "\(name) did not arrive as it was sent: its hash differs."))
        }
        let name: String
        do throws(SystemError) {
            try part.complete(isExecutable: items[item].isExecutable, modified: items[item].modified)
            name = try place(part, item: item)
        } catch {
            throw failure(error, of: item)
        }
        current = nil
        var report = report(item, .complete)
        let components = (items[item].localComponents ?? []).dropLast() + [name]
        report.localPath = components.joined(separator: "/")
        report.wasRenamed = components.elementsEqual(items[item].components) == false
        report.digest = digest
        made.insert(components.joined(separator: "/"))
        return report
    }

    /// Gives the part its final name by the policy, and returns that.
    private mutating func place(_ part: PartFile, item: Int) throws(SystemError) -> String {
        let components = items[item].localComponents ?? []
        let name = components.last ?? ""
        do throws(SystemError) {
            return try place(part, as: name, path: components)
        } catch {
            guard error.isAboutName else { throw error }
            let portable = LocalName.portable(name)
            return try place(part, as: portable, path: components.dropLast() + [portable])
        }
    }

    private mutating func place(_ part: PartFile, as name: String, path: [String]) throws(SystemError) -> String {
        let isOurs = made.contains(path.joined(separator: "/"))
        if policy == .overwrite, !isOurs {
            try part.replace(name)
            return name
        }
        guard policy == .rename || isOurs else {
            try part.rename(to: name)
            return name
        }
        // Where the last item of this path left off: a thousand of them must not try a million names.
        let key = path.joined(separator: "/")
        var number = lastNumbers[key] ?? 0
        while true {
            let candidate = number == 0 ? name : LocalName.numbered(name, number)
            do throws(SystemError) {
                try part.rename(to: candidate)
                lastNumbers[key] = number
                return candidate
            } catch {
                guard error.isExists, number < 10_000 else { throw error }
                number += 1
            }
        }
    }

    private mutating func drop(_ item: Int) {
        if current?.item == item { abandon() }
    }

    // MARK: Telling

    private mutating func giveUp(_ item: Int, _ error: TransferError) -> ItemReport {
        givenUp.insert(item)
        return report(item, error.code == .exists && policy == .skip ? .skipped : .failed(error))
    }

    private func report(_ item: Int, _ outcome: ItemReport.Outcome) -> ItemReport {
        ItemReport(
            number: item, name: items[item].name, size: items[item].size, outcome: outcome, localPath: nil,
            wasRenamed: false, digest: nil)
    }

    private func noName(_ item: Offer.Item) -> TransferError {
        TransferError(.name, "\(item.name) is not a name that can be used here.")
    }

    private func taken(_ item: Offer.Item) -> TransferError {
        TransferError(.exists, "\(item.name) is there already.")
    }

    private func failure(_ error: SystemError, of item: Int) -> WriterFailure {
        let name = items[item].name
        if error.isExists { return .item(item, taken(items[item])) }
        if error.isAboutPath {
            let message = "\(name) is not a name that can be used here: \(error.text)."
            return .item(item, TransferError(.name, message, systemError: error.number))
        }
        let message =
            error.isFull
            ? "The disk is full: \(name) cannot be stored in \(Printable.line(directory.path))."
            : "\(name) cannot be stored in \(Printable.line(directory.path)): \(error.text)."
        return .transfer(TransferError(.storage, message, systemError: error.number))
    }
}

/// Whom a failure concerns.
private enum WriterFailure: Error {
    case item(Int, TransferError)
    case transfer(TransferError)
}
