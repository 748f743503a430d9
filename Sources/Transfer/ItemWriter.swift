internal import NIOPosix
internal import Synchronization

/// Writes the items of an offer, one after the other, on a thread that may block. A final name appears only when
/// everything under it is complete, compared and on the disk.
final class ItemWriter: Sendable {
    /// What became of a stretch of work.
    struct Outcome: Sendable {
        /// File bytes that were written or dropped.
        var handledBytes = 0
        /// Items that are decided.
        var reports: [ItemReport] = []
        /// Items that are text, and are complete.
        var texts: [String] = []
        /// The disk does not take more: the transfer is over.
        var failure: TransferError?
        /// Complete items wait for others, to get their names together.
        var hasWaitingItems = false
        /// Bytes are not on the disk for certain.
        var hasUnsafeBytes = false
        /// The offered name of the item that was worked on last.
        var itemName: String?
        /// No offered item is of unknown size.
        var isTotalKnown = true
    }

    /// The lock is never contended: one stretch of work at a time. It lets the compiler see that.
    private let state: Mutex<WriterState>
    private let threads = NIOThreadPool.singleton
    let destination: Destination

    /// - Parameter output: where ``Destination/standardOutput`` goes.
    init(destination: Destination, pace: WriterPace = WriterPace(), output: Int32 = 1) {
        self.destination = destination
        state = Mutex(WriterState(destination: destination, pace: pace, output: output))
    }

    /// On a thread that may block; also for a task that was cancelled.
    private func run<Result: Sendable>(
        _ body: @escaping @Sendable (inout WriterState) -> Result
    ) async -> Result {
        let work: @Sendable () async -> Result? = {
            try? await self.threads.runIfActive { self.state.withLock { body(&$0) } }
        }
        if let result = await work() { return result }
        return await Task { await work() }.value ?? self.state.withLock { body(&$0) }
    }

    /// Adds items of the offer, as they come.
    ///
    /// - Returns: those that need not come: they have no usable name, or something has it and stays. Empty before
    ///   ``begin(_:transfer:session:resuming:)``.
    func add(_ items: [ControlMessage.Item]) async -> [ItemReport] {
        await run { state in state.add(items) }
    }

    /// Looks for what an earlier connection of this transfer left, and locks it.
    func find(_ transfer: String) async throws(TransferError) -> JournalState? {
        try await run { state in
            Swift.Result<JournalState?, TransferError>(catching: { () throws(TransferError) in
                try state.find(transfer)
            })
        }.get()
    }

    /// What a person is asked about.
    func offer(agent: String, isComplete: Bool, version: Int, earlier: JournalState?) async -> Offer {
        await run { state in
            let (items, bytes) = earlier.map { state.claimed(by: $0) } ?? (0, 0)
            return Offer(
                agent: agent, items: state.items, totalBytes: state.offered.totalBytes,
                freeBytes: state.destination.freeBytes, isComplete: isComplete, resumedItems: items,
                resumedBytes: bytes, version: version)
        }
    }

    /// Over all items so far.
    func digest() async -> TreeDigest {
        await run { state in state.offered.digest }
    }

    /// The person said yes. From here on the disk is written to.
    ///
    /// - Returns: what is here already, and which items need not come.
    func begin(
        _ policy: ExistingFilePolicy, transfer: String, session: String, resuming earlier: JournalState?
    ) async -> (WriterState.Resumption, refusals: [ItemReport]) {
        await run { state in
            state.begin(policy, transfer: transfer, session: session, resuming: earlier)
        }
    }

    /// The offer is complete: the same list is not asked about again.
    func acceptAll() async {
        await run { state in
            state.offered.seal()
            try? state.journal?.append(.accepted(digest: state.offered.digest, policy: state.policy))
        }
    }

    /// - Parameter isIdle: nothing more comes for a while: what waits for others waits no longer.
    func perform(_ work: [ReceiverCore.Work], isIdle: Bool) async -> Outcome {
        await run { state in
            var outcome = state.perform(work, isIdle: isIdle)
            let last = work.last { $0.writtenItem != nil }?.writtenItem
            outcome.itemName = last.map { state.items[$0].components.joined(separator: "/") }
            outcome.isTotalKnown = state.offered.isTotalKnown
            return outcome
        }
    }

    /// The transfer ends early: what is worth it stays for a later connection, all else is removed.
    ///
    /// - Returns: whether something stays.
    func abandon(isDiskSound: Bool) async -> Bool {
        await run { state in state.abandon(isDiskSound: isDiskSound) }
    }

    /// Every item is decided.
    func end() async {
        await run { state in state.end() }
    }
}

extension WriterState {
    mutating func add(_ more: [ControlMessage.Item]) -> [ItemReport] {
        let first = items.count
        offered.add(more, in: &folders)
        return hasBegun ? refusals(from: first) : []
    }

    private mutating func refusals(from first: Int) -> [ItemReport] {
        var reports: [ItemReport] = []
        for item in items[first...] where !resumed.contains(item.number) {
            if item.localComponents == nil {
                reports.append(giveUp(item.number, noName(item)))
            } else if item.exists, policy == .fail || policy == .skip {
                reports.append(giveUp(item.number, taken(item)))
            }
        }
        return reports
    }

    mutating func find(_ transfer: String) throws(TransferError) -> JournalState? {
        guard let root = folders?.root else { return nil }
        do throws(Journal.Failure) {
            guard let (journal, state) = try Journal.existing(transfer: transfer, in: root) else { return nil }
            self.journal = journal
            return state
        } catch {
            // What is in the journal's place and is no journal of ours is left alone; the transfer goes without.
            guard error == .locked else { return nil }
            let sentence = "This transfer is being received in \(destination.display) already."
            throw TransferError(.storage, sentence)
        }
    }

    mutating func begin(
        _ policy: ExistingFilePolicy, transfer: String, session: String, resuming earlier: JournalState?
    ) -> (Resumption, refusals: [ItemReport]) {
        self.policy = policy
        hasBegun = true
        partMark = ItemKey.mark(of: transfer)
        hasStrays = earlier != nil
        if journal == nil, let root = folders?.root, items.contains(where: { $0.kind != .text }) {
            journal = try? Journal.new(transfer: transfer, session: session, in: root)
        }
        let resumption = earlier.map { resume($0) } ?? Resumption()
        resumed = Set(resumption.complete.map(\.number)).union(resumption.partial.map(\.item))
        return (resumption, refusals(from: 0))
    }
}
