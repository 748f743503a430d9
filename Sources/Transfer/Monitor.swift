internal import Synchronization

/// State behind a lock, with tasks that wait until it is as they need it: the join between the tasks that read the
/// channels and the one that does the work.
///
/// The first failure ends it: every later or waiting call throws it.
final class Monitor<State: Sendable>: Sendable {
    private struct Guarded {
        var state: State
        var failure: TransferError?
        /// Changes with every change of the rest, so that a task which is about to wait sees that it must look again.
        var version = 0
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]

        mutating func changed() -> [CheckedContinuation<Void, Never>] {
            version += 1
            defer { waiters = [:] }
            return Array(waiters.values)
        }
    }

    private let guarded: Mutex<Guarded>

    init(_ state: State) {
        guarded = Mutex(Guarded(state: state))
    }

    /// Changes the state. A violation that `body` throws does not end the monitor by itself: see ``fail(_:)``.
    @discardableResult
    func update<Result: Sendable>(
        _ body: (inout State) throws(TransferError) -> Result
    ) throws(TransferError) -> Result {
        let (result, woken) = try guarded.withLock { guarded throws(TransferError) in
            if let failure = guarded.failure { throw failure }
            let result = try body(&guarded.state)
            return (result, guarded.changed())
        }
        for waiter in woken { waiter.resume() }
        return result
    }

    /// Reads the state, failed or not.
    func read<Result: Sendable>(_ body: (borrowing State) -> Result) -> Result {
        guarded.withLock { body($0.state) }
    }

    /// Ends the monitor with its first failure; later ones are dropped.
    func fail(_ error: TransferError) {
        let woken = guarded.withLock { guarded in
            if guarded.failure == nil { guarded.failure = error }
            return guarded.changed()
        }
        for waiter in woken { waiter.resume() }
    }

    /// Waits until `body` returns a value; it is called again after every change.
    ///
    /// Throws the failure, what `body` throws, or ``TransferError/canceled`` when the task is cancelled.
    func wait<Result: Sendable>(
        for body: (inout State) throws(TransferError) -> Result?
    ) async throws(TransferError) -> Result {
        while true {
            let (result, version, woken) = try guarded.withLock { guarded throws(TransferError) in
                if let failure = guarded.failure { throw failure }
                let result = try body(&guarded.state)
                return (result, guarded.version, result == nil ? [] : guarded.changed())
            }
            for waiter in woken { waiter.resume() }
            if let result { return result }
            if Task.isCancelled { throw .canceled }
            await change(since: version)
        }
    }

    /// Waits for the failure; nil when the task is cancelled first.
    func failure() async -> TransferError? {
        while true {
            let (failure, version) = guarded.withLock { ($0.failure, $0.version) }
            if failure != nil || Task.isCancelled { return failure }
            await change(since: version)
        }
    }

    /// Waits, also after a failure, until the state is as wanted or the task is cancelled.
    func settled(_ isWanted: (borrowing State) -> Bool) async {
        while true {
            let (isSettled, version) = guarded.withLock { (isWanted($0.state), $0.version) }
            if isSettled || Task.isCancelled { return }
            await change(since: version)
        }
    }

    /// Changes the state even after a failure.
    func note(_ body: (inout State) -> Void) {
        let woken = guarded.withLock { guarded in
            body(&guarded.state)
            return guarded.changed()
        }
        for waiter in woken { waiter.resume() }
    }

    private func change(since version: Int) async {
        let waiter = guarded.withLock { guarded in
            guarded.nextWaiter += 1
            return guarded.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Under the lock, so that a change or a cancellation comes either before this look or finds the waiter.
                let isLate = guarded.withLock { guarded in
                    if guarded.version != version || Task.isCancelled { return true }
                    guarded.waiters[waiter] = continuation
                    return false
                }
                if isLate { continuation.resume() }
            }
        } onCancel: {
            guarded.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
        }
    }
}
