import Testing

@testable import Transfer

/// A hostile receiver, against the sender's core.
struct SenderCoreTests {
    private static let digest = TreeDigest(bytes: Array(repeating: 1, count: 32))!
    private static let otherDigest = TreeDigest(bytes: Array(repeating: 2, count: 32))!

    private func sending(_ sizes: [Int64], limit: Int64 = 100) throws -> SenderCore {
        var core = SenderCore(transfer: "t")
        core.offer(sizes, isLast: true)
        try core.receive(.hello(version: 7, role: .receiver, agent: "a\u{1B}b"), byteCount: 1)
        try core.receive(.accept(transfer: "t", limit: limit), byteCount: 1)
        return core
    }

    private func violates(
        _ core: SenderCore, _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation,
        _ messages: ControlMessage...
    ) {
        var core = core
        do throws(TransferError) {
            for message in messages { try core.receive(message, byteCount: 1) }
            Issue.record("no violation \(what)", sourceLocation: sourceLocation)
        } catch {
            #expect(error.code == .protocolViolation, "\(what)", sourceLocation: sourceLocation)
        }
    }

    @Test func `a transfer goes from hello to receipt`() throws {
        var core = try sending([3, 0])
        #expect(core.intake.agent == #"a\u{1B}b"#)
        #expect(core.begin(0) == nil)
        core.spend(3, item: 0, end: 3)
        #expect(core.credit == 97)
        #expect(core.end(0, size: 3, root: Self.digest) == .itemEnd(item: 0, size: 3, root: Self.digest))
        _ = core.begin(1)
        _ = core.end(1, size: 0, root: Self.digest)
        #expect(core.finish() == .done(items: 2, bytes: 3))
        try core.receive(.credit(received: 2, limit: 100), byteCount: 1)
        #expect(core.progress == (0, 2))
        try core.receive(.credit(received: 3, limit: 103), byteCount: 1)
        #expect(core.progress == (1, 0))
        try core.receive(.confirmed(item: 0, bytes: 3, root: Self.digest), byteCount: 1)
        try core.receive(.confirmed(item: 1, bytes: 0, root: Self.digest), byteCount: 1)
        #expect(core.takeSettled() == [0, 1])
        try core.receive(.receipt(items: 2, bytes: 3), byteCount: 1)
        #expect(core.phase == .over)
    }

    @Test func `messages before the yes are violations`() throws {
        var core = SenderCore(transfer: "t")
        core.offer([3], isLast: true)
        violates(core, "no hello", .accept(transfer: "t", limit: 1))
        try core.receive(.hello(version: 1, role: .receiver, agent: ""), byteCount: 1)
        violates(core, "other transfer", .accept(transfer: "u", limit: 1))
        violates(core, "credit", .credit(received: 0, limit: 1))
        violates(core, "confirmed", .confirmed(item: 0, bytes: 3, root: Self.digest))
        violates(core, "failed", .itemFailed(item: 0, code: "name", message: ""))
        violates(core, "receipt", .receipt(items: 0, bytes: 0))
        violates(core, "offer", .offer(transfer: "t", items: [], more: false))
        violates(core, "twice", .accept(transfer: "t", limit: 1), .accept(transfer: "t", limit: 2))
        violates(core, "both", .accept(transfer: "t", limit: 1), .decline(transfer: "t", reason: ""))
    }

    @Test func `credit that falls or counts what was not sent is a violation`() throws {
        var core = try sending([50])
        _ = core.begin(0)
        core.spend(10, item: 0, end: 10)
        violates(core, "unsent", .credit(received: 11, limit: 100))
        violates(core, "limit falls", .credit(received: 1, limit: 99))
        violates(core, "count falls", .credit(received: 5, limit: 100), .credit(received: 4, limit: 100))
    }

    @Test func `confirmations must fit what was sent`() throws {
        var core = try sending([3, 3])
        violates(core, "not ended", .confirmed(item: 0, bytes: 3, root: Self.digest))
        _ = core.end(0, size: 3, root: Self.digest)
        let good = ControlMessage.confirmed(item: 0, bytes: 3, root: Self.digest)
        violates(core, "hash", .confirmed(item: 0, bytes: 3, root: Self.otherDigest))
        violates(core, "size", .confirmed(item: 0, bytes: 2, root: Self.digest))
        violates(core, "no item", .confirmed(item: 9, bytes: 3, root: Self.digest))
        violates(core, "twice", good, good)
        violates(core, "failed after", good, .itemFailed(item: 0, code: "storage", message: ""))
        violates(core, "receipt before done", good, .receipt(items: 1, bytes: 3))
        _ = core.finish()
        violates(core, "receipt before all", good, .receipt(items: 1, bytes: 3))
        let failed = ControlMessage.itemFailed(item: 1, code: "storage", message: "")
        violates(core, "receipt that counts wrong", good, failed, .receipt(items: 2, bytes: 6))
        try core.receive(good, byteCount: 1)
        try core.receive(failed, byteCount: 1)
        try core.receive(.receipt(items: 1, bytes: 3), byteCount: 1)
        #expect(core.phase == .over)
    }

    @Test func `an item that the receiver gave up gets neither end nor failure`() throws {
        var core = try sending([3])
        try core.receive(.itemFailed(item: 0, code: "exists", message: "there\nalready"), byteCount: 1)
        #expect(core.end(0, size: 3, root: Self.digest) == nil)
        #expect(core.fail(0, .vanished) == nil)
        #expect(core.finish() == .done(items: 0, bytes: 0))
        guard case .failed(let error) = core.fates[0] else {
            Issue.record("\(core.fates)")
            return
        }
        #expect(error == TransferError(.exists, #"there\u{A}already"#, isReportedByPeer: true))
    }

    @Test func `declines, errors and byes say what happened`() throws {
        var core = SenderCore(transfer: "t")
        core.offer([3], isLast: true)
        try core.receive(.hello(version: 1, role: .receiver, agent: ""), byteCount: 1)
        func code(_ message: ControlMessage) -> TransferError.Code? {
            var core = core
            do throws(TransferError) {
                try core.receive(message, byteCount: 1)
                return nil
            } catch {
                #expect(!error.message.contains("\u{1B}"))
                return error.code
            }
        }
        #expect(code(.decline(transfer: "t", reason: "\u{1B}no")) == .declined)
        #expect(code(.error(code: "storage", message: "\u{1B}full")) == .storage)
        #expect(code(.error(code: "canceled", message: "")) == .canceled)
        #expect(code(.bye) == .peerVanished)
    }

    @Test func `channels that end before the receipt mean that the peer is gone`() throws {
        var core = try sending([])
        #expect(throws: TransferError.vanished) { try core.channelEnded(.control) }
        #expect(throws: TransferError.vanished) { try core.channelEnded(.data) }
        _ = core.finish()
        try core.channelEnded(.data)
        #expect(throws: TransferError.vanished) { try core.channelEnded(.both) }
        try core.receive(.receipt(items: 0, bytes: 0), byteCount: 1)
        try core.channelEnded(.control)
    }
}
