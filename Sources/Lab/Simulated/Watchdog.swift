internal import NetworkIO
internal import Synchronization
internal import Wire

/// Notices that work does not come back, and calls out once, from the network loop's thread.
///
/// For what can hang inside a C library, where no cancellation reaches. What happens between two pieces of work may
/// take as long as it likes.
package final class Watchdog: Sendable {
    /// The rule alone, as a value: work that is the same at two looks does not come back.
    struct Attention: Sendable {
        private var last = 0

        /// - Parameter turns: how often work has begun or come back, from the beginning on; odd while some is under
        ///   way.
        /// - Returns: whether some is under way that was under way at the last look.
        mutating func isForgotten(turns: Int) -> Bool {
            defer { last = turns }
            return turns == last && turns % 2 != 0
        }
    }

    private let turns = Atomic(0)
    private let isOver = Atomic(false)
    private let patience: Duration
    private let onSilence: @Sendable () -> Void

    /// - Parameters:
    ///   - patience: how long a piece of work may take, in real time; it is noticed after twice that at the latest.
    ///   - onSilence: what is to be done then. Usually nothing is left but to end the process.
    package init(patience: Duration, onSilence: @escaping @Sendable () -> Void) {
        self.patience = patience
        self.onSilence = onSilence
        NetworkLoop.shared.execute { self.wait(Attention()) }
    }

    deinit { end() }

    /// Watches over a piece of work. One at a time.
    package func during<Value, Failure: Error>(_ work: () throws(Failure) -> Value) throws(Failure) -> Value {
        turns.add(1, ordering: .relaxed)
        defer { turns.add(1, ordering: .relaxed) }
        return try work()
    }

    /// Sends it away. Idempotent.
    package func end() { isOver.store(true, ordering: .relaxed) }

    private func wait(_ attention: Attention) {
        let loop = NetworkLoop.shared
        _ = loop.schedule(at: loop.now().advanced(by: patience)) { [weak self] in
            guard let self, !isOver.load(ordering: .relaxed) else { return }
            var attention = attention
            guard attention.isForgotten(turns: turns.load(ordering: .relaxed)) else { return wait(attention) }
            end()
            onSilence()
        }
    }
}
