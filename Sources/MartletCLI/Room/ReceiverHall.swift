internal import NetworkIO
internal import Transfer
internal import Wire

/// Those who receive: who has which place, who is awaited back, and how it ended for each.
actor ReceiverHall {
    private struct Seat {
        var session: String
        var view: TransferView
        /// The connection of this moment; nil while it is lost.
        var visit: ReceiverVisit?
        /// Waits for the receiver to come back.
        var alarm: Task<Void, Never>?
    }

    private let console: Console
    private let board: ProgressBoard
    private let wait: Duration
    private let keeper: RecordKeeper
    private var places: Places
    private var seats: [Int: Seat] = [:]
    private var failures: [CommandFailure] = []
    private var servedCount: Int
    /// Nobody new is let in.
    private var isClosed = false
    /// Somebody came and found no way: that tells more than that nobody came.
    private var pathFailure: CommandFailure?
    /// Why nobody can come any more before the time is over.
    private var roomFailure: CommandFailure?
    private var waiters: [CheckedContinuation<Void, Never>] = []

    init(places: Places, wait: Duration, board: ProgressBoard, keeper: RecordKeeper) {
        self.places = places
        self.wait = wait
        self.board = board
        console = board.console
        self.keeper = keeper
        servedCount = places.finishedCount
    }

    // MARK: Coming

    /// Whether whoever says that it is `session` gets something over this connection.
    func admit(_ visit: ReceiverVisit, session: String, agent: String) async -> Bool {
        let agent = Printable.line(agent, columns: 80)
        guard let number = place(for: session, agent) else { return false }
        let view: TransferView
        if var seat = seats[number] {
            seat.alarm?.cancel()
            seat.alarm = nil
            let old = seat.visit
            old?.retire()
            seat.visit = visit
            seats[number] = seat
            view = seat.view
            // It looks alive only because nobody has noticed yet.
            await old?.close()
        } else {
            view = TransferView(.sending, on: console, number: places.count > 1 ? number : nil)
            seats[number] = Seat(session: session, view: view, visit: visit)
        }
        view.greet(agent, path: await visit.peer.path())
        board.add(view)
        visit.admitted(to: number, view)
        return true
    }

    private func place(for session: String, _ agent: String) -> Int? {
        let isKnown = seats.values.contains { $0.session == session }
        if !isClosed || isKnown {
            switch places.admit(session) {
            case .new(let number), .returning(let number): return number
            case .taken: break
            }
        }
        let who = agent.isEmpty ? "Somebody else" : agent
        console.say("\(who) came too and was told that the link is taken.")
        return nil
    }

    /// A receiver said yes, for the first time or again.
    func accepted(_ visit: ReceiverVisit) {
        guard let number = visit.number, !visit.isRetired else { return }
        _ = places.accepted(number)
    }

    /// Somebody came and no connection came about. Strangers with a wrong link do not count.
    func notConnected(_ failure: CommandFailure) {
        console.say("\(failure.sentence) Still waiting.")
        if failure.status == .noPath { pathFailure = failure }
    }

    // MARK: Going

    /// The visit has ended.
    func ended(_ visit: ReceiverVisit, _ outcome: Result<TransferReport, TransferError>) {
        guard !visit.isRetired else { return }
        guard let number = visit.number, let seat = seats[number] else { return notAdmitted(outcome) }
        seats[number]?.visit = nil
        switch outcome {
        case .success(let report):
            do throws(CommandFailure) {
                try seat.view.finish(report)
                finish(number)
            } catch {
                finish(number, error)
            }
        case .failure(let error): failed(number, seat, error)
        }
    }

    private func failed(_ number: Int, _ seat: Seat, _ error: TransferError) {
        board.remove(seat.view, isFinished: false)
        guard !Task.isCancelled, error.code != .canceled || error.isReportedByPeer else { return }
        let hasLeft = error.code == .peerVanished || error.code == .canceled
        // After a yes the place and the link are kept, whatever the receiver has by now.
        let error = hasLeft && seat.view.isAccepted ? error.resumable : error
        if seat.view.isAccepted { _ = places.accepted(number) }
        // A no takes up the place; who merely went away leaves it to others.
        guard hasLeft || seat.view.isAccepted else { return finish(number, CommandFailure(error)) }
        guard places.left(number) else {
            seats[number] = nil
            console.say("\(seat.view.who) left before anything was accepted; the link still works.")
            return check()
        }
        guard hasLeft || error.isResumable, wait > .zero else { return finish(number, CommandFailure(error)) }
        if !hasLeft { console.say("\(seat.view.who): \(error.message)") }
        seat.view.lost(error, wait: wait)
        seats[number]?.alarm = Task { [wait] in
            try? await Task.sleep(for: wait)
            if !Task.isCancelled { self.gaveUp(number, error) }
        }
    }

    /// The time to come back is over.
    private func gaveUp(_ number: Int, _ error: TransferError) {
        guard let seat = seats[number], seat.visit == nil, seat.alarm != nil else { return }
        finish(number, CommandFailure(error))
    }

    private func notAdmitted(_ outcome: Result<TransferReport, TransferError>) {
        guard case .failure(let error) = outcome, !Task.isCancelled else { return }
        if error.code == .peerVanished || error.code == .canceled {
            console.say("The other side left before anything was accepted; the link still works.")
        } else if error.code != .taken {
            console.say("\(error.message) Still waiting.")
        }
    }

    private func finish(_ number: Int, _ failure: CommandFailure? = nil) {
        places.finished(number)
        if let seat = seats[number] {
            board.remove(seat.view, isFinished: failure == nil)
            if failure == nil { keeper.finish(seat.session) }
            if let failure, places.count > 1, !console.isJSON {
                console.warn("\(seat.view.who): \(failure.sentence)")
            }
        }
        seats[number] = nil
        if let failure { failures.append(failure) } else { servedCount += 1 }
        check()
    }

    // MARK: The end

    /// Returns when all places are used up, or, once the time for coming is over, those that are in use.
    ///
    /// - Parameter expire: how long somebody new may come.
    /// - Throws: the failure that the command ends with.
    func wait(expire: Duration) async throws(CommandFailure) {
        let alarm = Task {
            try? await Task.sleep(for: expire)
            if !Task.isCancelled { self.close() }
        }
        defer { alarm.cancel() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiters.append(continuation)
                check()
                if Task.isCancelled { resume() }
            }
        } onCancel: {
            Task { await self.resume() }
        }
        for seat in seats.values { seat.alarm?.cancel() }
        if Task.isCancelled { throw CommandFailure(any: CancellationError()) }
        if let failure = outcome(expire) { throw failure }
    }

    private func outcome(_ expire: Duration) -> CommandFailure? {
        if var failure = failures.first {
            if places.count > 1 {
                let count =
                    failures.count == 1
                    ? "1 of \(places.count) receivers" : "\(failures.count) of \(places.count) receivers"
                failure.sentence = "\(count) did not get everything: \(failure.sentence)"
            }
            return failure
        }
        guard !places.isOver else { return nil }
        let remedy = "the same command again, with a longer --expire"
        let text = DurationText.text(expire)
        if servedCount > 0 {
            return CommandFailure(
                .nobodyCame, "Only \(servedCount) of \(places.count) receivers came within \(text).", remedy: remedy)
        }
        return pathFailure ?? roomFailure
            ?? CommandFailure(.nobodyCame, "Nobody came within \(text); the link is stale now.", remedy: remedy)
    }

    private func close() {
        isClosed = true
        check()
    }

    /// The room cannot be entered any more; those who are connected go on.
    func closeRoom(_ reason: CommandFailure) {
        roomFailure = reason
        close()
    }

    private func check() {
        if places.isOver || isClosed && seats.isEmpty { resume() }
    }

    private func resume() {
        for waiter in waiters { waiter.resume() }
        waiters = []
    }
}
