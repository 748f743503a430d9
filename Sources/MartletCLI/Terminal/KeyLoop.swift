internal import CPlatform

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Reads keys from the terminal, one reader at a time: it blocks its thread, and leaves the terminal as it was.
enum KeyLoop {
    enum Event: Sendable {
        /// As many as had come.
        case keys([UInt8])
        /// The process was stopped and goes on: nothing that was drawn stands where it stood.
        case restarted
        /// Everything is to be drawn, for the first time or because the terminal has another size.
        case redraw
    }

    /// - Parameters:
    ///   - marksPastes: has the terminal say what is pasted and what is typed.
    ///   - handle: returns whether to go on. It hears `redraw` first of all.
    /// - Returns: whether the terminal could be had.
    @discardableResult
    static func run(
        marksPastes: Bool = false, until isOver: () -> Bool, _ handle: (Event) -> Bool
    ) -> Bool {
        guard martlet_raw_mode_enter(STDIN_FILENO, martlet_raw_keys) == 0 else { return false }
        defer { martlet_raw_mode_leave() }
        if marksPastes { martlet_raw_mode_mark_pastes(STDERR_FILENO) }
        guard handle(.redraw) else { return true }
        var size = Self.size
        var keys = [UInt8](repeating: 0, count: 4096)
        while !isOver() {
            if martlet_raw_mode_away() != 0 {
                // What is typed is for somebody else.
                _ = poll(nil, 0, 100)
                continue
            }
            if martlet_raw_mode_resumed() != 0, !handle(.restarted) { return true }
            var wish = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            let readiness = poll(&wish, 1, 100)
            let now = Self.size
            if now != size {
                size = now
                if !handle(.redraw) { return true }
            }
            // It may have been stopped meanwhile.
            if readiness <= 0 || martlet_raw_mode_away() != 0 { continue }
            let count = read(STDIN_FILENO, &keys, keys.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0, handle(.keys(Array(keys[..<count]))) else { return true }
        }
        return true
    }

    /// Asked for at least ten times a second: SIGWINCH tells no more, and costs a handler.
    private static var size: [Int32] {
        [martlet_terminal_columns(STDERR_FILENO), martlet_terminal_rows(STDERR_FILENO)]
    }
}
