internal import NIOPosix

/// One run of a ``FileReceiver``: the tasks between the channels, the core and the disk.
final class ReceiverRun: Sendable {
    /// File bytes for one hop to the thread that writes.
    private static let batchBytes = 2 << 20
    /// How often the sender hears how far we are, at least while bytes come.
    private static let creditInterval = Duration.milliseconds(200)
    /// How long the receipt may take to be read.
    private static let receiptLinger = Duration.seconds(10)
    private static let declineLinger = Duration.seconds(2)

    private let receiver: FileReceiver
    private let session: TransferSession<ReceiverCore>
    private let window: Int

    init(_ receiver: FileReceiver) {
        self.receiver = receiver
        let hasOneChannel = receiver.data == nil || receiver.data === receiver.control
        session = TransferSession(
            ReceiverCore(hasOneChannel: hasOneChannel), control: receiver.control, data: receiver.data)
        window = max(TransferLimits.payloadBytes, receiver.options.windowBytes)
    }

    func run() async throws(TransferError) -> TransferReport {
        let options = receiver.options
        return try await session.run(options) { () async throws(TransferError) in
            let agent = try await self.session.greeting(atMost: options.greetingTimeout) { $0.intake.agent }
            self.receiver.onEvent(.peer(agent: agent))
            let offer = try await self.offer(from: agent)
            let policy = try await self.decide(offer)
            return try await self.receive(offer, policy)
        }
    }

    // MARK: Offer

    private func offer(from agent: String) async throws(TransferError) -> Offer {
        let (items, totalBytes) = try await session.monitor.wait { state in
            state.core.phase == .deciding ? (state.core.items, state.core.totalBytes) : nil
        }
        let directory = receiver.destination.directory!
        do {
            return try await NIOThreadPool.singleton.runIfActive {
                Offer(
                    agent: agent, items: items.map { Offer.Item($0, in: directory) }, totalBytes: totalBytes,
                    freeBytes: directory.freeBytes, isComplete: true, resumedItems: 0, resumedBytes: 0, version: 0)
            }
        } catch {
            // The pool only refuses work for a cancelled task.
            throw .canceled
        }
    }

    /// Checks the room, asks, and returns how to treat what exists. A no is told and thrown.
    private func decide(_ offer: Offer) async throws(TransferError) -> ExistingFilePolicy {
        // Nobody is asked about what cannot be; what exists may turn out to stay.
        try await check(offer.neededBytes(.skip), offer)
        switch try await answer(to: offer) {
        case .accept(let policy):
            try await check(offer.neededBytes(policy), offer)
            return policy
        case .decline(let reason):
            try await decline(reason)
            throw TransferError(.declined, "The offer was declined.")
        }
    }

    private func check(_ neededBytes: Int64, _ offer: Offer) async throws(TransferError) {
        guard neededBytes > offer.freeBytes else { return }
        try await decline("There is not enough free space for it.")
        throw TransferError(
            .storage,
            "There is not enough free space: \(Printable.size(neededBytes)) are offered, but "
                + "\(Printable.line(receiver.destination.directory!.path)) has room for \(Printable.size(offer.freeBytes)).")
    }

    /// Asks in a task of its own, so that a person who does not answer does not keep a transfer alive that has ended.
    private func answer(to offer: Offer) async throws(TransferError) -> OfferDecision {
        let answer = Monitor<OfferDecision?>(nil)
        let decide = receiver.decide
        let task = Task {
            let decision = await decide(IncomingOffer(offer))
            answer.note { $0 = decision }
        }
        defer { task.cancel() }
        return try await answer.wait { $0 }
    }

    private func decline(_ reason: String) async throws(TransferError) {
        let transfer = try session.monitor.update { state in
            state.core.decline()
            return state.core.transfer ?? ""
        }
        try await session.send(.decline(transfer: transfer, reason: String(reason.prefix(500))))
        await session.linger(atMost: Self.declineLinger) { $0.intake.hasSaidBye }
    }

    // MARK: Receiving

    private func receive(_ offer: Offer, _ policy: ExistingFilePolicy) async throws(TransferError) -> TransferReport {
        let writer = ItemWriter(directory: receiver.destination.directory!, items: offer.items, policy: policy)
        var ledger = Ledger(offer)
        do throws(TransferError) {
            try await accept(writer, &ledger)
            try await write(writer, &ledger)
        } catch {
            await writer.abandon()
            throw error
        }
        try await session.send(.receipt(items: ledger.completeCount, bytes: ledger.completeBytes))
        await session.linger(atMost: Self.receiptLinger) { $0.intake.hasSaidBye }
        return TransferReport(items: ledger.reports.compactMap { $0 })
    }

