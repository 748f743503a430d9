/// The bytes of a ``SenderRun``: from the reader, as far as credit and rate go, to the channels.
struct SenderFlow: Sendable {
    private typealias Batch = [SourceReader.Piece]

    /// How long standard input may have nothing before it is asked again.
    private static let inputPause = Duration.milliseconds(10)
    /// A wait for the rate that is not worth a hand-over of its own.
    private static let shortWait = Duration.milliseconds(4)

    private let run: SenderRun
    private let session: TransferSession<SenderCore>
    private let reader: SourceReader
    private let limit: RateLimit?

    init(_ run: SenderRun) {
        self.run = run
        session = run.session
        limit = run.options.limit
        reader = SourceReader(run.sources, payloadBytes: session.payloadBytes, hashes: run.options.hashes)
    }

    /// Sends everything, from the yes to the receipt.
    func send() async throws(TransferError) {
        try await session.monitor.wait { state in state.core.phase == .offering ? nil : () }
        var resent: Int64 = 0
        var batch = try await read()
        while let current = batch {
            // The next batch is read and hashed while this one is sent.
            async let next = Self.result { () async throws(TransferError) in try await read() }
            try await send(current, &resent)
            batch = try await next.get()
        }
        try await session.send(
            try session.monitor.update { state in [state.core.mark(), state.core.finish()].compactMap { $0 } })
        while try await session.monitor.wait(for: { state -> Bool? in
            state.core.phase == .over ? false : state.core.hasMissing ? true : nil
        }) {
            try await repair(&resent)
        }
        // The receipt has come: the transfer succeeded, whether or not the peer still hears this.
        do throws(TransferError) { try await session.send(.bye) } catch {}
    }

    private static func result<Value: Sendable>(
        of body: () async throws(TransferError) -> Value
    ) async -> Result<Value, TransferError> {
        do throws(TransferError) { return .success(try await body()) } catch { return .failure(error) }
    }

    /// The next pieces of items whose offer is out; nil when there are no more of either.
    private func read() async throws(TransferError) -> Batch? {
        let monitor = session.monitor
        monitor.note { $0.core.isReading = true }
        defer { monitor.note { $0.core.isReading = false } }
        while true {
            let (count, isAll) = monitor.read { ($0.core.sizes.count, $0.core.isOfferComplete) }
            let batch = try await reader.nextBatch(itemCount: count) { item in
                monitor.read { $0.core.wish(item) }
            }
            if !batch.pieces.isEmpty { return batch.pieces }
            switch batch.rest {
            case .more: if Task.isCancelled { throw .canceled }
            case .waiting: try await Self.pause(Self.inputPause)
            case .none:
                if isAll { return nil }
                try await monitor.wait { state in
                    state.core.sizes.count > count || state.core.isOfferComplete ? () : nil
                }
            }
        }
    }

    private static func pause(_ duration: Duration) async throws(TransferError) {
        do { try await Task.sleep(for: duration) } catch { throw .canceled }
    }

    // MARK: Pieces

    /// Hands a batch over, as far as credit goes at once, the rest as more is granted.
    private func send(_ batch: Batch, _ resent: inout Int64) async throws(TransferError) {
        var outgoing = Outgoing(isOneChannel: session.hasOneChannel)
        for piece in batch {
            switch piece {
            case .begin(let item, let offset):
                guard let begin = try session.monitor.update({ state in state.core.begin(item, at: offset) }) else {
                    continue
                }
                // Before the frames that it is about.
                try await flush(&outgoing)
                try await session.send(begin)
            case .frame(let item, let offset, let message):
                try await send(message, item: item, offset: offset, with: &outgoing, &resent)
            case .segment(let item, let number, let hash):
                let isWanted = session.monitor.read { !$0.core.fates[item].isOver }
                if isWanted { outgoing.append(.segment(item: item, number: number, hash: hash)) }
            case .end(let item, let size, let root):
                if session.monitor.read({ !$0.core.hasRoomForEnd }) {
                    try await flush(&outgoing)
                    try await awaitAnswers(&resent)
                }
                outgoing.append(try session.monitor.update { state in state.core.end(item, size: size, root: root) })
            case .stop(let item, let error):
                guard let error else { continue }
                outgoing.append(try session.monitor.update { state in state.core.fail(item, error) })
            }
        }
        try await flush(&outgoing)
    }

