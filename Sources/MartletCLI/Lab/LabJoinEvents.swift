internal import Dispatch
internal import Lab
internal import Synchronization

/// What a partner of experiments has to tell, on its way from the network loop, which never waits, to a terminal, which
/// may take nothing for as long as somebody likes.
///
/// Told one after the other, in order, on a thread of its own. Of the progress of a run only the latest waits. What is
/// told besides is a few events for each run; when ``limit`` of them wait, what comes then is left out, and only
/// counted.
final class LabJoinEvents: Sendable {
    /// Events that may wait: those of an hour of runs as short as they can be.
    static let limit = 4096

    private struct State {
        var waiting: [LabPartner.Event] = []
        var leftOutCount = 0
        var isTelling = false
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "martlet.lab.join")

    /// Does not wait.
    ///
    /// - Parameter tell: may take its time; the same one each time.
    func put(_ event: LabPartner.Event, to tell: @escaping @Sendable (LabPartner.Event) -> Void) {
        let begins = state.withLock { state in
            if case .progress(let run, _) = event {
                // At most one for each run that is under way, and they are the last.
                state.waiting.removeAll {
                    if case .progress(run, _) = $0 { true } else { false }
                }
            }
            guard state.waiting.count < Self.limit else {
                state.leftOutCount += 1
                return false
            }
            state.waiting.append(event)
            defer { state.isTelling = true }
            return !state.isTelling
        }
        guard begins else { return }
        queue.async { [self] in
            while let event = next() { tell(event) }
        }
    }

    /// Returns when everything has been told.
    ///
    /// - Returns: how many events were left out.
    func told() async -> Int {
        await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
        return state.withLock { $0.leftOutCount }
    }

    private func next() -> LabPartner.Event? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isTelling = false
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
