internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// How the terminal on standard input hands over what is typed.
enum TerminalMode {
    /// As it was before; nil while nothing is changed.
    private static let saved = Mutex<termios?>(nil)

    /// Every byte at once instead of lines. Calling it again mends what a stop and a continuation have undone.
    static func takeEveryByte() {
        saved.withLock { saved in
            var mode = termios()
            guard tcgetattr(STDIN_FILENO, &mode) == 0, mode.c_lflag & tcflag_t(ICANON) != 0 else { return }
            if saved == nil { saved = mode }
            mode.c_lflag &= ~tcflag_t(ICANON)
            tcsetattr(STDIN_FILENO, TCSANOW, &mode)
        }
    }

    /// As it was; also what ends the process at once has to call it.
    static func restore() {
        saved.withLock { saved in
            guard var mode = saved else { return }
            tcsetattr(STDIN_FILENO, TCSANOW, &mode)
            saved = nil
        }
    }
}
