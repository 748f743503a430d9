internal import CPlatform
internal import Dispatch
internal import NetworkIO
internal import Signaling
internal import Wire

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Takes an offer or an answer from standard input.
///
/// A terminal hands over lines of at most 4095 bytes, and cuts longer ones: while a paste is awaited it hands over
/// every byte as it comes (`ICANON` off), and gets its manners back at the end. Of a pipe not one byte is taken that
/// belongs to whoever reads next.
struct PasteInput: Sendable {
    enum Outcome: Sendable, Equatable {
        case paste(OfflinePaste)
        case refused(OfflineError)
        /// There is no more input.
        case ended(OfflineError)
        case timedOut
        case cancelled
    }

    let isTerminal: Bool
    let deadline: NetworkTime
    /// What has come is part of something, and nothing follows.
    let onPause: @Sendable () -> Void

    /// After so long a silence a line that begins nothing is an answer that is wrong, and an empty line gives up a
    /// part.
    private static let silence = Duration.milliseconds(600)
    private static let pause = Duration.seconds(2)

    /// Waits off the threads that tasks run on.
    func read() async -> Outcome {
        let isCancelled = Latch()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(returning: blockingRead { isCancelled.isSet })
                }
            }
        } onCancel: {
            isCancelled.set()
        }
    }

    private func blockingRead(until isCancelled: () -> Bool) -> Outcome {
        var reader = OfflineReader()
        var hasContent = false
        var isPaused = false
        var last = NetworkLoop.shared.now()
        // A terminal that refuses hands over lines, of which the longest is cut: that is told apart later.
        if isTerminal { _ = martlet_raw_mode_enter(STDIN_FILENO, martlet_raw_bytes) }
        defer { if isTerminal { martlet_raw_mode_leave() } }
        while !isCancelled() {
            if isTerminal, martlet_raw_mode_away() != 0 {
                _ = poll(nil, 0, 100)
                continue
            }
            let now = NetworkLoop.shared.now()
            guard now < deadline else { return .timedOut }
            let isSilent = now >= last.advanced(by: Self.silence)
            if isTerminal, isSilent, hasContent, !reader.hasBegun { return .refused(.noDescription) }
            if isTerminal, reader.hasBegun, !isPaused, now >= last.advanced(by: Self.pause) {
                isPaused = true
                onPause()
            }
            guard let bytes = Self.next(atMost: isTerminal ? 4096 : 1) else { continue }
            // Control-D, or the end of the pipe.
            if bytes.isEmpty || isTerminal && bytes.contains(4) { return .ended(reader.end) }
            // Somebody who has pasted all there is presses the return key.
            if isTerminal, isSilent, reader.hasBegun, bytes.allSatisfy(\.isLineEnd) { return .refused(reader.end) }
            last = now
            isPaused = false
            hasContent = hasContent || bytes.contains { !$0.isBlank }
            switch reader.read(bytes) {
            case .more: continue
            case .done(let paste):
                dropRest()
                return .paste(paste)
            case .failed(let error):
                dropRest()
                return .refused(error)
            }
        }
        return .cancelled
    }

    /// What else was pasted answers no question that comes later.
    private func dropRest() {
        guard isTerminal else { return }
        while Self.next(atMost: 4096).map({ !$0.isEmpty }) ?? false {}
    }

    /// - Returns: nil when nothing came within 100 ms; nothing at the end.
    private static func next(atMost count: Int) -> [UInt8]? {
        var wish = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard poll(&wish, 1, 100) > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        #if canImport(Glibc)
            let got = Glibc.read(STDIN_FILENO, &bytes, count)
        #else
            let got = Darwin.read(STDIN_FILENO, &bytes, count)
        #endif
        if got < 0 { return errno == EINTR || errno == EAGAIN ? nil : [] }
        return Array(bytes.prefix(got))
    }
}

extension UInt8 {
    fileprivate var isLineEnd: Bool { self == 10 || self == 13 }
    fileprivate var isBlank: Bool { self <= 32 || self == 127 }
}
