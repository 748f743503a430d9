internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The standard streams of this process, without buffers of ours.
enum StandardStreams {
    /// Why results are lost: the `errno` of the first write to standard output that failed, 0 when none did. That its
    /// reader has gone away is the reader's wish.
    static let outputError = Atomic<Int32>(0)

    /// Writes all of it. A stream that nobody reads any more swallows what is written.
    static func write(_ stream: Console.Stream, _ text: String) {
        let descriptor = stream == .output ? STDOUT_FILENO : STDERR_FILENO
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while let start = rest.baseAddress, !rest.isEmpty {
                #if canImport(Glibc)
                    let count = Glibc.write(descriptor, start, rest.count)
                #else
                    let count = Darwin.write(descriptor, start, rest.count)
                #endif
                if count > 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
                } else if count == 0 || errno != EINTR && errno != EAGAIN {
                    if count < 0, errno != EPIPE, stream == .output {
                        _ = outputError.compareExchange(expected: 0, desired: errno, ordering: .relaxed)
                    }
                    return
                } else if errno == EAGAIN {
                    var wish = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&wish, 1, 1000)
                }
            }
        }
    }

    /// Waits for a line of standard input, off the threads that tasks run on.
    ///
    /// - Returns: the line without its end; nil when the input has ended, or the task was cancelled.
    static func readLine() async -> String? {
        let isCancelled = Latch()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(returning: blockingLine { isCancelled.isSet })
                }
            }
        } onCancel: {
            isCancelled.set()
        }
    }

    /// Forgets what was typed and not read.
    static func dropTyped() {
        tcflush(STDIN_FILENO, TCIFLUSH)
    }

    /// Reads standard input to its end, off the threads that tasks run on.
    ///
    /// - Returns: nil when it is longer, or no UTF-8.
    static func readText(atMost limit: Int) async -> String? {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var bytes: [UInt8] = []
                var block = [UInt8](repeating: 0, count: 65_536)
                while bytes.count <= limit {
                    let count = read(STDIN_FILENO, &block, block.count)
                    if count < 0, errno == EINTR { continue }
                    if count <= 0 { break }
                    bytes += block[..<count]
                }
                continuation.resume(returning: bytes.count <= limit ? String(validating: bytes, as: UTF8.self) : nil)
            }
        }
    }

    /// Byte by byte, so that nothing after the line is taken from whoever reads next.
    private static func blockingLine(until isCancelled: () -> Bool) -> String? {
        var line: [UInt8] = []
        while !isCancelled() {
            var wish = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            if poll(&wish, 1, 100) <= 0 { continue }
            var byte: UInt8 = 0
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return line.isEmpty ? nil : String(decoding: line, as: UTF8.self) }
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            if line.count < 65_536 { line.append(byte) }
        }
        return nil
    }
}

/// Something that happens once, seen from every thread.
final class Latch: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    /// - Returns: whether this call was the first.
    @discardableResult
    func set() -> Bool { !value.exchange(true, ordering: .acquiringAndReleasing) }
}
