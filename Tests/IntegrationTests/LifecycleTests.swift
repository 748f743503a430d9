import Martlet
import TestSupport
import Testing

/// Ends and interruptions: each of these once hung or lost something.
@Suite(.exclusiveStack, .serialized, .timeLimit(.minutes(5))) struct LifecycleTests {
    /// The result of `body`, or nil when it hangs. Beside other tests it may take many times as long as by itself.
    private func within<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async -> Value? {
        let (results, result) = AsyncStream.makeStream(of: Value?.self)
        let work = Task { result.yield(try? await body()) }
        let watchdog = Task {
            try await Task.sleep(for: .seconds(60))
            result.yield(nil)
        }
        defer {
            work.cancel()
            watchdog.cancel()
        }
        return await results.first { _ in true } ?? nil
    }

    private func next(of channel: DataChannel) async throws -> DataChannelMessage? {
        var iterator = channel.messages.makeAsyncIterator()
        return try await iterator.next()
    }

    @Test func `closing an unread channel ends it and frees the others`() async throws {
        let pair = try LoopbackPair()
        let (local, remote) = try await pair.connect("bulk")
        let second = try await pair.offerer.createDataChannel("other")
        try await second.opened()
        let secondRemote = try await pair.firstIncoming()
        let feeder = Task {
            for _ in 0..<400 { try await local.send([UInt8](repeating: 1, count: 65_536)) }
        }
        defer { feeder.cancel() }
        try await Task.sleep(for: .milliseconds(500))
        remote.close()
        let isClosed = await within {
            await remote.closed()
            return remote.readyState == .closed
        }
        #expect(isClosed == true)
        try await second.send("hello")
        let got = await within { try await next(of: secondRemote) }
        #expect(got == .text("hello"))
        await pair.close()
    }

    @Test func `a second loop over the messages goes on where the first stopped`() async throws {
        let pair = try LoopbackPair()
        let (local, remote) = try await pair.connect()
        try await local.send(contentsOf: (0..<10).map { .text("\($0)") })
        for try await message in remote.messages {
            #expect(message == .text("0"))
            break
        }
        for number in 1..<10 { #expect(try await next(of: remote) == .text("\(number)")) }
        await pair.close()
    }

    @Test func `every wait obeys cancellation`() async throws {
        let connection = try PeerConnection()
        let channel = try await connection.createDataChannel("x")
        let waits = [
            Task { try await channel.opened() }, Task { await channel.closed() },
            Task { _ = try await next(of: channel) },
        ]
        try await Task.sleep(for: .milliseconds(50))
        for wait in waits { wait.cancel() }
        let done = await within {
            for wait in waits { _ = await wait.result }
            return true
        }
        #expect(done == true)
        await connection.close()
    }

    @Test func `a cancelled stranger does not end another task's read`() async throws {
        let pair = try LoopbackPair()
        let (local, remote) = try await pair.connect()
        let reader = Task { try await next(of: remote) }
        try await Task.sleep(for: .milliseconds(100))
        let stranger = Task {
            while !Task.isCancelled { await Task.yield() }
            _ = try await next(of: remote)
        }
        stranger.cancel()
        _ = await stranger.result
        try await local.send("hi")
        #expect(await within { try await reader.value } == .text("hi"))
        await pair.close()
    }

    @Test func `a rollback and then the peer's offer connect`() async throws {
        let pair = try LoopbackPair()
        let local = try await pair.offerer.createDataChannel("x")
        try await pair.answerer.setLocalDescription()
        _ = try await pair.answerer.gatheredLocalDescription()
        try await pair.answerer.setLocalDescription(SessionDescription(type: .rollback, sdp: ""))
        try await pair.exchangeDescriptions()
        let isOpen = await within {
            try await local.opened()
            return true
        }
        #expect(isOpen == true)
        await pair.close()
    }

    @Test func `a closed connection says so and does nothing more`() async throws {
        let (a, b) = (try PeerConnection(), try PeerConnection())
        _ = try await a.createDataChannel("x")
        try await a.setLocalDescription()
        try await b.setRemoteDescription(try await a.gatheredLocalDescription())
        await b.close()
        #expect(await b.signalingState == .closed)
        #expect(await b.iceConnectionState == .closed)
        #expect(await b.connectionState == .closed)
        await #expect(throws: MartletError.self) { try await b.createAnswer() }
        await a.close()
    }

    @Test func `a dropped connection ends its channels`() async throws {
        var kept: DataChannel?
        do {
            let pair = try LoopbackPair()
            kept = try await pair.connect().local
        }
        let channel = try #require(kept)
        let isClosed = await within {
            await channel.closed()
            return channel.readyState == .closed
        }
        #expect(isClosed == true)
    }

    @Test func `empty messages fill the send buffer too`() async throws {
        let pair = try LoopbackPair()
        let (local, remote) = try await pair.connect()
        var taken = 0
        do {
            while taken < 1_000_000 {
                try local.trySend(.binary([]))
                taken += 1
            }
        } catch let error as MartletError {
            #expect(error.code == .operationError)
        }
        #expect(taken < 1_000_000)
        var received = 0
        while received < taken, try await next(of: remote) != nil { received += 1 }
        #expect(received == taken)
        await pair.close()
    }
}
