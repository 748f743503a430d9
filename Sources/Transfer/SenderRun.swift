internal import Synchronization

/// One run of a ``FileSender``: the tasks between the sources, the core and the channels.
final class SenderRun: Sendable {
    let session: TransferSession<SenderCore>
    let sources: SourceList
    let options: TransferOptions
    let onEvent: @Sendable (TransferEvent) -> Void
    private let admit: FileSender.Admission?
    private let isAdmissionAsked = Mutex(false)

    init(_ sender: FileSender) {
        sources = sender.sources
        options = sender.options
        admit = sender.admit
        onEvent = sender.onEvent
        let core = SenderCore(
            transfer: options.transfer ?? TransferOptions.randomIdentifier(), isUnordered: options.isUnordered,
            certificates: options.certificates)
        session = TransferSession(core, control: sender.control, data: sender.data)
    }

    func run() async throws(TransferError) -> TransferReport {
        do throws(TransferError) { return try await greetAndSend() } catch {
            // A broken rule or a false word may come right behind the greeting: whether it is seen before the admission
            // is chance, and what becomes of it must not be. Who has merely gone again takes no place.
            let hasLeft = error.code == .canceled || error.code == .peerVanished
            if !hasLeft, let agent = session.monitor.read({ $0.core.intake.agent }) { _ = await isAdmitted(agent) }
            throw error
        }
    }

    private func greetAndSend() async throws(TransferError) -> TransferReport {
        try await session.run(options, amending: amended) { () async throws(TransferError) in
            let agent = try await self.session.greeting(atMost: self.options.greetingTimeout) { $0.intake.agent }
            self.onEvent(.peer(agent: agent))
            try await self.session.reveal()
            guard await self.isAdmitted(agent) else {
                throw TransferError(.taken, "The link is for other receivers.")
            }
            try await self.session.compareWords(self.options, onEvent: self.onEvent)
            try await self.offerAndSend()
            return self.session.monitor.read { state in
                TransferReport(items: state.core.fates.indices.map { self.report(of: $0, state.core) })
            }
        }
    }

    /// Asks whether the other side, which has greeted, is let in; once.
    private func isAdmitted(_ agent: String) async -> Bool {
        let isAsked = isAdmissionAsked.withLock { isAsked in
            defer { isAsked = true }
            return isAsked
        }
        guard let admit, !isAsked else { return true }
        // One that says none is a stranger each time, and nobody's second self.
        return await admit(session.monitor.read { $0.core.intake.session } ?? TransferOptions.randomIdentifier(), agent)
    }

    /// Offers, sends and tells, all at once, to the receipt; the first failure ends all.
    private func offerAndSend() async throws(TransferError) {
        let failure = await withTaskGroup(of: TransferError?.self) { group in
            group.addTask { await Self.failure { () async throws(TransferError) in try await self.offer() } }
            group.addTask { await Self.failure { () async throws(TransferError) in try await self.send() } }
            group.addTask { await Self.failure { () async throws(TransferError) in try await self.watch() } }
            group.addTask { await Self.failure { () async throws(TransferError) in try await self.noticeSilence() } }
            group.addTask { await Self.failure { () async throws(TransferError) in try await self.tellOfWork() } }
            // The last two never succeed: three successes are those of the others.
            for _ in 0..<3 {
                guard let ending = await group.next(), let failure = ending else { continue }
                group.cancelAll()
                return TransferError?.some(failure)
            }
            group.cancelAll()
            return nil
        }
        if let failure { throw failure }
    }

    private static func failure(
        of body: () async throws(TransferError) -> Void
    ) async -> TransferError? {
        do throws(TransferError) { try await body() } catch { return error }
        return nil
    }

    private func send() async throws(TransferError) {
        try await SenderFlow(self).send()
    }

    private func noticeSilence() async throws(TransferError) {
        try await session.noticeSilence(of: options.stallTimeout) { $0.isOwed }
    }

    private func tellOfWork() async throws(TransferError) {
        try await session.tellOfWork(within: options.stallTimeout)
    }

    /// Where a receiver has something of ours, it keeps it when the connection breaks.
    private func amended(_ error: TransferError) -> TransferError {
        guard error.code == .peerVanished, session.monitor.read({ $0.core.hasMoved }) else { return error }
        var error = error
        error.isResumable = true
        return error
    }

    // MARK: Offer

