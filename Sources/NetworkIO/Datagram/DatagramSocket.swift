internal import NIOCore
internal import NIOPosix
package import Wire

/// Who gets what a socket receives. All calls come on the loop.
package protocol DatagramReceiver: AnyObject {
    /// Datagrams from one sender that arrived together: each `segmentBytes` long, the last may be shorter. The memory
    /// is valid during the call.
    func receive(
        _ train: UnsafeRawBufferPointer, segmentBytes: Int, from remote: TransportAddress, at socket: DatagramSocket)

    /// Nothing more is there to be read now: the time to answer everything that came in this turn at once.
    func receiveDidFinishTurn()
}

/// A UDP socket on the network loop that moves datagrams in batches: several per system call, and several per message
/// where the kernel can cut (UDP_SEGMENT) and join (UDP_GRO) them.
///
/// Unchecked because it is confined to the loop: every member but `bind` and `close` must be used there.
package final class DatagramSocket: @unchecked Sendable {
    package let localAddress: TransportAddress
    /// Set once, before the first datagram can arrive, by whoever owns the socket. Not retained.
    package weak var receiver: (any DatagramReceiver)?
    /// Datagrams that the system refused to send.
    package private(set) var sendFailureCount = 0

    private let channel: any Channel
    private var canSegment = System.supportsUDPSegmentationOffload
    private var lastRemote: (wire: TransportAddress, nio: SocketAddress)?

    private init(channel: any Channel, localAddress: TransportAddress) {
        self.channel = channel
        self.localAddress = localAddress
    }

    /// Asks for 4 MiB in the kernel in each direction; without privilege the system's own limit applies.
    private static let kernelBufferBytes = 4 * 1024 * 1024
    /// A message of joined datagrams has up to 64 KiB; this many are taken per system call.
    private static let messagesPerRead = 8

    /// Opens a socket.
    ///
    /// - Parameter address: a local address; port 0 takes any free one.
    package static func bind(to address: TransportAddress, on loop: NetworkLoop) async throws -> DatagramSocket {
        let joins = System.supportsUDPReceiveOffload
        let channel = try await DatagramBootstrap(group: loop.eventLoop)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: messagesPerRead * 65_536))
            .channelOption(.datagramVectorReadMessageCount, value: messagesPerRead)
            .channelOption(.datagramReceiveSegmentSize, value: joins)
            .channelOption(.autoRead, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DatagramHandler())
                }
            }
            .bind(to: SocketAddress(address)).get()
        for option in bufferOptions {
            // Best effort: the forcing variants need privilege, the plain ones are capped by the system.
            try? await channel.setOption(option, value: kernelBufferBytes).get()
        }
        guard let local = channel.localAddress.flatMap(TransportAddress.init) else {
            try? await channel.close()
            throw ChannelError.unknownLocalAddress
        }
        let socket = DatagramSocket(channel: channel, localAddress: local)
        try await loop.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: DatagramHandler.self).socket = socket
        }.get()
        return socket
    }

    private static var bufferOptions: [ChannelOptions.Types.SocketOption] {
        #if os(Linux)
            // SO_SNDBUFFORCE and SO_RCVBUFFORCE, which the Glibc module does not have.
            [
                .socketOption(.so_sndbuf), .socketOption(.so_rcvbuf),
                .init(level: .socket, name: .init(rawValue: 32)), .init(level: .socket, name: .init(rawValue: 33)),
            ]
        #else
            [.socketOption(.so_sndbuf), .socketOption(.so_rcvbuf)]
        #endif
    }

    /// Sends all datagrams of `batch` to `remote`, in as few system calls as possible, and empties it.
    package func send(_ batch: DatagramBatch, to remote: TransportAddress) {
        guard !batch.isEmpty else { return }
        let address = nioAddress(remote)
        // 64 segments are the kernel's limit, and a message must fit UDP's length field.
        batch.forEachRun(maximumSegments: canSegment ? 64 : 1, maximumBytes: 65_000) { run, segmentBytes in
            write(run, segmentBytes: segmentBytes, to: address)
        }
        batch.removeAll()
        channel.flush()
    }

    /// Sends one datagram.
    package func send(_ bytes: [UInt8], to remote: TransportAddress) {
        bytes.withUnsafeBytes { write($0, segmentBytes: $0.count, to: nioAddress(remote)) }
        channel.flush()
    }

    /// Closes the socket; from any thread, idempotent.
    package func close() {
        channel.close(promise: nil)
    }

    private func write(_ run: UnsafeRawBufferPointer, segmentBytes: Int, to address: SocketAddress) {
        var buffer = channel.allocator.buffer(capacity: run.count)
        // In pieces of one datagram: see martlet_copy for what long copies between unlucky addresses cost.
        var start = 0
        while start < run.count {
            let end = min(start + max(segmentBytes, 512), run.count)
            buffer.writeBytes(UnsafeRawBufferPointer(rebasing: run[start..<end]))
            start = end
        }
        let isSegmented = run.count > segmentBytes
        let metadata =
            isSegmented
            ? AddressedEnvelope<ByteBuffer>.Metadata(
                ecnState: .transportNotCapable, packetInfo: nil, segmentSize: segmentBytes) : nil
        let envelope = AddressedEnvelope(remoteAddress: address, data: buffer, metadata: metadata)
        let written = channel.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenFailure { [weak self] _ in
            guard let self else { return }
            sendFailureCount += 1
            // A device without checksum offload refuses segmented messages: go on one by one. What was lost in this
            // message is repeated by the layers above.
            if isSegmented { canSegment = false }
        }
        channel.write(envelope, promise: written)
    }

    private func nioAddress(_ remote: TransportAddress) -> SocketAddress {
        if let last = lastRemote, last.wire == remote { return last.nio }
        let address = SocketAddress(remote)
        lastRemote = (remote, address)
        return address
    }
}

/// Turns what the channel reads into calls of the receiver.
private final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    weak var socket: DatagramSocket?
    private var lastSender: (nio: SocketAddress, wire: TransportAddress)?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let socket, let receiver = socket.receiver, let remote = sender(envelope.remoteAddress) else { return }
        let segmentBytes = envelope.metadata?.segmentSize ?? 0
        envelope.data.withUnsafeReadableBytes { bytes in
            guard !bytes.isEmpty else { return }
            receiver.receive(
                bytes, segmentBytes: segmentBytes > 0 ? segmentBytes : bytes.count, from: remote, at: socket)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        socket?.receiver?.receiveDidFinishTurn()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An ICMP "unreachable" for one remote surfaces here; ICE finds out by itself which paths live.
    }

    private func sender(_ address: SocketAddress) -> TransportAddress? {
        if let last = lastSender, last.nio == address { return last.wire }
        guard let wire = TransportAddress(address) else { return nil }
        lastSender = (address, wire)
        return wire
    }
}
