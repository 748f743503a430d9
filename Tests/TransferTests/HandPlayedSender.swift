import Testing

@testable import Transfer

/// A test that plays the sender by hand, against a real receiver.
struct HandPlayedSender {
    let control = MemoryChannel.pair(capacity: 64 << 20)
    let data = MemoryChannel.pair(capacity: 256 << 20)

    /// Runs a receiver at the other end. It asks as soon as there are items.
    func receiver(
        to destination: Destination, options: TransferOptions = TransferOptions(), pace: WriterPace = WriterPace(),
        output: Int32 = 1, onEvent: @escaping @Sendable (TransferEvent) -> Void = { _ in },
        decide: @escaping @Sendable (IncomingOffer) async -> OfferDecision = { _ in .accept() }
    ) -> Task<Ending, Never> {
        let receiver = FileReceiver(
            destination: destination, control: control.1, data: data.1, options: options, onEvent: onEvent,
            decide: decide)
        let run = ReceiverRun(receiver, pace: pace, questionDelay: .zero, output: output)
        return Task { [control, data] in
            await ending(closing: control.1, data.1) { () async throws(TransferError) in try await run.run() }
        }
    }

    func say(_ messages: ControlMessage...) async throws {
        try await control.0.transmit(messages.map { .text($0.encoded) })
    }

    func greet() async throws {
        try await say(.hello(version: 1, role: .sender, agent: "test"))
    }

    func offer(_ items: [ControlMessage.Item], more: Bool = false) async throws {
        try await say(.offer(transfer: "t", items: items, more: more))
    }

    /// One frame at the item's beginning, or behind it.
    func send(_ bytes: [UInt8], of item: Int, at offset: Int64 = 0) async throws {
        if bytes.isEmpty { return }
        let message = try DataFrame.message(item: item, offset: offset, payloadByteCount: bytes.count) { buffer in
            buffer.copyBytes(from: bytes)
            return bytes.count
        }
        try await data.0.transmit([.binary(message)])
    }

    /// The whole of an item.
    func deliver(_ bytes: [UInt8], as item: Int) async throws {
        try await send(bytes, of: item)
        try await say(.itemEnd(item: item, size: Int64(bytes.count), root: root(of: bytes)))
    }

    /// Reads what the receiver says until `isWanted`.
    @discardableResult
    func hear(_ isWanted: (ControlMessage) -> Bool) async throws -> ControlMessage? {
        for await message in control.0.incoming {
            guard case .text(let text) = message else { continue }
            let message = try ControlMessage(text)
            if isWanted(message) { return message }
        }
        return nil
    }

    func heardAccept() async throws {
        try await hear { if case .accept = $0 { true } else { false } }
    }

    /// Says `done`, waits for the receipt, and says `bye`.
    func finish(items: Int64, bytes: Int64) async throws {
        try await say(.done(items: items, bytes: bytes))
        let receipt = try await hear { if case .receipt = $0 { true } else { false } }
        #expect(receipt != nil)
        try await say(.bye)
    }

    func hangUp() {
        control.0.close()
        data.0.close()
    }
}

/// The error of an ending; a success is an issue.
func failure(
    of ending: Ending, sourceLocation: SourceLocation = #_sourceLocation
) -> TransferError? {
    if case .failure(let error) = ending { return error }
    Issue.record("succeeded", sourceLocation: sourceLocation)
    return nil
}