    /// Offers what is found, as it is found.
    private func offer() async throws(TransferError) {
        let transfer = session.monitor.read { $0.core.transfer }
        var count = 0
        var textBytes = 0
        var batch = ControlMessage.OfferBatch()
        while true {
            let before = count
            let (items, isAll) = try await sources.catalog.wait { catalog -> ([ControlMessage.Item], Bool)? in
                let end = min(catalog.entries.count, before + TransferLimits.itemsPerOffer)
                guard end > before || catalog.isComplete else { return nil }
                let isAll = catalog.isComplete && end == catalog.entries.count
                return ((before..<end).map { catalog.item($0).message }, isAll)
            }
            if options.isUnordered, items.contains(where: { $0.size == nil }) {
                throw TransferError(
                    .unreadable, "Standard input cannot go where bytes may get lost: it cannot be read again.")
            }
            for item in items where !batch.append(item) {
                try await tell(batch, of: transfer, isLast: false, &textBytes)
                batch = ControlMessage.OfferBatch()
                _ = batch.append(item)
            }
            count += items.count
            if isAll || !batch.items.isEmpty {
                try await tell(batch, of: transfer, isLast: isAll, &textBytes)
                batch = ControlMessage.OfferBatch()
            }
            if isAll { return }
        }
    }

    private func tell(
        _ batch: ControlMessage.OfferBatch, of transfer: String, isLast: Bool, _ textBytes: inout Int
    ) async throws(TransferError) {
        let text = ControlMessage.offer(transfer: transfer, items: batch.items, more: !isLast).encoded
        textBytes += text.utf8.count
        guard textBytes <= TransferLimits.offerBytes else {
            throw TransferError(.unreadable, "The files' names together are too long.")
        }
        let (isFirst, items, bytes) = try session.monitor.update { state in
            let isFirst = state.core.sizes.isEmpty
            state.core.offer(batch.items.map(\.size), isLast: isLast)
            return (isFirst, state.core.sizes.count, state.core.totalBytes)
        }
        try await session.send(text: text)
        onEvent(isFirst ? .offered : .counting(items: items, bytes: bytes))
    }

    // MARK: Telling

    /// Turns what the receiver says into events, until the receipt.
    private func watch() async throws(TransferError) {
        let resumed = try await session.monitor.wait { state in
            state.core.phase == .offering ? nil : state.core.resumed
        }
        onEvent(.accepted)
        if resumed != (0, 0) { onEvent(.resumed(items: resumed.items, bytes: resumed.bytes)) }
        var last: Int64 = -1
        while true {
            let before = last
            let (progress, settled, isOver) = try await session.monitor.wait {
                state throws(TransferError) -> (TransferProgress, [ItemReport], Bool)? in
                let settled = state.core.takeSettled()
                let isOver = state.core.phase == .over
                guard !settled.isEmpty || state.core.completedBytes != before || isOver else { return nil }
                return (self.progress(state.core), settled.map { self.report(of: $0, state.core) }, isOver)
            }
            last = progress.completedBytes
            for report in settled { onEvent(.item(report)) }
            onEvent(.progress(progress))
            if isOver { return }
        }
    }

    private func progress(_ core: borrowing SenderCore) -> TransferProgress {
        let (item, bytes) = core.progress
        let isOffered = item < core.sizes.count
        return TransferProgress(
            completedBytes: core.completedBytes, totalBytes: core.totalBytes, isTotalKnown: core.isTotalKnown,
            item: item, itemName: isOffered ? sources.item(item).components.joined(separator: "/") : "",
            itemBytes: bytes, itemSize: isOffered ? core.sizes[item] ?? bytes : 0, finishedItems: core.settledCount,
            itemCount: core.sizes.count)
    }

    private func report(of number: Int, _ core: borrowing SenderCore) -> ItemReport {
        let item = sources.item(number)
        var report = ItemReport(
            number: number, name: item.display, size: core.sizes[number] ?? 0, outcome: .complete)
        report.kind = item.kind
        switch core.fates[number] {
        case .confirmed(let digest): report.digest = digest
        case .had: break
        case .skipped: report.outcome = .skipped
        case .failed(let error), .withdrawn(_, let error): report.outcome = .failed(error)
        // Not reached after a receipt.
        case .pending, .ended: report.outcome = .failed(.vanished)
        }
        return report
    }
}
