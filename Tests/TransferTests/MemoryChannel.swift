import Synchronization
import Transfer

/// One end of a pair of channels in memory, each direction bounded in bytes.
final class MemoryChannel: TransferChannel {
    let maximumMessageBytes: Int
    private let outgoing: Pipe
    private let arriving: Pipe

    private init(outgoing: Pipe, arriving: Pipe, maximumMessageBytes: Int) {
        self.outgoing = outgoing
        self.arriving = arriving
        self.maximumMessageBytes = maximumMessageBytes
    }

    /// - Parameters:
    ///   - capacity: bytes that may be under way in each direction; one message always fits.
    ///   - seed: when given, deliveries are delayed by random numbers of turns of the scheduler.
    static func pair(
        capacity: Int = 1 << 20, seed: UInt64? = nil, maximumMessageBytes: Int = 65_536
    ) -> (MemoryChannel, MemoryChannel) {
        let there = Pipe(capacity: capacity, seed: seed)
        let back = Pipe(capacity: capacity, seed: seed.map { $0 &+ 1 })
        return (
            MemoryChannel(outgoing: there, arriving: back, maximumMessageBytes: maximumMessageBytes),
            MemoryChannel(outgoing: back, arriving: there, maximumMessageBytes: maximumMessageBytes)
        )
    }

    func transmit(_ messages: [TransferMessage]) async throws {
        for message in messages { try await outgoing.send(message) }
    }

    /// Lets this end's messages be read, then ends both directions.
    func close() {
        outgoing.end()
        arriving.end()
    }

    /// Takes what is there now.
    func drain(_ body: (TransferMessage) -> Void) {
        while let message = arriving.takeNow() { body(message) }
    }

    var incoming: Incoming { Incoming(pipe: arriving) }

    struct Incoming: AsyncSequence {
        fileprivate let pipe: Pipe

        func makeAsyncIterator() -> Iterator { Iterator(pipe: pipe) }

        struct Iterator: AsyncIteratorProtocol {
            fileprivate let pipe: Pipe

            mutating func next() async -> TransferMessage? { await pipe.next() }
        }
    }
}

/// One direction.
private final class Pipe: Sendable {
    struct Ended: Error {}

    private struct State {
        var messages: [TransferMessage] = []
        var head = 0
        var byteCount = 0
        var isEnded = false
        var random: SplitMix64?
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
        var version = 0

        /// The next message; there is one.
        mutating func take() -> TransferMessage {
            let message = messages[head]
            messages[head] = .text("")
            head += 1
            if head == messages.count {
                messages.removeAll(keepingCapacity: true)
                head = 0
            }
            switch message {
            case .text(let text): byteCount -= text.utf8.count
            case .binary(let bytes): byteCount -= bytes.count
            }
            return message
        }

        mutating func changed() -> [CheckedContinuation<Void, Never>] {
            version += 1
            defer { waiters = [:] }
            return Array(waiters.values)
        }
    }

    private let capacity: Int
    private let state: Mutex<State>

    init(capacity: Int, seed: UInt64?) {
        self.capacity = capacity
        state = Mutex(State(random: seed.map(SplitMix64.init(seed:))))
    }

    func send(_ message: TransferMessage) async throws {
        let byteCount =
            switch message {
            case .text(let text): text.utf8.count
            case .binary(let bytes): bytes.count
            }
        while true {
            try Task.checkCancellation()
            let (isSent, version, woken) = try state.withLock { state in
                if state.isEnded { throw Ended() }
                guard state.byteCount == 0 || state.byteCount + byteCount <= capacity else {
                    return (false, state.version, [CheckedContinuation<Void, Never>]())
                }
                state.messages.append(message)
                state.byteCount += byteCount
                return (true, state.version, state.changed())
            }
            for waiter in woken { waiter.resume() }
            if isSent { return }
            await change(since: version)
        }
    }

    func next() async -> TransferMessage? {
        let turns = state.withLock { state in state.random == nil ? 0 : Int(state.random!.next() % 8) }
        for _ in 0..<turns { await Task.yield() }
        while true {
            if Task.isCancelled { return nil }
            let (message, isOver, version, woken) = state.withLock { state in
                guard state.head < state.messages.count else {
                    return (TransferMessage?.none, state.isEnded, state.version, [CheckedContinuation<Void, Never>]())
                }
                let message = state.take()
                return (message, false, state.version, state.changed())
            }
            for waiter in woken { waiter.resume() }
            if message != nil || isOver { return message }
            await change(since: version)
        }
    }

    func takeNow() -> TransferMessage? {
        let (message, woken) = state.withLock { state in
            guard state.head < state.messages.count else {
                return (TransferMessage?.none, [CheckedContinuation<Void, Never>]())
            }
            return (state.take(), state.changed())
        }
        for waiter in woken { waiter.resume() }
        return message
    }

    func end() {
        let woken = state.withLock { state in
            state.isEnded = true
            return state.changed()
        }
        for waiter in woken { waiter.resume() }
    }

    private func change(since version: Int) async {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isLate = state.withLock { state in
                    if state.version != version || Task.isCancelled { return true }
                    state.waiters[waiter] = continuation
                    return false
                }
                if isLate { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
        }
    }
}

/// A small seeded generator (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            for index in 0..<count { buffer[index] = UInt8(truncatingIfNeeded: next()) }
            initialized = count
        }
    }
}
