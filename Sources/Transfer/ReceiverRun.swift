internal import Synchronization

/// One run of a ``FileReceiver``: the tasks between the channels, the core and the disk.
final class ReceiverRun: Sendable {
    /// File bytes for one hop to the thread that writes.
    private static let batchBytes = 2 << 20
    /// How often the sender hears how far we are, at least while bytes come.
    private static let creditInterval = Duration.milliseconds(200)
    /// How long the receipt may take to be read.
    private static let receiptLinger = Duration.seconds(10)
    /// After how much silence what is not there counts as lost.
    private static let silence = Duration.milliseconds(200)

    let receiver: FileReceiver
    let session: TransferSession<ReceiverCore>
    let writer: ItemWriter
    let pace: WriterPace
    let window: Int
    let questionDelay: Duration
    /// Something was kept for a later connection.
    private let isKept = Mutex(false)

    /// - Parameters:
    ///   - questionDelay: how long the first items wait for the rest of the offer before the person is asked.
    ///   - output: where ``Destination/standardOutput`` goes.
    init(
        _ receiver: FileReceiver, pace: WriterPace = WriterPace(), questionDelay: Duration = .milliseconds(500),
        output: Int32 = 1
    ) {
        self.receiver = receiver
        self.questionDelay = questionDelay
        self.pace = pace
        let hasOneChannel = receiver.data == nil || receiver.data === receiver.control
        session = TransferSession(
            ReceiverCore(hasOneChannel: hasOneChannel, certificates: receiver.options.certificates),
            control: receiver.control, data: receiver.data)
        writer = ItemWriter(destination: receiver.destination, pace: pace, output: output)
        window = max(TransferLimits.payloadBytes, receiver.options.windowBytes)
    }

    func run() async throws(TransferError) -> TransferReport {
        var options = receiver.options
        options.session = options.session ?? TransferOptions.randomIdentifier()
        let named = options
        return try await session.run(options, amending: amended) { () async throws(TransferError) in
            let agent = try await self.session.greeting(atMost: named.greetingTimeout) { $0.intake.agent }
            self.receiver.onEvent(.peer(agent: agent))
            try await self.session.reveal()
            try await self.session.compareWords(named, onEvent: self.receiver.onEvent)
            let guards = [
                Task { await self.watchStall(named.stallTimeout) }, Task { await self.watchMarks() },
                Task { () -> Void in try? await self.session.tellOfWork(within: named.stallTimeout) },
            ]
            defer { for task in guards { task.cancel() } }
            let agreement = try await self.negotiate(with: agent)
            return try await self.receive(agreement, session: named.session ?? "")
        }
    }

    /// What was kept makes any end of a connection one that can go on.
    private func amended(_ error: TransferError) -> TransferError {
        guard isKept.withLock({ $0 }) else { return error }
        var error = error
        error.isResumable = true
        return error
    }

    // MARK: Receiving

    private func receive(_ agreement: Agreement, session name: String) async throws(TransferError) -> TransferReport {
        var ledger = Ledger()
        do throws(TransferError) {
            try await accept(agreement, session: name, &ledger)
            try await write(&ledger)
        } catch {
            let isStorage = error.code == .storage && !error.isReportedByPeer
            let isOurs = await writer.abandon(isDiskSound: !isStorage)
            isKept.withLock { $0 = isOurs }
            throw error
        }
        session.monitor.note { $0.core.signals.isBusy = true }
        do throws(TransferError) {
            try await session.send(.receipt(items: ledger.completeCount, bytes: ledger.completeBytes))
        } catch {
            let isOurs = await writer.abandon(isDiskSound: true)
            isKept.withLock { $0 = isOurs }
            throw error
        }
        await session.linger(atMost: Self.receiptLinger) { $0.intake.hasSaidBye }
        // Only now: whoever is killed before the other side has the receipt can come again and say it.
        await writer.end()
        return TransferReport(items: ledger.reports)
    }

