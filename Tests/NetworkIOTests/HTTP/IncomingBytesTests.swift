import NetworkIO
import Testing

/// What came over all connections of a server together and was not taken.
@Suite(.timeLimit(.minutes(1)), .serialized)
struct IncomingBytesTests {
    private var limits: HTTPLimits {
        var limits = HTTPLimits()
        limits.incomingBytes = 300_000
        return limits
    }

    private func piece(_ count: Int, of length: Int? = nil, opcode: UInt8 = 1, final: Bool = true) -> [UInt8] {
        RawClient.frame(
            opcode, [UInt8](repeating: 0x61, count: count), final: final, mask: [0, 0, 0, 0],
            claimedLength: length.map { UInt64($0) })
    }

    @Test func `those who hold back the end of the most are dropped, and others go on`() async throws {
        let server = try await TestServer.start(limits: limits)
        let first = try await RawClient.webSocket(port: server.port)
        let second = try await RawClient.webSocket(port: server.port)
        let third = try await RawClient.webSocket(port: server.port)
        // A frame without its end, a message of whole frames without the last one, and both at once.
        first.send(piece(150_000, of: 200_000))
        second.send(piece(70_000, final: false) + piece(50_000, opcode: 0, final: false))
        third.send(piece(20_000, final: false) + piece(20_000, of: 20_001, opcode: 0))
        // All three are 310,000 bytes; without the first and the second there are half of 300,000 or less.
        #expect(await first.readToEnd() == [])
        #expect(await second.readToEnd() == [])
        third.send([0x61])
        #expect(await third.read(4 + 40_001).count == 4 + 40_001)
        third.close()
        await server.shutdown()
    }

    @Test func `messages that wait for us count too`() async throws {
        let server = try await TestServer.start(limits: limits, echo: { connection in _ = await connection.closed() })
        let quiet = try await RawClient.webSocket(port: server.port)
        quiet.send(piece(1000))
        let loud = try await RawClient.webSocket(port: server.port)
        for _ in 0..<4 { loud.send(piece(100_000)) }
        #expect(await loud.readToEnd() == [])
        // It is still there, and answers.
        quiet.send(RawClient.frame(9, [7]))
        #expect(await quiet.read(3) == [0x8A, 1, 7])
        quiet.close()
        await server.shutdown()
    }

    @Test func `what is taken, and what a connection held that has ended, is given back`() async throws {
        let server = try await TestServer.start(limits: limits)
        let honest = try await RawClient.webSocket(port: server.port)
        for _ in 0..<20 {
            // With the beginning of the next message behind it, and in the end with all of it.
            honest.send(piece(90_000) + [0x81, 0x80 | 126, 0x10])
            #expect(await honest.read(10 + 90_000).count == 10 + 90_000)
            honest.send([0x00, 0, 0, 0, 0] + [UInt8](repeating: 0x62, count: 0x1000))
            #expect(await honest.read(4 + 0x1000).count == 4 + 0x1000)
            let passing = try await RawClient.webSocket(port: server.port)
            passing.send(piece(100_000, final: false) + RawClient.frame(9, [7]))
            #expect(await passing.read(3) == [0x8A, 1, 7])
            passing.close()
            await until { server.connectionCount == 1 }
        }
        honest.send(RawClient.frame(8))
        #expect(await honest.readToEnd().first == 0x88)
        await server.shutdown()
    }
}
