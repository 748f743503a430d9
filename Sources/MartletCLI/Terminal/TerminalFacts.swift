internal import CPlatform

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What the program was started on: which of its streams are terminals, and what may be written there.
struct TerminalFacts: Sendable {
    var inputIsTerminal: Bool
    var outputIsTerminal: Bool
    var errorIsTerminal: Bool
    /// Standard error takes escape sequences: it is a terminal, and TERM is not `dumb`.
    var hasEscapes: Bool
    /// Standard error may be coloured: it takes escape sequences, and NO_COLOR is not set (no-color.org).
    var hasColour: Bool
    /// The size of the terminal on standard error, at this moment.
    var size: @Sendable () -> (columns: Int, rows: Int)

    /// Of this process.
    static var current: TerminalFacts {
        let isTerminal = isatty(STDERR_FILENO) == 1
        let hasEscapes = isTerminal && Environment.value("TERM").map { !$0.isEmpty && $0 != "dumb" } ?? false
        return TerminalFacts(
            inputIsTerminal: isatty(STDIN_FILENO) == 1, outputIsTerminal: isatty(STDOUT_FILENO) == 1,
            errorIsTerminal: isTerminal, hasEscapes: hasEscapes,
            hasColour: hasEscapes && (Environment.value("NO_COLOR") ?? "").isEmpty
        ) {
            let columns = Int(martlet_terminal_columns(STDERR_FILENO))
            let rows = Int(martlet_terminal_rows(STDERR_FILENO))
            return (columns > 0 ? columns : 80, rows > 0 ? rows : 24)
        }
    }
}

/// The environment variables of this process.
enum Environment {
    static func value(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
