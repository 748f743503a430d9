internal import NetworkIO
internal import Synchronization
internal import Wire

/// Notices that somebody does not come back: unless it is stroked, it calls out once, from the network loop's thread.
///
/// For work that can hang inside a C library, where no cancellation reaches.
package final class Watchdog: Sendable {
    /// The rule alone, as a value: whoever has not been stroked between two looks has been forgotten.
    struct Attention: Sendable {
        private var last = 0

        /// - Parameter strokes: how many there were, from the beginning on.
        /// - Returns: whether there was none since the last look.
        mutating func isForgotten(strokes: Int) -> Bool {
            defer { last = strokes }
            return strokes == last
        }
    }

    private let strokes = Atomic(0)
    private let isOver = Atomic(false)
    private let patience: Duration
    private let onSilence: @Sendable () -> Void

    /// - Parameters:
    ///   - patience: how long it may go without a stroke, in real time; it is noticed after twice that at the latest.
    ///   - onSilence: what is to be done then. Usually nothing is left but to end the process.
    package init(patience: Duration, onSilence: @escaping @Sendable () -> Void) {
        self.patience = patience
        self.onSilence = onSilence
        NetworkLoop.shared.execute { self.wait(Attention()) }
    }

    deinit { end() }

    /// Says that all is well.
    package func stroke() { strokes.add(1, ordering: .relaxed) }

    /// Sends it away. Idempotent.
    package func end() { isOver.store(true, ordering: .relaxed) }

    private func wait(_ attention: Attention) {
        let loop = NetworkLoop.shared
        _ = loop.schedule(at: loop.now().advanced(by: patience)) { [weak self] in
            guard let self, !isOver.load(ordering: .relaxed) else { return }
            var attention = attention
            guard attention.isForgotten(strokes: strokes.load(ordering: .relaxed)) else { return wait(attention) }
            end()
            onSilence()
        }
    }
}
