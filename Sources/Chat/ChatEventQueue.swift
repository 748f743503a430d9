internal import Synchronization
internal import Transfer

/// What happened, on its way to the person, in order.
///
/// Memory: of each member one event waits, because ``tell(_:)`` returns when the person has it; what is appended by
/// connections and transfers waits for ``room()`` first, so that beyond ``roomLimit`` there is at most one for each of
/// these. Of the progress of a transfer only the latest waits, and of what is sent.
final class ChatEventQueue: Sendable {
    private struct Entry: Sendable {
        var event: ChatEvent
        /// Hears whether the person has it.
        var receipt: CheckedContinuation<Bool, Never>?
    }

    private struct State {
        var entries: [Entry] = []
        /// The consumer works on one.
        var isBusy = false
        var isFinished = false
        var reader: CheckedContinuation<Void, Never>?
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter = 0
        var drainers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    static let roomLimit = 512

    func append(_ event: ChatEvent) {
        append(Entry(event: event))
    }

    /// Returns when the person has it; false when everything was over before.
    func tell(_ event: ChatEvent) async -> Bool {
        await withCheckedContinuation { append(Entry(event: event, receipt: $0)) }
    }

    private func append(_ entry: Entry) {
        let (isLate, reader) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard !state.isFinished else { return (true, nil) }
            if let key = entry.event.key { state.entries.removeAll { $0.receipt == nil && $0.event.key == key } }
            state.entries.append(entry)
            return (false, state.reader.take())
        }
        if isLate { entry.receipt?.resume(returning: false) }
        reader?.resume()
    }

    /// Returns when there is room for what others may cause, everything is over, or the task is cancelled.
    func room() async {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Under the lock, so that a cancellation comes either before this look or finds the waiter.
                let hasRoom = state.withLock { state in
                    if state.entries.count < Self.roomLimit || state.isFinished || Task.isCancelled { return true }
                    state.waiters[number] = continuation
                    return false
                }
                if hasRoom { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
        }
    }

    /// Hands each to `handle`, one after the other, until ``finish()``.
    func run(_ handle: @Sendable (ChatEvent) async -> Void) async {
        while let entry = await next() {
            await handle(entry.event)
            entry.receipt?.resume(returning: true)
        }
    }

    /// Returns when everything has been handed over and dealt with, or everything is over.
    func drained() async {
        await withCheckedContinuation { continuation in
            let isDrained = state.withLock { state in
                if state.entries.isEmpty && !state.isBusy || state.isFinished { return true }
                state.drainers.append(continuation)
                return false
            }
            if isDrained { continuation.resume() }
        }
    }

    /// Drops what is left.
    func finish() {
        let (entries, woken) = state.withLock { state in
            state.isFinished = true
            defer { (state.entries, state.waiters, state.drainers, state.reader) = ([], [:], [], nil) }
            return (state.entries, state.waiters.values + state.drainers + [state.reader].compactMap(\.self))
        }
        for entry in entries { entry.receipt?.resume(returning: false) }
        for continuation in woken { continuation.resume() }
    }

    private func next() async -> Entry? {
        while true {
            let (entry, woken) = state.withLock { state -> (Entry?, [CheckedContinuation<Void, Never>]) in
                state.isBusy = false
                guard !state.isFinished, !state.entries.isEmpty else {
                    defer { state.drainers = [] }
                    return (nil, state.drainers)
                }
                state.isBusy = true
                let entry = state.entries.removeFirst()
                guard state.entries.count < Self.roomLimit else { return (entry, []) }
                defer { state.waiters = [:] }
                return (entry, Array(state.waiters.values))
            }
            for continuation in woken { continuation.resume() }
            if let entry { return entry }
            if state.withLock({ $0.isFinished }) { return nil }
            await withCheckedContinuation { continuation in
                let isLate = state.withLock { state in
                    if !state.entries.isEmpty || state.isFinished { return true }
                    state.reader = continuation
                    return false
                }
                if isLate { continuation.resume() }
            }
        }
    }
}

extension ChatEvent {
    /// Of two events with the same key that wait, only the later one is told.
    fileprivate enum Key: Hashable {
        case sent
        case progress(file: Int, member: Int)
    }

    fileprivate var key: Key? {
        switch self {
        case .sent: .sent
        case .fileProgress(let file, let member, .progress): .progress(file: file, member: member.id)
        default: nil
        }
    }
}
