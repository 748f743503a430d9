/// One side of the protocol, as a value: messages in, and what they mean for the state.
protocol TransferCore: Sendable {
    /// The role that this core plays.
    static var role: ControlMessage.Role { get }
    var intake: ControlIntake { get }
    /// This side does something that the other has to wait for.
    var isWorking: Bool { get }

    mutating func receive(_ message: ControlMessage, byteCount: Int) throws(TransferError)
    mutating func receive(_ frame: DataFrame) throws(TransferError)
    /// The peer's messages on a channel have ended; throws when the transfer needed more of them.
    mutating func channelEnded(_ channel: ChannelUse) throws(TransferError)
}

/// What a channel is used for.
enum ChannelUse: Sendable {
    case control, data
    /// Control as text and data as binary messages on one ordered channel.
    case both
}

/// Reads the channels into a core, all the time, and runs the side's work beside that; ends both in order.
final class TransferSession<Core: TransferCore>: Sendable {
    struct State: Sendable {
        var core: Core
        /// The control channel has ended: nobody is there to hear more.
        var controlEnded = false
        /// Messages that came.
        var heardCount = 0
    }

    let monitor: Monitor<State>
    private let control: any TransferChannel
    /// Nil when one channel serves as both.
    private let data: (any TransferChannel)?

    init(_ core: Core, control: any TransferChannel, data: (any TransferChannel)?) {
        monitor = Monitor(State(core: core))
        self.control = control
        self.data = data === control ? nil : data
    }

    var hasOneChannel: Bool { data == nil }

    /// The largest payload that fits the data channel's messages and our frames.
    var payloadBytes: Int {
        let fits = (data ?? control).maximumMessageBytes - DataFrame.headerByteCount
        return max(1, min(fits, TransferLimits.payloadBytes))
    }

    // MARK: Sending

    func send(_ messages: ControlMessage...) async throws(TransferError) {
        try await transmit(messages.map { .text($0.encoded) }, on: control)
    }

    func send(_ messages: [ControlMessage]) async throws(TransferError) {
        if !messages.isEmpty { try await transmit(messages.map { .text($0.encoded) }, on: control) }
    }

    func send(text: String) async throws(TransferError) {
        try await transmit([.text(text)], on: control)
    }

    func sendFrames(_ messages: [TransferMessage]) async throws(TransferError) {
        if !messages.isEmpty { try await transmit(messages, on: data ?? control) }
    }

    private func transmit(_ messages: [TransferMessage], on channel: any TransferChannel) async throws(TransferError) {
        do {
            try await channel.transmit(messages)
        } catch {
            if Task.isCancelled { throw .canceled }
            throw await reasonOfEnding()
        }
    }

    /// Why a channel cannot send any more: what the peer said last on it may still be on its way through `read`.
    private func reasonOfEnding() async -> TransferError {
        await withTaskGroup(of: TransferError?.self) { group in
            group.addTask { await self.monitor.failure() }
            group.addTask {
                try? await Task.sleep(for: Self.farewell)
                return nil
            }
            let reason = await group.next() ?? nil
            group.cancelAll()
            return reason ?? .vanished
        }
    }

    /// Waits for what the peer's greeting tells; a peer that does not say it within `limit` counts as gone.
    func greeting<Value: Sendable>(
        atMost limit: Duration, _ value: @Sendable (borrowing Core) -> Value?
    ) async throws(TransferError) -> Value {
        let timer = Task {
            try await Task.sleep(for: limit)
            monitor.fail(TransferError(.peerVanished, "The other side said nothing for \(limit.components.seconds) s."))
        }
        defer { timer.cancel() }
        return try await monitor.wait { state in value(state.core) }
    }

    /// Fails when the other side says nothing for `limit` while it has something to say (``SilenceWatch``); until then
    /// it runs for ever.
    ///
    /// - Parameter isOwed: whether the other side has something to say.
    func noticeSilence(
        of limit: Duration, _ isOwed: @Sendable (borrowing Core) -> Bool
    ) async throws(TransferError) {
        var watch = SilenceWatch(limit: limit)
        while true {
            let (owed, count) = monitor.read { (isOwed($0.core), $0.heardCount) }
            guard !watch.isOver(isOwed: owed, heardCount: count) else {
                throw TransferError(
                    .peerVanished, "The other side has said nothing for \(limit.components.seconds) s.",
                    isResumable: true)
            }
            do { try await Task.sleep(for: watch.step) } catch { throw .canceled }
        }
    }

    /// Says now and then that this side works while it has nothing else to say; runs until it is cancelled.
    ///
    /// - Parameter limit: how long the other side is taken to bear silence.
    func tellOfWork(within limit: Duration) async throws(TransferError) {
        let interval = min(limit / 4, .seconds(5))
        while true {
            do { try await Task.sleep(for: interval) } catch { throw .canceled }
            if monitor.read({ $0.core.isWorking && !$0.controlEnded }) { try await send(.working) }
        }
    }

    // MARK: Running

