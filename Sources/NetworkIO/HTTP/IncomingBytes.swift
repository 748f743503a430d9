internal import NIOCore
internal import Synchronization

/// The bytes that came over all WebSocket connections of a server and were not taken by anybody: messages of which the
/// end is missing, and messages that wait. Each connection may hold few of them, but many connections hold much. When
/// too much is held for all together, the connections with the most are dropped. Used from every loop.
final class IncomingBytes: Sendable {
    private struct Entry {
        let channel: any Channel
        var count = 0
        var isDropped = false
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        /// Of those that are not dropped.
        var total = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: over it connections are dropped until half of it is free.
    init(limit: Int) {
        self.limit = limit
    }

    var total: Int { state.withLock { $0.total } }

    func account(of channel: any Channel) -> IncomingAccount {
        let account = IncomingAccount(bytes: self)
        state.withLock { $0.entries[ObjectIdentifier(account)] = Entry(channel: channel) }
        return account
    }

    fileprivate func change(_ id: ObjectIdentifier, by count: Int) {
        let dropped = state.withLock { state -> [any Channel] in
            guard var entry = state.entries[id] else { return [] }
            entry.count += count
            state.entries[id] = entry
            guard !entry.isDropped else { return [] }
            state.total += count
            return state.total > limit ? dropLargest(&state) : []
        }
        for channel in dropped { channel.close(promise: nil) }
    }

    fileprivate func close(_ id: ObjectIdentifier) {
        state.withLock { state in
            if let entry = state.entries.removeValue(forKey: id), !entry.isDropped { state.total -= entry.count }
        }
    }

    private func dropLargest(_ state: inout sending State) -> [any Channel] {
        let holding = state.entries.filter { !$0.value.isDropped && $0.value.count > 0 }
        var dropped: [any Channel] = []
        for (id, entry) in holding.sorted(by: { $0.value.count > $1.value.count }) where state.total > limit / 2 {
            state.entries[id]?.isDropped = true
            state.total -= entry.count
            dropped.append(entry.channel)
        }
        return dropped
    }
}

/// What one connection holds. All is given back when nobody refers to it any more.
final class IncomingAccount: Sendable {
    private let bytes: IncomingBytes

    fileprivate init(bytes: IncomingBytes) {
        self.bytes = bytes
    }

    deinit {
        bytes.close(ObjectIdentifier(self))
    }

    func change(by count: Int) {
        if count != 0 { bytes.change(ObjectIdentifier(self), by: count) }
    }
}

/// Stands before the frame decoder and counts what came and has not left the decoder, and what the handler keeps of a
/// message that is not complete. Confined to the channel's loop.
final class IncomingGate: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let account: IncomingAccount
    private let handler: WebSocketHandler
    private let frameBytes: Int
    private var cameBytes = 0
    private var counted = 0

    init(account: IncomingAccount, handler: WebSocketHandler, frameBytes: Int) {
        self.account = account
        self.handler = handler
        self.frameBytes = frameBytes
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        count(0)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        cameBytes += unwrapInboundIn(data).readableBytes
        context.fireChannelRead(data)
        // A length that was written longer than it had to be makes the difference too large, but the decoder never
        // keeps more than one frame.
        let inDecoder = min(cameBytes - handler.decodedByteCount, frameBytes + WebSocketHandler.mostHeaderBytes)
        count(inDecoder + handler.partialByteCount)
    }

    private func count(_ now: Int) {
        account.change(by: now - counted)
        counted = now
    }
}
