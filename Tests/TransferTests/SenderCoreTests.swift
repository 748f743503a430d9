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

    @Test func `only so many items end without an answer`() throws {
        var core = try sending(Array(repeating: 0, count: 5000))
        var count = 0
        while core.hasRoomForEnd {
            _ = core.begin(count)
            _ = core.end(count, size: 0, root: Self.digest)
            count += 1
        }
        #expect(count == 4096)
        try core.receive(.confirmed(item: 7, bytes: 0, root: Self.digest), byteCount: 1)
        #expect(core.hasRoomForEnd)
        _ = core.end(count, size: 0, root: Self.digest)
        #expect(!core.hasRoomForEnd)
        try core.receive(.itemFailed(item: 8, code: "exists", message: ""), byteCount: 1)
        #expect(core.hasRoomForEnd)
        // An item that fails before it ended was not counted, and gives no room back.
        _ = core.end(count + 1, size: 0, root: Self.digest)
        try core.receive(.itemFailed(item: count + 2, code: "exists", message: ""), byteCount: 1)
        #expect(!core.hasRoomForEnd)
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

/// Resuming and lost frames, against a hostile receiver.
struct SenderCoreResumeTests {
    private static let digest = TreeDigest(bytes: Array(repeating: 1, count: 32))!
    private static let leaf = Int64(HashTree.leafBytes)

    private func offering(_ sizes: [Int64?], isUnordered: Bool = false) throws -> SenderCore {
        var core = SenderCore(transfer: "t", isUnordered: isUnordered)
        core.offer(sizes, isLast: true)
        try core.receive(.hello(version: 1, role: .receiver, agent: "", session: "s"), byteCount: 1)
        return core
    }

    private func have(_ complete: [Range<Int>], _ parts: [(Int, Int64)] = []) -> ControlMessage {
        .have(
            transfer: "t", complete: complete,
            partial: parts.map { ControlMessage.Part(item: $0, bytes: $1, tree: Self.digest) })
    }

    private func violates(
        _ core: SenderCore, _ messages: ControlMessage..., sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var core = core
        do throws(TransferError) {
            for message in messages { try core.receive(message, byteCount: 1) }
            Issue.record("no violation", sourceLocation: sourceLocation)
        } catch {
            #expect(error.code == .protocolViolation, sourceLocation: sourceLocation)
        }
    }

    @Test func `what the receiver has is not sent, and the rest from where it says`() throws {
        let leaf = Self.leaf
        var core = try offering([5, 3 * leaf, nil, 7])
        try core.receive(have([0..<1, 3..<4], [(1, 2 * leaf)]), byteCount: 1)
        #expect(core.resumed == (2, 12 + 2 * leaf))
        try core.receive(.accept(transfer: "t", limit: 10 * leaf), byteCount: 1)
        // It counts as there before it was looked at: nobody is shown a transfer that begins anew.
        #expect(core.completedBytes == 12 + 2 * leaf)
        #expect(core.wish(0) == .nothing && core.wish(2) == .whole)
        #expect(core.wish(1) == .rest(.init(item: 1, bytes: 2 * leaf, tree: Self.digest)))
        #expect(core.begin(1, at: 2 * leaf) == .itemBegin(item: 1, offset: 2 * leaf))
        core.spend(Int(leaf), item: 1, end: 3 * leaf)
        _ = core.end(1, size: 3 * leaf, root: Self.digest)
        _ = core.begin(2)
        core.spend(4, item: 2, end: 4)
        #expect(core.end(2, size: 4, root: Self.digest) == .itemEnd(item: 2, size: 4, root: Self.digest))
        // The counts are those of this connection.
        #expect(core.finish() == .done(items: 2, bytes: 3 * leaf + 4))
        try core.receive(.credit(received: leaf, limit: 10 * leaf), byteCount: 1)
        #expect(core.completedBytes == 12 + 3 * leaf && core.progress == (2, 0))
        try core.receive(.confirmed(item: 1, bytes: 3 * leaf, root: Self.digest), byteCount: 1)
        try core.receive(.confirmed(item: 2, bytes: 4, root: Self.digest), byteCount: 1)
        #expect(core.takeSettled() == [1, 2])
        try core.receive(.receipt(items: 2, bytes: 3 * leaf + 4), byteCount: 1)
        #expect(core.phase == .over && core.totalBytes == 16 + 3 * leaf)
    }

    @Test func `a beginning that is not true counts no more`() throws {
        var core = try offering([3 * Self.leaf])
        try core.receive(have([], [(0, 2 * Self.leaf)]), byteCount: 1)
        try core.receive(.accept(transfer: "t", limit: 10 * Self.leaf), byteCount: 1)
        #expect(core.begin(0, at: 0) == .itemBegin(item: 0, offset: 0))
        #expect(core.completedBytes == 0)
    }

    @Test func `a stream's bytes count before its end is known`() throws {
        var core = try offering([nil])
        try core.receive(.accept(transfer: "t", limit: 100), byteCount: 1)
        _ = core.begin(0)
        core.spend(60, item: 0, end: 60)
        try core.receive(.credit(received: 40, limit: 100), byteCount: 1)
        #expect(core.completedBytes == 40 && !core.isTotalKnown)
    }

    @Test func `a have that cannot be is a violation`() throws {
        let core = try offering([5, 3 * Self.leaf, nil])
        let accept = ControlMessage.accept(transfer: "t", limit: 1)
        violates(core, accept, have([]))
        violates(core, .have(transfer: "u", complete: [], partial: []))
        violates(core, have([0..<2, 1..<2]))
        violates(core, have([0..<1]), have([0..<1]))
        violates(core, have([0..<4]))
        violates(core, have([3..<250_000]))
        violates(core, have([], [(1, 3 * Self.leaf)]))
        violates(core, have([], [(0, Self.leaf)]))
        violates(core, have([], [(2, Self.leaf)]))
        violates(core, have([], [(3, Self.leaf)]))
        violates(core, have([], [(1, Self.leaf), (1, Self.leaf)]))
        violates(core, have([1..<2], [(1, Self.leaf)]))
        violates(core, have([0..<1]), accept, .itemFailed(item: 0, code: "skipped", message: ""))
        violates(core, have([0..<1]), accept, .confirmed(item: 0, bytes: 5, root: Self.digest))
    }

    @Test func `an item that the receiver skips is skipped`() throws {
        var core = try offering([5])
        try core.receive(.accept(transfer: "t", limit: 9), byteCount: 1)
        try core.receive(.itemFailed(item: 0, code: "skipped", message: "x"), byteCount: 1)
        #expect(core.fates == [.skipped] && core.wish(0) == .nothing)
        violates(core, .itemFailed(item: 0, code: "skipped", message: "x"))
        #expect(core.finish() == .done(items: 0, bytes: 0))
        try core.receive(.receipt(items: 0, bytes: 0), byteCount: 1)
    }

    private func missing(_ item: Int, _ offset: Int64, _ count: Int64) -> ControlMessage {
        .missing([.init(item: item, offset: offset, byteCount: count)])
    }

    @Test func `what is missing goes again, and counts twice for nobody`() throws {
        var core = try offering([100, 50], isUnordered: true)
        try core.receive(.accept(transfer: "t", limit: 100), byteCount: 1)
        #expect(core.mark() == nil)
        _ = core.begin(0)
        core.spend(100, item: 0, end: 100)
        violates(core, missing(0, 0, 10))
        #expect(core.mark() == .mark(item: 0, offset: 100))
        try core.receive(missing(0, 20, 30), byteCount: 1)
        try core.receive(.credit(received: 100, limit: 140), byteCount: 1)
        #expect(core.completedBytes == 70 && core.credit == 40)
        #expect(core.takeMissing() == .init(item: 0, offset: 20, byteCount: 30) && core.takeMissing() == nil)
        // A late frame counts before its repetition is out; more does not.
        violates(core, .credit(received: 131, limit: 140))
        try core.receive(.credit(received: 130, limit: 140), byteCount: 1)
        core.spendAgain(30)
        violates(core, .credit(received: 131, limit: 140))
        #expect(core.completedBytes == 100)
    }

    @Test func `what cannot be sent again fails after its end, unless a confirmation crosses`() throws {
        var core = SenderCore(transfer: "t", isUnordered: true)
        core.offer([3, 3], isLast: true)
        try core.receive(.hello(version: 1, role: .receiver, agent: "a"), byteCount: 1)
        try core.receive(.accept(transfer: "t", limit: 100), byteCount: 1)
        for item in 0...1 {
            _ = core.begin(item)
            core.spend(3, item: item, end: 3)
            _ = core.end(item, size: 3, root: Self.digest)
            _ = core.mark()
        }
        _ = core.finish()
        let changed = TransferError(.changed, "changed")
        for item in 0...1 {
            try core.receive(.missing([.init(item: item, offset: 0, byteCount: 2)]), byteCount: 1)
            #expect(core.takeMissing()?.item == item)
            #expect(core.fail(item, changed) != nil && core.fail(item, changed) == nil)
        }
        // What the receiver named before it heard of that is for nobody, and counts.
        try core.receive(.missing([.init(item: 0, offset: 2, byteCount: 1)]), byteCount: 1)
        #expect(core.takeMissing() == nil)
        try core.receive(.credit(received: 11, limit: 111), byteCount: 1)
        try core.receive(.confirmed(item: 1, bytes: 3, root: Self.digest), byteCount: 1)
        violates(core, .confirmed(item: 0, bytes: 4, root: Self.digest))
        try core.receive(.receipt(items: 1, bytes: 3), byteCount: 1)
        #expect(core.fates == [.failed(changed), .confirmed(Self.digest)])
        #expect(core.takeSettled() == [1, 0])
    }

    @Test func `bytes that cannot be missing are a violation`() throws {
        var core = try offering([100, 50, 50], isUnordered: true)
        try core.receive(have([2..<3]), byteCount: 1)
        try core.receive(.accept(transfer: "t", limit: 1_000), byteCount: 1)
        _ = core.begin(0)
        core.spend(100, item: 0, end: 100)
        _ = core.end(0, size: 100, root: Self.digest)
        _ = core.begin(1)
        core.spend(10, item: 1, end: 10)
        _ = core.mark()
        violates(core, missing(0, 99, 2))
        violates(core, missing(1, 0, 11))
        violates(core, missing(2, 0, 1))
        violates(core, missing(200_000, 0, 1))
        violates(core, .confirmed(item: 0, bytes: 100, root: Self.digest), missing(0, 0, 1))
        // Too many at once, in no more memory than a bound.
        let flood = (0..<1_000).map { _ in ControlMessage.Stretch(item: 0, offset: 0, byteCount: 1) }
        var flooded = core
        #expect(throws: TransferError.self) {
            for _ in 0..<100 { try flooded.receive(.missing(flood), byteCount: 1) }
        }
        // Of an item that failed here, nothing goes again.
        _ = core.fail(1, .vanished)
        try core.receive(missing(1, 0, 5), byteCount: 1)
        #expect(core.takeMissing() == nil)
        var ordered = try offering([5])
        try ordered.receive(.accept(transfer: "t", limit: 5), byteCount: 1)
        ordered.spend(5, item: 0, end: 5)
        #expect(ordered.mark() == nil)
        violates(ordered, missing(0, 0, 1))
    }
}
