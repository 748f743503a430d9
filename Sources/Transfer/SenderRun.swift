/// One run of a ``FileSender``: the tasks between the files, the core and the channels.
final class SenderRun: Sendable {
    private let files: [SourceFile]
    private let totalBytes: Int64
    private let session: TransferSession<SenderCore>
    private let options: TransferOptions
    private let onEvent: @Sendable (TransferEvent) -> Void

    init(
        files: [SourceFile], totalBytes: Int64, control: any TransferChannel, data: (any TransferChannel)?,
        options: TransferOptions, onEvent: @escaping @Sendable (TransferEvent) -> Void
    ) {
        self.files = files
        self.totalBytes = totalBytes
        let transfer = options.transfer ?? TransferOptions.randomIdentifier()
        session = TransferSession(
            SenderCore(transfer: transfer, sizes: files.map(\.size)), control: control, data: data)
        self.options = options
        self.onEvent = onEvent
    }

    func run() async throws(TransferError) -> TransferReport {
        try await session.run(options) { () async throws(TransferError) in
            let agent = try await self.session.greeting(atMost: self.options.greetingTimeout) { $0.intake.agent }
            self.onEvent(.peer(agent: agent))
            try await self.offer()
            try await self.sendAndReport()
            return self.session.monitor.read { state in
                TransferReport(items: self.files.indices.map { self.report(of: $0, state.core) })
            }
        }
    }

    // MARK: Offer

    private func offer() async throws(TransferError) {
        let transfer = session.monitor.read { $0.core.transfer }
        let items = files.enumerated().map { number, file in
            ControlMessage.Item(
                number: number, path: file.name.components, size: file.size, modified: file.status.modifiedSeconds,
                isExecutable: file.status.isExecutable)
        }
        for offer in ControlMessage.offers(transfer: transfer, items: items) { try await session.send(offer) }
        onEvent(.offered)
        try await session.monitor.wait { state in state.core.phase == .offering ? nil : () }
        onEvent(.accepted)
    }

    // MARK: Sending

    /// Sends while another task tells what the receiver confirms.
    private func sendAndReport() async throws(TransferError) {
        let outcome = await withTaskGroup(of: Result<Void, TransferError>.self) { group in
            group.addTask { await Self.result { () async throws(TransferError) in try await self.sendFiles() } }
            group.addTask { await Self.result { () async throws(TransferError) in try await self.watch() } }
            var first = Result<Void, TransferError>.success(())
            for await ending in group {
                guard case .failure = ending, case .success = first else { continue }
                first = ending
                group.cancelAll()
            }
            return first
        }
        try outcome.get()
    }

    private static func result<Value: Sendable>(
        of body: () async throws(TransferError) -> Value
    ) async -> Result<Value, TransferError> {
        do throws(TransferError) { return .success(try await body()) } catch { return .failure(error) }
    }

    private func sendFiles() async throws(TransferError) {
        let reader = SourceReader(files: files, payloadBytes: session.payloadBytes)
        let monitor = session.monitor
        let isUnwanted: @Sendable (Int) -> Bool = { item in monitor.read { $0.core.fates[item].isOver } }
        var batch = try await reader.nextBatch(skipping: isUnwanted)
        while !batch.isEmpty {
            // The next batch is read and hashed while this one is sent.
            async let next = Self.result { () async throws(TransferError) in
                try await reader.nextBatch(skipping: isUnwanted)
            }
            try await send(batch)
            batch = try await next.get()
        }
        try await session.send(try monitor.update { state in state.core.finish() })
        try await monitor.wait { state in state.core.phase == .over ? () : nil }
        // The receipt has come: the transfer succeeded, whether or not the peer still hears this.
        do throws(TransferError) { try await session.send(.bye) } catch {}
    }

