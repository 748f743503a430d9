internal import Synchronization

/// How many guesses at a code one side has allowed (Docs/Protocols/Rooms.md, Three looks).
///
/// One value for one code on one side, shared by everything that tries the code: sessions one after the other and at
/// once.
package final class LookCount: Sendable {
    package static let limit = 3

    private let read: @Sendable () -> Int
    private let change: @Sendable (Int) -> Bool

    /// A count that only this process has.
    ///
    /// - Parameters:
    ///   - failed: looks used up before, by an earlier process.
    ///   - onChange: called with every new count before anything of that look leaves this side: what must outlive the
    ///     process is put on the disk in it. It must not use this count, but for reading it.
    package convenience init(failed: Int = 0, onChange: @escaping @Sendable (Int) -> Void = { _ in }) {
        let own = OwnCount(failed)
        self.init(
            reading: { own.value },
            changing: { difference in own.change(by: difference, onChange) })
    }

    /// A count that other processes have too.
    ///
    /// - Parameters:
    ///   - read: the looks used up, by all.
    ///   - change: adds to them, 1 or -1, before it returns and in one step for all. It must refuse, with false, to add
    ///     to `limit` or more.
    package init(reading read: @escaping @Sendable () -> Int, changing change: @escaping @Sendable (Int) -> Bool) {
        self.read = read
        self.change = change
    }

    package var failed: Int { read() }

    /// How many looks are left.
    package var left: Int { max(0, Self.limit - failed) }

    /// The code is dead on this side.
    package var isExhausted: Bool { left == 0 }

    /// Uses up a look.
    ///
    /// - Returns: false when there was none left; then nothing has changed.
    package func take() -> Bool { change(1) }

    /// Gives back a look that was taken: what was shown proved to be right.
    package func giveBack() { _ = change(-1) }
}

private final class OwnCount: Sendable {
    private let count: Mutex<Int>
    /// Held while `onChange` runs, so that what it keeps is the latest.
    private let turn = Mutex(())

    init(_ count: Int) {
        self.count = Mutex(max(0, count))
    }

    var value: Int { count.withLock { $0 } }

    func change(by difference: Int, _ onChange: (Int) -> Void) -> Bool {
        turn.withLock { _ in
            let new = count.withLock { count -> Int? in
                guard difference < 0 || count < LookCount.limit else { return nil }
                count = max(0, count + difference)
                return count
            }
            if let new { onChange(new) }
            return new != nil
        }
    }
}
