import NetworkIO
import Synchronization
import Testing
import Wire

/// Collects what a socket receives.
private final class Collector: DatagramReceiver, Sendable {
    struct State {
        var datagrams: [[UInt8]] = []
        var senders: Set<TransportAddress> = []
        var turns = 0
    }

    private let state = Mutex(State())
    private let wanted: Int
    private let done: AsyncStream<Void>
    private let finish: AsyncStream<Void>.Continuation

    init(wanted: Int) {
        self.wanted = wanted
        (done, finish) = AsyncStream.makeStream()
    }

    func receive(
        _ train: UnsafeRawBufferPointer, segmentBytes: Int, from remote: TransportAddress, at socket: DatagramSocket
    ) {
        state.withLock { state in
            state.senders.insert(remote)
            for start in stride(from: 0, to: train.count, by: segmentBytes) {
                state.datagrams.append([UInt8](train[start..<min(start + segmentBytes, train.count)]))
            }
        }
    }

    func receiveDidFinishTurn() {
        let isComplete = state.withLock { state in
            state.turns += 1
            return state.datagrams.count >= wanted
        }
        if isComplete { finish.finish() }
    }

    func collected() async -> State {
        for await _ in done {}
        return state.withLock { $0 }
    }
}

@Suite(.timeLimit(.minutes(1))) struct DatagramSocketTests {
    private let loop = NetworkLoop.shared
    private let loopback = TransportAddress(IPAddress(v4: 0x7F00_0001), port: 0)

    private func onLoop(_ work: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            loop.execute {
                work()
                continuation.resume()
            }
        }
    }

    /// Sends `lengths` in one batch from one socket to another, and returns what arrived.
    private func exchange(_ lengths: [Int]) async throws -> (
        sent: [[UInt8]], got: Collector.State, from: TransportAddress
    ) {
        let (sender, receiver) = (
            try await DatagramSocket.bind(to: loopback, on: loop), try await DatagramSocket.bind(to: loopback, on: loop)
        )
        defer {
            sender.close()
            receiver.close()
        }
        let datagrams = lengths.enumerated().map { index, length in
            (0..<length).map { UInt8(truncatingIfNeeded: index &+ $0) }
        }
        let collector = Collector(wanted: datagrams.count)
        await onLoop { receiver.receiver = collector }
        await onLoop {
            let batch = DatagramBatch()
            for datagram in datagrams { batch.append(datagram) }
            sender.send(batch, to: receiver.localAddress)
            #expect(batch.isEmpty)
        }
        return (datagrams, await collector.collected(), sender.localAddress)
    }

    @Test(arguments: [
        [1200], [0, 1], Array(repeating: 1228, count: 50), [100, 1200, 1200, 1200, 7, 1200, 1200, 40, 40, 1],
        Array(repeating: 1228, count: 130) + [3], [65_000, 10, 10],
    ]) func `a batch arrives datagram by datagram, in order`(lengths: [Int]) async throws {
        // An empty datagram carries nothing that a core could use; receivers never see it.
        let (sent, got, from) = try await exchange(lengths.filter { $0 > 0 })
        #expect(got.datagrams == sent)
        #expect(got.senders == [from])
        #expect(got.turns >= 1)
    }

    @Test func `a socket has the address it was bound to and a port of its own`() async throws {
        let (a, b) = (
            try await DatagramSocket.bind(to: loopback, on: loop), try await DatagramSocket.bind(to: loopback, on: loop)
        )
        #expect(a.localAddress.ip == loopback.ip && a.localAddress.port != 0)
        #expect(a.localAddress != b.localAddress)
        await #expect(throws: (any Error).self) { try await DatagramSocket.bind(to: a.localAddress, on: loop) }
        a.close()
        b.close()
    }

    @Test func `interfaces have usable addresses only`() throws {
        let all = try NetworkInterface.all(includingLoopback: true)
        #expect(all.contains { $0.address.isLoopback })
        #expect(
            !all.contains { $0.address.isLinkLocal || $0.address.isUnspecified || $0.address.isMulticastOrBroadcast })
        #expect(!(try NetworkInterface.all(includingLoopback: false)).contains { $0.address.isLoopback })
        #expect(Set(all).count == all.count)
    }

    @Test func `names and addresses resolve, nonsense does not`() async {
        let numeric = await HostResolver.addresses(of: "192.0.2.7", port: 9, within: .seconds(1))
        #expect(numeric.map(\.description) == ["192.0.2.7:9"])
        let local = await HostResolver.addresses(of: "localhost", port: 1, within: .seconds(5))
        #expect(!local.isEmpty && local.allSatisfy { $0.ip.isLoopback })
        #expect(await HostResolver.addresses(of: "no such host.invalid", port: 1, within: .seconds(5)).isEmpty)
    }

    @Test func `work runs at its time, and cancelled work does not`() async {
        let (ticks, tick) = AsyncStream.makeStream(of: Int.self)
        let loop = loop
        await onLoop {
            let now = loop.now()
            _ = loop.schedule(at: now.advanced(by: .milliseconds(20))) { tick.yield(2) }
            let cancelled = loop.schedule(at: now.advanced(by: .milliseconds(10))) { tick.yield(0) }
            _ = loop.schedule(at: now.advanced(by: .milliseconds(5))) {
                tick.yield(1)
                #expect(loop.now() >= now.advanced(by: .milliseconds(5)))
            }
            _ = loop.schedule(at: now.advanced(by: .milliseconds(30))) { tick.finish() }
            cancelled.cancel()
        }
        var order: [Int] = []
        for await number in ticks { order.append(number) }
        #expect(order == [1, 2])
    }
}