    /// Hands a batch over, as far as credit goes at once, the rest as more is granted.
    private func send(_ batch: [SourceReader.Piece]) async throws(TransferError) {
        var outgoing = Outgoing(isOneChannel: session.hasOneChannel)
        for piece in batch {
            switch piece {
            case .begin(let item): try session.monitor.update { state in state.core.begin(item) }
            case .frame(let item, let offset, let message):
                try await send(message, item: item, offset: offset, with: &outgoing)
            case .end(let item, let digest):
                outgoing.append(try session.monitor.update { state in state.core.end(item, digest: digest) })
            case .stop(let item, let error):
                guard let error else { continue }
                outgoing.append(try session.monitor.update { state in state.core.fail(item, error) })
            }
        }
        try await flush(&outgoing)
    }

    /// Adds a frame, cut where the credit ends: a receiver may grant less than a frame and must not starve us.
    private func send(
        _ message: [UInt8], item: Int, offset: Int64, with outgoing: inout Outgoing
    ) async throws(TransferError) {
        let byteCount = message.count - DataFrame.headerByteCount
        var start = 0
        while start < byteCount {
            let spent = try session.monitor.update { state -> Int? in
                if state.core.fates[item].isOver { return nil }
                let count = Int(min(Int64(byteCount - start), state.core.credit))
                state.core.spend(count)
                return count
            }
            guard let count = spent else { return }
            if count == 0 {
                // Everything that was allowed has to be out before more can be.
                try await flush(&outgoing)
                try await session.monitor.wait { state in
                    state.core.credit > 0 || state.core.fates[item].isOver ? () : nil
                }
            } else if count == byteCount {
                outgoing.append(frame: message)
                start = count
            } else {
                outgoing.append(
                    frame: DataFrame.part(of: message, item: item, offset: offset, start: start, count: count))
                start += count
            }
        }
    }

    /// Messages that go out together: one hand-over for many.
    private struct Outgoing {
        let isOneChannel: Bool
        var data: [TransferMessage] = []
        var control: [ControlMessage] = []

        init(isOneChannel: Bool) { self.isOneChannel = isOneChannel }

        mutating func append(frame: [UInt8]) { data.append(.binary(frame)) }

        /// On one channel the end of an item comes before the frames of the next, as the order of messages promises.
        mutating func append(_ message: ControlMessage?) {
            guard let message else { return }
            if isOneChannel { data.append(.text(message.encoded)) } else { control.append(message) }
        }
    }

    private func flush(_ outgoing: inout Outgoing) async throws(TransferError) {
        let sending = outgoing
        outgoing = Outgoing(isOneChannel: session.hasOneChannel)
        try await session.sendFrames(sending.data)
        try await session.send(sending.control)
    }

    // MARK: Telling

    /// Turns what the receiver confirms into events, until the receipt.
    private func watch() async throws(TransferError) {
        var lastReceived: Int64 = -1
        while true {
            let before = lastReceived
            let (progress, reports, isOver) = try await session.monitor.wait {
                state throws(TransferError) -> (TransferProgress, [ItemReport], Bool)? in
                let settled = state.core.takeSettled()
                guard !settled.isEmpty || state.core.receivedBytes != before || state.core.phase == .over else {
                    return nil
                }
                return (
                    self.progress(state.core), settled.map { self.report(of: $0, state.core) },
                    state.core.phase == .over
                )
            }
            lastReceived = progress.completedBytes
            for report in reports { onEvent(.item(report)) }
            onEvent(.progress(progress))
            if isOver { return }
        }
    }

    private func progress(_ core: SenderCore) -> TransferProgress {
        let (item, bytes) = core.position
        return TransferProgress(
            completedBytes: core.receivedBytes, totalBytes: totalBytes, item: item, itemBytes: bytes,
            itemSize: core.sizes.isEmpty ? 0 : core.sizes[item], finishedItems: core.settledCount,
            itemCount: core.sizes.count)
    }

    private func report(of item: Int, _ core: SenderCore) -> ItemReport {
        let file = files[item]
        var report = ItemReport(
            number: item, name: file.name.display, size: file.size, outcome: .complete, localPath: nil,
            wasRenamed: false, digest: nil)
        switch core.fates[item] {
        case .confirmed(let digest): report.digest = digest
        case .failed(let error): report.outcome = .failed(error)
        // Not reached after a receipt.
        case .pending, .ended: report.outcome = .failed(.vanished)
        }
        return report
    }
}
