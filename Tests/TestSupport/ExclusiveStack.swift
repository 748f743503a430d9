internal import CPlatform
internal import Synchronization
public import Testing

/// The exclusive right to usrsctp, of which a process has one: tests that make associations run one after another,
/// also across suites and targets. With `virtualTime`, gettimeofday() stands at zero when the test begins.
public struct ExclusiveStack: TestTrait, SuiteTrait, TestScoping {
    let virtualTime: Bool

    public var isRecursive: Bool { true }

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // Suites come by as well; the lock is for each case.
        guard testCase != nil else { return try await function() }
        await Self.lock.acquire()
        defer { Self.lock.release() }
        if virtualTime { martlet_virtual_clock_start(0) }
        defer { martlet_virtual_clock_stop() }
        try await function()
    }

    private static let lock = AsyncLock()
}

extension Trait where Self == ExclusiveStack {
    /// For tests in virtual time.
    public static var virtualTime: Self { Self(virtualTime: true) }
    /// For tests with real sockets.
    public static var exclusiveStack: Self { Self(virtualTime: false) }
}

/// Mutual exclusion over suspension points, first come first served.
private final class AsyncLock: Sendable {
    private struct State {
        var isHeld = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func acquire() async {
        await withCheckedContinuation { continuation in
            let mine = state.withLock { state -> Bool in
                if !state.isHeld {
                    state.isHeld = true
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if mine { continuation.resume() }
        }
    }

    func release() {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.isHeld = false
                return nil
            }
            return state.waiting.removeFirst()
        }?.resume()
    }
}
