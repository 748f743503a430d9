import NIOCore
import NIOPosix
import NetworkIO
import Synchronization
import Testing

/// A TCP connection that sends whatever a hostile client would.
final class RawClient: Sendable {
    private final class Receiver: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let inbox: Mailbox<[UInt8]>

        init(inbox: Mailbox<[UInt8]>) {
            self.inbox = inbox
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            inbox.offer(Array(buffer: unwrapInboundIn(data)))
        }

        func channelInactive(context: ChannelHandlerContext) {
            inbox.finish()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }

    private let channel: any Channel
    private let inbox: Mailbox<[UInt8]>
    /// What came with something that was read before it.
    private let pending = Mutex<[UInt8]?>(nil)

    init(port: UInt16, reads: Bool = true) async throws {
        let inbox = Mailbox<[UInt8]>(capacity: 1_000_000)
        self.inbox = inbox
        channel = try await ClientBootstrap(group: NetworkLoop.shared.group)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Receiver(inbox: inbox))
                }
            }
            .connect(host: "127.0.0.1", port: Int(port)).get()
    }

    deinit {
        channel.close(promise: nil)
    }

    func send(_ bytes: [UInt8]) {
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    func send(_ text: String) {
        send(Array(text.utf8))
    }

    /// Everything until the server closes.
    func readToEnd() async -> [UInt8] {
        var all = pending.withLock { $0.take() } ?? []
        while let piece = await inbox.next() { all += piece }
        return all
    }

    func readTextToEnd() async -> String { String(decoding: await readToEnd(), as: UTF8.self) }

    /// Up to and including `end`, or all until the server closes.
    func read(until end: String) async -> String {
        let end = Array(end.utf8)
        let bytes = await read { bytes in
            bytes.indices.first { bytes[$0...].starts(with: end) }.map { $0 + end.count }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// That many bytes, or fewer when the server closed before.
    func read(_ count: Int) async -> [UInt8] {
        await read { $0.count >= count ? count : nil }
    }

    /// - Parameter cut: how many bytes to return, nil when there are not enough.
    private func read(_ cut: ([UInt8]) -> Int?) async -> [UInt8] {
        var all = pending.withLock { $0.take() } ?? []
        while true {
            if let count = cut(all) {
                let rest = Array(all[count...])
                pending.withLock { $0 = rest }
                return Array(all[..<count])
            }
            guard let piece = await inbox.next() else { return all }
            all += piece
        }
    }

    func close() {
        channel.close(promise: nil)
    }
}

extension RawClient {
    /// A client that has shaken hands at `/echo`.
    static func webSocket(port: UInt16, reads: Bool = true) async throws -> RawClient {
        let client = try await RawClient(port: port, reads: reads)
        client.send(handshake(port: port))
        if reads { #expect(await client.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 101 ")) }
        return client
    }

    static func handshake(
        port: UInt16, path: String = "/echo", subprotocol: String? = "echo.1", origin: String? = nil,
        version: String = "13",
        key: String = "dGhlIHNhbXBsZSBub25jZQ==", connection: String = "keep-alive, Upgrade", host: String? = nil
    ) -> String {
        "GET \(path) HTTP/1.1\r\nHost: \(host ?? "127.0.0.1:\(port)")\r\nUpgrade: websocket\r\n"
            + "Connection: \(connection)\r\nSec-WebSocket-Key: \(key)\r\nSec-WebSocket-Version: \(version)\r\n"
            + (subprotocol.map { "Sec-WebSocket-Protocol: other, \($0)\r\n" } ?? "")
            + (origin.map { "Origin: \($0)\r\n" } ?? "") + "\r\n"
    }

    /// A frame as a client masks it (RFC 6455 section 5.2); `mask` nil breaks that rule.
    static func frame(
        _ opcode: UInt8, _ payload: [UInt8] = [], final: Bool = true, reserved: UInt8 = 0,
        mask: [UInt8]? = [1, 2, 3, 4],
        claimedLength: UInt64? = nil
    ) -> [UInt8] {
        var bytes = [(final ? 0x80 : 0) | reserved << 4 | opcode]
        let length = claimedLength ?? UInt64(payload.count)
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        switch length {
        case 0...125: bytes.append(maskBit | UInt8(length))
        case 126...0xFFFF: bytes += [maskBit | 126, UInt8(length >> 8), UInt8(length & 0xFF)]
        default: bytes += [maskBit | 127] + (0..<8).map { UInt8(truncatingIfNeeded: length >> (56 - 8 * $0)) }
        }
        guard let mask else { return bytes + payload }
        return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
    }

    /// The close code that ends the server's bytes.
    func closeCode() async -> UInt16? {
        let bytes = await readToEnd()
        guard bytes.count >= 4, bytes[0] == 0x88 else { return nil }
        return UInt16(bytes[2]) << 8 | UInt16(bytes[3])
    }
}