    /// Adds a frame, cut where the credit ends: a receiver may grant less than a frame and must not starve us.
    private func send(
        _ message: [UInt8], item: Int, offset: Int64, with outgoing: inout Outgoing, _ resent: inout Int64
    ) async throws(TransferError) {
        let byteCount = message.count - DataFrame.headerByteCount
        let lot = limit?.lotBytes ?? Int.max
        var start = 0
        while start < byteCount {
            let spent = try session.monitor.update { state -> Int? in
                if state.core.fates[item].isOver { return nil }
                // What was lost goes first.
                if state.core.hasMissing { return 0 }
                let count = Int(min(Int64(min(byteCount - start, lot)), state.core.credit))
                state.core.spend(count, item: item, end: offset + Int64(start + count))
                return count
            }
            guard let count = spent else { return }
            if count == 0 {
                // Everything that was allowed has to be out before more can be.
                try await flush(&outgoing)
                try await awaitCredit(for: item, &resent)
                continue
            }
            if let limit {
                let wait = limit.reserve(count)
                if wait > Self.shortWait {
                    try await flush(&outgoing)
                    try await Self.pause(wait)
                }
            }
            let isWhole = count == byteCount
            outgoing.append(
                frame: isWhole
                    ? message : DataFrame.part(of: message, item: item, offset: offset, start: start, count: count))
            start += count
        }
    }

    /// Waits until more of an item may go; what was lost goes first.
    private func awaitCredit(for item: Int, _ resent: inout Int64) async throws(TransferError) {
        let mark = try session.monitor.update { state in state.core.credit == 0 ? state.core.mark() : nil }
        if let mark { try await session.send(mark) }
        while try await session.monitor.wait(for: { state -> Bool? in
            if state.core.hasMissing { return true }
            return state.core.credit > 0 || state.core.fates[item].isOver ? false : nil
        }) {
            try await repair(&resent)
        }
    }

    /// Waits until the receiver has answered some of the items that ended; what was lost goes first.
    private func awaitAnswers(_ resent: inout Int64) async throws(TransferError) {
        if let mark = try session.monitor.update({ state in state.core.mark() }) { try await session.send(mark) }
        while try await session.monitor.wait(for: { state -> Bool? in
            state.core.hasMissing ? true : state.core.hasRoomForEnd ? false : nil
        }) {
            try await repair(&resent)
        }
    }

    // MARK: What was lost

    /// Sends what the receiver misses once more, and says so.
    private func repair(_ resent: inout Int64) async throws(TransferError) {
        while let stretch = try session.monitor.update({ state in state.core.takeMissing() }) {
            var rest = stretch
            while rest.byteCount > 0 {
                let done = try await again(rest)
                rest.offset += done
                rest.byteCount -= done
                resent += done
                run.onEvent(.resent(bytes: resent))
            }
        }
        if let mark = try session.monitor.update({ state in state.core.mark() }) { try await session.send(mark) }
    }

    /// Sends the beginning of a stretch again, and returns how much that was.
    private func again(_ stretch: ControlMessage.Stretch) async throws(TransferError) -> Int64 {
        let item = stretch.item
        let frames: [(offset: Int64, message: [UInt8])]
        do throws(TransferError) {
            frames = try await reader.again(stretch)
        } catch {
            guard error.code == .changed || error.code == .unreadable else { throw error }
            let failed = try session.monitor.update { state in state.core.fail(item, error) }
            if let failed { try await session.send(failed) }
            return stretch.byteCount
        }
        let lot = limit?.lotBytes ?? Int.max
        var done: Int64 = 0
        for (offset, message) in frames {
            let byteCount = message.count - DataFrame.headerByteCount
            var start = 0
            while start < byteCount {
                let mark = try session.monitor.update { state in state.core.credit == 0 ? state.core.mark() : nil }
                if let mark { try await session.send(mark) }
                let spent = try await session.monitor.wait { state -> Int? in
                    if state.core.fates[item].isOver { return 0 }
                    let count = Int(min(Int64(min(byteCount - start, lot)), state.core.credit))
                    guard count > 0 else { return nil }
                    state.core.spendAgain(count)
                    return count
                }
                // Nobody wants it any more.
                if spent == 0 { return stretch.byteCount }
                if let limit { try await Self.pause(limit.reserve(spent)) }
                let part = DataFrame.part(of: message, item: item, offset: offset, start: start, count: spent)
                try await session.sendFrames([.binary(part)])
                start += spent
            }
            done += Int64(byteCount)
        }
        return done
    }

    // MARK: Going out

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
}
