internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Lines of standard input, for one reader, off the threads that tasks run on. A line that is too long for the memory
/// comes in parts.
final class PipedLines: Sendable {
    private struct State {
        var lines: [String] = []
        var rest: [UInt8] = []
        var isOver = false
    }

    private static let longest = 65_536
    private let state = Mutex(State())

    /// - Returns: nil when the input has ended, or `isOver`.
    func next(until isOver: Latch) async -> String? {
        if let line = take() { return line }
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                while !isOver.isSet, !self.state.withLock({ $0.isOver }), self.state.withLock({ $0.lines.isEmpty }) {
                    self.readSome()
                }
                continuation.resume(returning: isOver.isSet ? nil : self.take())
            }
        }
    }

    private func take() -> String? {
        state.withLock { $0.lines.isEmpty ? nil : $0.lines.removeFirst() }
    }

    private func readSome() {
        var wish = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard poll(&wish, 1, 100) > 0 else { return }
        var block = [UInt8](repeating: 0, count: 16_384)
        let count = read(STDIN_FILENO, &block, block.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        state.withLock { Self.add(block[..<max(0, count)], to: &$0) }
    }

    /// - Parameter bytes: none at the end of the input.
    private static func add(_ bytes: ArraySlice<UInt8>, to state: inout State) {
        if bytes.isEmpty {
            state.isOver = true
            if !state.rest.isEmpty { state.lines.append(String(decoding: state.rest, as: UTF8.self)) }
            state.rest = []
            return
        }
        state.rest += bytes
        var parts = state.rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        state.rest = Array(parts.removeLast())
        if state.rest.count >= longest {
            // Not within a character.
            let end = state.rest.lastIndex { $0 & 0xC0 != 0x80 } ?? 0
            let cut = end > 0 ? end : state.rest.count
            parts.append(state.rest[..<cut])
            state.rest = Array(state.rest[cut...])
        }
        state.lines += parts.map { line in
            String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
        }
    }
}
