internal import Synchronization

/// How many guesses at a code one side has allowed (Docs/Protocols/Rooms.md, Three looks).
///
/// One value for one code on one side, shared by everything that tries the code: sessions one after the other and at once.
package final class LookCount: Sendable {
    package static let limit = 3

    private let count: Mutex<Int>
    /// Held while `onChange` runs, so that what it keeps is the latest.
    private let turn = Mutex(())
    private let onChange: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - failed: looks used up before, by an earlier process.
    ///   - onChange: called with every new count before anything of that look leaves this side: what must outlive the
    ///     process is put on the disk in it. It must not use this count, but for reading it.
    package init(failed: Int = 0, onChange: @escaping @Sendable (Int) -> Void = { _ in }) {
        count = Mutex(max(0, failed))
        self.onChange = onChange
    }

    package var failed: Int { count.withLock { $0 } }

    /// How many looks are left.
    package var left: Int { max(0, Self.limit - failed) }

    /// The code is dead on this side.
    package var isExhausted: Bool { left == 0 }

    /// Uses up a look.
    ///
    /// - Returns: false when there was none left; then nothing has changed.
    func take() -> Bool {
        turn.withLock { _ in
            let taken = count.withLock { count -> Int? in
                guard count < Self.limit else { return nil }
                count += 1
                return count
            }
            if let taken { onChange(taken) }
            return taken != nil
        }
    }

    /// Gives back a look that was taken: what was shown proved to be right.
    func giveBack() {
        turn.withLock { _ in
            let rest = count.withLock { count in
                count = max(0, count - 1)
                return count
            }
            onChange(rest)
        }
    }
}