    private func accept(
        _ agreement: Agreement, session name: String, _ ledger: inout Ledger
    ) async throws(TransferError) {
        session.monitor.note { $0.core.signals.isBusy = true }
        let (resumption, refusals) = await writer.begin(
            agreement.policy, transfer: agreement.transfer, session: name, resuming: agreement.earlier)
        if agreement.isComplete { await writer.acceptAll() }
        ledger.resume(resumption, itemCount: agreement.itemCount)
        let accept = try session.monitor.update { state throws(TransferError) in
            state.core.signals.isBusy = false
            try state.core.accept(window: window, complete: resumption.runs, partial: resumption.partial)
            for report in refusals { try state.core.refuse(report.number) }
            return ControlMessage.accept(transfer: agreement.transfer, limit: state.core.limit)
        }
        let haves = ControlMessage.haves(
            transfer: agreement.transfer, complete: resumption.runs, partial: resumption.partial)
        try await session.send(haves + [accept] + refusals.map(Self.answer))
        receiver.onEvent(.accepted)
        if !resumption.complete.isEmpty || resumption.byteCount > 0 {
            receiver.onEvent(.resumed(items: resumption.complete.count, bytes: resumption.byteCount))
        }
        for report in resumption.complete { receiver.onEvent(.item(report)) }
        for report in refusals { tell(report, &ledger) }
        ledger.isAccepted = agreement.isComplete
    }

    /// What the writing task waits for.
    private struct Step: Sendable {
        var offered: [ControlMessage.Item]
        var work: [ReceiverCore.Work]
        var missing: [ControlMessage.Stretch]
        var isIdle: Bool
        var isFinished: Bool
        var offerIsComplete: Bool
        var totalBytes: Int64
    }

    private func write(_ ledger: inout Ledger) async throws(TransferError) {
        let clock = ContinuousClock()
        var credited: Int64 = 0
        var creditedAt = clock.now
        var outcome = ItemWriter.Outcome()
        while true {
            let step = try await next(after: outcome, isAccepted: ledger.isAccepted)
            if !step.offered.isEmpty || step.offerIsComplete != ledger.isAccepted {
                try await take(step, &ledger)
            }
            let isIdle = step.isIdle || step.isFinished
            session.monitor.note { $0.core.signals.isBusy = true }
            outcome = await writer.perform(step.work, isIdle: isIdle)
            ledger.note(step.work, outcome)

            let handled = outcome.handledBytes
            let reports = outcome.reports
            let isEnded = !reports.isEmpty || !step.missing.isEmpty
            let now = clock.now
            let (due, isDue) = (credited, now - creditedAt >= Self.creditInterval)
            let item = ledger.item
            let (credit, itemSize) = try session.monitor.update {
                state throws(TransferError) -> (ControlMessage?, Int64?) in
                let itemSize = state.core.size(of: item)
                state.core.signals.isBusy = false
                state.core.handle(handled)
                for report in reports where report.outcome != .complete { try state.core.refuse(report.number) }
                let more = state.core.handledBytes - due
                guard more > 0 || state.core.lostBytes > 0 && isEnded,
                    more >= Int64(window) / 4 || isDue || isEnded
                else { return (nil, itemSize) }
                return (state.core.raiseLimit(), itemSize)
            }
            if case .credit(let received, _) = credit { (credited, creditedAt) = (received, now) }
            // What the sender gave up itself needs no answer.
            let answered = reports.filter { $0.error?.isReportedByPeer != true }
            try await session.send(
                ControlMessage.missings(step.missing) + (credit.map { [$0] } ?? []) + answered.map(Self.answer))

            for text in outcome.texts { receiver.onEvent(.text(text)) }
            for report in reports { tell(report, &ledger) }
            receiver.onEvent(.progress(ledger.progress(totalBytes: step.totalBytes, itemSize: itemSize)))
            if let failure = outcome.failure { throw failure }
            if step.isFinished, step.work.isEmpty, !outcome.hasWaitingItems { return }
        }
    }

