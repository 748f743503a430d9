internal import Synchronization
internal import Transfer

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The file of `--log`: one line for each message, for this user alone. Lines within a message are divided by `↵`.
///
///     2026-11-21 12:04 <anna> hello
final class ChatLog: Sendable {
    private struct State {
        /// The last line did not get onto the disk, or not all of it.
        var isBroken = false
        /// That was said.
        var isTold = false
    }

    private let file: Int32
    private let path: String
    private let onLost: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// - Parameter onLost: told, in a sentence, that lines are missing.
    /// - Throws: a failure when the file cannot be written.
    init(path: String, onLost: @escaping @Sendable (String) -> Void) throws(CommandFailure) {
        file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0o600)
        self.path = Printable.line(path, columns: 100, cut: .middle)
        self.onLost = onLost
        guard file >= 0 else {
            throw CommandFailure(
                .localResource, "The log \(self.path) cannot be written: \(String(cString: strerror(errno))).",
                remedy: "--log FILE, in a folder that you may write to")
        }
    }

    deinit {
        close(file)
    }

    func message(_ text: String, name: String, at time: ChatTime) {
        append("\(time.long) <\(ChatLines.shown(name: name))> \(ChatLines.lines(text).joined(separator: " ↵ "))\n")
    }

    func remark(_ text: String, at time: ChatTime) {
        append("\(time.long) * \(ChatLines.lines(text).joined(separator: " "))\n")
    }

    private func append(_ line: String) {
        let lost = state.withLock { state -> String? in
            let bytes = Array(((state.isBroken ? "\n" : "") + line).utf8)
            let error = WholeWrite.write(bytes, to: file)
            state.isBroken = error != 0
            defer { state.isTold = error != 0 }
            return error != 0 && !state.isTold ? String(cString: strerror(error)) : nil
        }
        if let lost { onLost("The log \(path) takes no more: \(lost). The talk goes on without it.") }
    }
}