    private func accept(_ writer: ItemWriter, _ ledger: inout Ledger) async throws(TransferError) {
        let refusals = await writer.refusals()
        let accept = try session.monitor.update { state throws(TransferError) in
            state.core.accept(window: window)
            for report in refusals { try state.core.refuse(report.number) }
            return ControlMessage.accept(transfer: state.core.transfer ?? "", limit: state.core.limit)
        }
        try await session.send([accept] + refusals.map(Self.answer))
        receiver.onEvent(.accepted)
        for report in refusals { tell(report, &ledger) }
    }

    private func write(_ writer: ItemWriter, _ ledger: inout Ledger) async throws(TransferError) {
        let clock = ContinuousClock()
        var handled: Int64 = 0
        var credited: Int64 = 0
        var creditedAt = clock.now
        while true {
            let work = try await session.monitor.wait { state -> [ReceiverCore.Work]? in
                let work = state.core.takeWork(upTo: Self.batchBytes)
                return work.isEmpty && !state.core.isFinished ? nil : work
            }
            if work.isEmpty { return }
            let outcome = await writer.perform(work)
            handled += Int64(outcome.handledBytes)

            var messages: [ControlMessage] = []
            let isDue = handled - credited >= Int64(window) / 4 || clock.now - creditedAt >= Self.creditInterval
            if handled > credited, isDue || !outcome.reports.isEmpty {
                let total = handled
                messages.append(
                    try session.monitor.update { state in state.core.raiseLimit(handled: total, window: window) })
                credited = handled
                creditedAt = clock.now
            }
            for report in outcome.reports where report.outcome != .complete {
                try session.monitor.update { state throws(TransferError) in try state.core.refuse(report.number) }
            }
            // What the sender gave up itself needs no answer.
            let answered = outcome.reports.filter { $0.error?.isReportedByPeer != true }
            try await session.send(messages + answered.map(Self.answer))

            for report in outcome.reports { tell(report, &ledger) }
            receiver.onEvent(.progress(ledger.progress(handled: handled, after: work)))
            if let failure = outcome.failure { throw failure }
        }
    }

    private func tell(_ report: ItemReport, _ ledger: inout Ledger) {
        ledger.note(report)
        receiver.onEvent(.item(report))
    }

    /// What the sender hears of a decided item: no local path, nothing that it does not know.
    private static func answer(_ report: ItemReport) -> ControlMessage {
        if report.outcome == .complete, let digest = report.digest {
            return .confirmed(item: report.number, bytes: report.size, root: digest)
        }
        let code = report.error?.code ?? .exists
        let message =
            switch code {
            case .exists: "Something of that name is there already."
            case .name: "It has a name that cannot be used there."
            case .integrity: "It did not arrive as it was sent: its hash differs."
            default: "It could not be kept."
            }
        return .itemFailed(item: report.number, code: code.rawValue, message: message)
    }
}

/// What a receiver has done so far.
private struct Ledger {
    let offer: Offer
    var reports: [ItemReport?]
    var completeCount: Int64 = 0
    var completeBytes: Int64 = 0
    private var finishedCount = 0
    private var item = 0
    private var itemBytes: Int64 = 0

    init(_ offer: Offer) {
        self.offer = offer
        reports = Array(repeating: nil, count: offer.items.count)
    }

    mutating func note(_ report: ItemReport) {
        reports[report.number] = report
        finishedCount += 1
        if report.outcome == .complete {
            completeCount += 1
            completeBytes += report.size
        }
    }

    mutating func progress(handled: Int64, after work: [ReceiverCore.Work]) -> TransferProgress {
        for step in work {
            switch step {
            case .write(let frame): (item, itemBytes) = (frame.item, frame.offset + Int64(frame.payloadByteCount))
            case .finish(let number, let size, _): (item, itemBytes) = (number, size)
            case .discard, .abandon: break
            }
        }
        return TransferProgress(
            completedBytes: handled, totalBytes: offer.totalBytes, item: item, itemBytes: itemBytes,
            itemSize: offer.items.isEmpty ? 0 : offer.items[item].size, finishedItems: finishedCount,
            itemCount: offer.items.count)
    }
}