    /// Waits for something to do; when nothing comes, that is something too.
    private func next(after outcome: ItemWriter.Outcome, isAccepted: Bool) async throws(TransferError) -> Step {
        let delay = outcome.hasWaitingItems ? pace.groupDelay : outcome.hasUnsafeBytes ? pace.durableInterval : nil
        session.monitor.note { $0.core.signals.isIdle = false }
        let timer = delay.map { delay in
            Task {
                try await Task.sleep(for: delay)
                session.monitor.note { $0.core.signals.isIdle = true }
            }
        }
        defer { timer?.cancel() }
        let hasWaitingItems = outcome.hasWaitingItems
        return try await session.monitor.wait { state -> Step? in
            let work = state.core.takeWork(upTo: Self.batchBytes)
            let isFinished = state.core.isFinished
            // Nothing else can join the group.
            let isIdle = state.core.signals.isIdle || hasWaitingItems && state.core.hasClosedAll && work.isEmpty
            let offered = state.core.takeOffered()
            let missing = state.core.signals.missing
            let isNews = !offered.isEmpty || state.core.offerIsComplete != isAccepted || !missing.isEmpty
            guard !work.isEmpty || isFinished || isIdle || isNews else { return nil }
            state.core.signals.missing = []
            return Step(
                offered: offered, work: work, missing: missing, isIdle: isIdle, isFinished: isFinished,
                offerIsComplete: state.core.offerIsComplete, totalBytes: state.core.totalBytes)
        }
    }

    /// More of the offer, under the yes that was said.
    private func take(_ step: Step, _ ledger: inout Ledger) async throws(TransferError) {
        let refusals = await writer.add(step.offered)
        ledger.add(step.offered.count)
        try session.monitor.update { state throws(TransferError) in
            for report in refusals { try state.core.refuse(report.number) }
        }
        try await session.send(refusals.map(Self.answer))
        for report in refusals { tell(report, &ledger) }
        receiver.onEvent(.counting(items: ledger.reports.count, bytes: step.totalBytes))
        if step.offerIsComplete {
            await writer.acceptAll()
            ledger.isAccepted = true
        }
        let left = step.totalBytes - ledger.handledBytes - ledger.resumedBytes - ledger.droppedBytes
        guard left > receiver.destination.freeBytes else { return }
        throw TransferError(
            .storage,
            "There is not enough free space: \(Printable.size(left)) are still to come, but "
                + "\(receiver.destination.display) has room for \(Printable.size(receiver.destination.freeBytes)).",
            isResumable: true)
    }

    private func tell(_ report: ItemReport, _ ledger: inout Ledger) {
        ledger.note(report)
        receiver.onEvent(.item(report))
    }

    /// What the sender hears of a decided item: no local path, nothing that it does not know.
    private static func answer(_ report: ItemReport) -> ControlMessage {
        if report.outcome == .complete, let root = report.digest {
            return .confirmed(item: report.number, bytes: report.size, root: root)
        }
        let code = report.error?.code ?? .skipped
        let message =
            switch code {
            case .exists, .skipped: "Something of that name is there already."
            case .name: "It has a name that cannot be used there."
            case .integrity: "It did not arrive as it was sent: its hash differs."
            default: "It could not be kept."
            }
        return .itemFailed(item: report.number, code: code.rawValue, message: message)
    }

    // MARK: Silence

    /// Ends the transfer when nothing comes although it is the sender's turn.
    private func watchStall(_ limit: Duration) async {
        do throws(TransferError) {
            try await session.noticeSilence(of: limit) { $0.isOwed }
        } catch {
            // Whether it can be resumed is told by what was kept.
            if error.code == .peerVanished { session.monitor.fail(TransferError(error.code, error.message)) }
        }
    }

    /// With frames that may be lost: names what is missing when a mark came, and then nothing for a while.
    private func watchMarks() async {
        while let count = try? await session.monitor.wait(for: { state -> Int? in
            state.core.isMarkPending && state.core.signals.missing.isEmpty ? state.core.frameCount : nil
        }) {
            guard (try? await Task.sleep(for: Self.silence)) != nil else { return }
            do throws(TransferError) {
                try session.monitor.update { state throws(TransferError) in
                    guard state.core.frameCount == count, state.core.isMarkPending else { return }
                    state.core.signals.missing = try state.core.takeMissing()
                }
            } catch {
                session.monitor.fail(error)
            }
        }
    }
}