    /// Says `hello`, runs `work` while the channels are read, and on failure tells the peer why.
    ///
    /// Cancelling the task is a failure like others, so that the peer hears of it.
    ///
    /// - Parameter amending: what the side knows about a failure once its work has ended.
    func run<Result: Sendable>(
        _ options: TransferOptions, amending: @escaping @Sendable (TransferError) -> TransferError = { $0 },
        work: @escaping @Sendable () async throws(TransferError) -> Result
    ) async throws(TransferError) -> Result {
        let task = Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.read(self.control, use: self.data == nil ? .both : .control) }
                if let data = self.data { group.addTask { await self.read(data, use: .data) } }
                let outcome = await self.outcome {
                    () async throws(TransferError) in
                    try await self.greet(options)
                    return try await work()
                }.mapError(amending)
                if case .failure(let error) = outcome { await self.tellPeer(error) }
                group.cancelAll()
                return outcome
            }
        }
        let outcome = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            monitor.fail(.canceled)
        }
        return try outcome.get()
    }

    private func greet(_ options: TransferOptions) async throws(TransferError) {
        let isUnordered = Core.role == .sender && options.isUnordered
        // Only a receiver is known again by it; a sender's is a new one each time.
        let session = Core.role == .receiver ? options.session : nil
        try await send(
            .hello(
                version: ControlMessage.version, role: Core.role, agent: options.agent,
                session: session ?? TransferOptions.randomIdentifier(),
                features: isUnordered ? [ControlMessage.unordered] : [],
                commit: monitor.read { $0.core.intake.words?.commitment }))
    }

    /// Runs `work` until it ends or the monitor fails, whichever comes first.
    private func outcome<Value: Sendable>(
        of work: @escaping @Sendable () async throws(TransferError) -> Value
    ) async -> Result<Value, TransferError> {
        await withTaskGroup(of: Result<Value, TransferError>?.self) { group in
            group.addTask {
                do throws(TransferError) { return .success(try await work()) } catch { return .failure(error) }
            }
            group.addTask { await self.monitor.failure().map { .failure($0) } }
            var outcome: Result<Value, TransferError>?
            for await ending in group {
                if outcome == nil { outcome = ending }
                group.cancelAll()
            }
            return outcome ?? .failure(.canceled)
        }
    }

    /// Waits, for at most `limit`, until the peer has closed the control channel or `isEnough`.
    func linger(atMost limit: Duration, until isEnough: @escaping @Sendable (borrowing Core) -> Bool) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.monitor.settled { $0.controlEnded || isEnough($0.core) } }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Sends `error`, unless the peer knows or is gone, and gives the message time to leave.
    private func tellPeer(_ error: TransferError) async {
        guard !error.isReportedByPeer, error.code != .peerVanished, error.code != .declined else { return }
        let (code, message) = error.forPeer
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // A peer that is gone cannot be told, and that is no further failure.
                try? await self.control.transmit([
                    .text(
                        ControlMessage.error(
                            code: code.rawValue, message: message, isResumable: error.isResumable
                        ).encoded)
                ])
                await self.monitor.settled { $0.controlEnded }
            }
            group.addTask { try? await Task.sleep(for: Self.farewell) }
            await group.next()
            group.cancelAll()
        }
    }

    /// How long a side that ended the transfer waits for the other to close.
    private static var farewell: Duration { .seconds(1) }

    // MARK: Reading

    /// Reads a channel to its end, whatever happens: an unread channel could hold back all others of a connection.
    private func read(_ channel: some TransferChannel, use: ChannelUse) async {
        do {
            for try await message in channel.incoming { receive(message, on: use) }
        } catch {
            // A channel that broke has ended; why is the connection's affair.
        }
        if Task.isCancelled { return }
        do throws(TransferError) {
            try monitor.update { state throws(TransferError) in try state.core.channelEnded(use) }
        } catch {
            monitor.fail(error)
        }
        if use != .data { monitor.note { $0.controlEnded = true } }
    }

    private func receive(_ message: TransferMessage, on use: ChannelUse) {
        do throws(TransferError) {
            switch (message, use) {
            case (.text(let text), .control), (.text(let text), .both):
                let message = try Self.translate { () throws(MessageError) in try ControlMessage(text) }
                try monitor.update { state throws(TransferError) in
                    state.heardCount &+= 1
                    try state.core.receive(message, byteCount: text.utf8.count)
                }
            case (.binary(let bytes), .data), (.binary(let bytes), .both):
                let frame = try Self.translate { () throws(MessageError) in try DataFrame(bytes) }
                try monitor.update { state throws(TransferError) in
                    state.heardCount &+= 1
                    try state.core.receive(frame)
                }
            case (.text, .data): throw .violation("text on the data channel")
            case (.binary, .control): throw .violation("binary on the control channel")
            }
        } catch {
            monitor.fail(error)
        }
    }

    private static func translate<Value>(
        _ body: () throws(MessageError) -> Value
    ) throws(TransferError) -> Value {
        do throws(MessageError) { return try body() } catch { throw TransferError(error) }
    }
}
