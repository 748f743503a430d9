import Testing

@testable import Transfer

/// A hostile or merely unordered sender, against the receiver's core.
struct ReceiverCoreTests {
    private static let emptyDigest = TreeDigest(bytes: Array(repeating: 0, count: 32))!

    private func frame(_ item: Int, _ offset: Int64, _ count: Int) throws -> DataFrame {
        try DataFrame(
            DataFrame.message(item: item, offset: offset, payloadByteCount: count) { buffer in
                for index in 0..<count { buffer[index] = UInt8(truncatingIfNeeded: Int(offset) + index + item) }
                return count
            })
    }

    private func hello(_ core: inout ReceiverCore) throws {
        try core.receive(.hello(version: 1, role: .sender, agent: "test"), byteCount: 80)
    }

    /// A core that has accepted items of these sizes.
    private func receiving(_ sizes: [Int64], window: Int = 1 << 20, hasOneChannel: Bool = false) throws -> ReceiverCore
    {
        var core = ReceiverCore(hasOneChannel: hasOneChannel)
        try hello(&core)
        let items = sizes.enumerated().map { ControlMessage.Item(number: $0, path: ["f\($0)"], size: $1) }
        try core.receive(.offer(transfer: "t", items: items, more: false), byteCount: 100)
        try core.accept(window: window)
        return core
    }

    private func end(_ item: Int, _ size: Int64) -> ControlMessage {
        .itemEnd(item: item, size: size, root: Self.emptyDigest)
    }

    private func violates(
        _ core: ReceiverCore, _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation,
        _ body: (inout ReceiverCore) throws -> Void
    ) {
        var core = core
        do {
            try body(&core)
            Issue.record("no violation \(what)", sourceLocation: sourceLocation)
        } catch let error as TransferError {
            #expect(error.code == .protocolViolation, "\(what)", sourceLocation: sourceLocation)
        } catch {
            Issue.record(error, sourceLocation: sourceLocation)
        }
    }

    @Test func `messages in order become work in order`() throws {
        var core = try receiving([3, 0, 2])
        // S -> data: item 0, whole
        try core.receive(frame(0, 0, 3))
        // S -> control: item 0 ended, item 1 (empty) ended
        try core.receive(end(0, 3), byteCount: 1)
        try core.receive(end(1, 0), byteCount: 1)
        // S -> data: item 2 in two frames; S -> control: ended, done
        try core.receive(frame(2, 0, 1))
        try core.receive(frame(2, 1, 1))
        try core.receive(end(2, 2), byteCount: 1)
        try core.receive(.done(items: 3, bytes: 5), byteCount: 1)
        #expect(core.phase == .settled && !core.isFinished)
        let work = core.takeWork(upTo: 1 << 20)
        #expect(
            work == [
                .write(try frame(0, 0, 3)), .finish(item: 0, size: 3, root: Self.emptyDigest),
                .finish(item: 1, size: 0, root: Self.emptyDigest), .write(try frame(2, 0, 1)),
                .write(try frame(2, 1, 1)), .finish(item: 2, size: 2, root: Self.emptyDigest),
            ])
        #expect(core.isFinished)
    }

    @Test func `a mark that crosses with the receipt is no offence`() throws {
        var core = try receivingUnordered([2], window: 1 << 20)
        // S -> control: everything was sent; data: what was missing, which settles it; control: the mark behind that
        try core.receive(end(0, 2), byteCount: 1)
        try core.receive(.done(items: 1, bytes: 2), byteCount: 1)
        try core.receive(frame(0, 0, 2))
        #expect(core.phase == .settled)
        try core.receive(.mark(item: 0, offset: 2), byteCount: 1)
        #expect(try core.takeMissing().isEmpty)
    }

    /// A core that has accepted items of these sizes from a sender whose frames may get lost.
    private func receivingUnordered(_ sizes: [Int64], window: Int) throws -> ReceiverCore {
        var core = ReceiverCore(hasOneChannel: false)
        try core.receive(
            .hello(version: 1, role: .sender, agent: "test", features: [ControlMessage.unordered]), byteCount: 80)
        let items = sizes.enumerated().map { ControlMessage.Item(number: $0, path: ["f\($0)"], size: $1) }
        try core.receive(.offer(transfer: "t", items: items, more: false), byteCount: 100)
        try core.accept(window: window)
        return core
    }

    @Test func `frames in any order, twice and overlapping become each byte once`() throws {
        for seed in 0..<300 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let sizes = (0..<3).map { _ in Int64.random(in: 0...40, using: &random) }
            var core = try receivingUnordered(sizes, window: 1_000)
            var frames: [DataFrame] = []
            for (item, size) in sizes.enumerated() where size > 0 {
                for offset in 0..<size { frames.append(try frame(item, offset, 1)) }
                for _ in 0..<10 {
                    let offset = Int64.random(in: 0..<size, using: &random)
                    let count = Int.random(in: 1...Int(size - offset), using: &random)
                    frames.append(try frame(item, offset, count))
                }
            }
            for frame in frames.shuffled(using: &random) { try core.receive(frame) }
            for (item, size) in sizes.enumerated() { try core.receive(end(item, size), byteCount: 1) }
            try core.receive(.done(items: 3, bytes: sizes.reduce(0, +)), byteCount: 1)
            var next: [Int: Int64] = [:]
            for step in core.takeWork(upTo: 10_000) {
                guard case .write(let frame) = step else { continue }
                #expect(frame.offset == next[frame.item, default: 0], "seed \(seed)")
                #expect(try frame == self.frame(frame.item, frame.offset, frame.payloadByteCount), "seed \(seed)")
                next[frame.item] = frame.offset + Int64(frame.payloadByteCount)
            }
            #expect(sizes.indices.allSatisfy { next[$0] ?? 0 == sizes[$0] } && core.isFinished, "seed \(seed)")
            #expect(core.countedBytes == sizes.reduce(0, +), "seed \(seed)")
        }
        let core = try receivingUnordered([10], window: 100)
        violates(core, "no such item") { try $0.receive(frame(1, 0, 1)) }
        violates(core, "too long") { try $0.receive(frame(0, 5, 6)) }
        violates(core, "a mark of no item") { try $0.receive(.mark(item: 2, offset: 0), byteCount: 1) }
        violates(core, "a mark behind the end") { try $0.receive(.mark(item: 0, offset: 11), byteCount: 1) }
        violates(core, "the same bytes for ever") { core in
            for _ in 0..<100 { try core.receive(frame(0, 5, 5)) }
        }
    }

    @Test func `what nothing can reach yet does not keep out what is missing`() throws {
        var core = try receivingUnordered([30], window: 10)
        try core.receive(frame(0, 5, 10))
        try core.receive(.mark(item: 0, offset: 15), byteCount: 1)
        #expect(try core.takeMissing() == [.init(item: 0, offset: 0, byteCount: 5)])
        core.handle(5)
        _ = core.raiseLimit()
        // The sender has more under way than there is room for: the first bytes go before the last.
        try core.receive(frame(0, 0, 5))
        try core.receive(frame(0, 15, 5))
        #expect(core.takeWork(upTo: 100) == [.write(try frame(0, 0, 5)), .write(try frame(0, 5, 10))])
        var full = try receivingUnordered([30], window: 10)
        try full.receive(frame(0, 10, 10))
        try full.receive(frame(0, 0, 10))
        #expect(full.takeWork(upTo: 100) == [.write(try frame(0, 0, 10))] && full.countedBytes == 10)
        try full.receive(.mark(item: 0, offset: 20), byteCount: 1)
        #expect(try full.takeMissing() == [.init(item: 0, offset: 10, byteCount: 10)])
    }

    @Test func `an item that its sender withdraws after its end fails, unless it is whole`() throws {
        var core = try receivingUnordered([4, 4], window: 100)
        for item in 0...1 { try core.receive(end(item, 4), byteCount: 1) }
        try core.receive(.done(items: 2, bytes: 8), byteCount: 1)
        try core.receive(frame(0, 0, 4))
        try core.receive(frame(1, 0, 2))
        for item in 0...1 {
            try core.receive(.itemFailed(item: item, code: "changed", message: ""), byteCount: 1)
        }
        let work = core.takeWork(upTo: 100)
        #expect(work.contains(.finish(item: 0, size: 4, root: Self.emptyDigest)) && core.isFinished)
        guard case .abandon(1, let error) = work.last else {
            Issue.record("\(work)")
            return
        }
        #expect(error.code == .changed)
    }

    @Test func `an end that comes before the last frames waits for them`() throws {
        var core = try receiving([2])
        try core.receive(end(0, 2), byteCount: 1)
        try core.receive(.done(items: 1, bytes: 2), byteCount: 1)
        #expect(core.takeWork(upTo: 10).isEmpty && !core.isFinished)
        try core.receive(frame(0, 0, 2))
        #expect(core.takeWork(upTo: 10).count == 2 && core.isFinished)
    }

    @Test func `frames of the next item wait for the end of the one before`() throws {
        var core = try receiving([4, 1])
        try core.receive(frame(0, 0, 2))
        // Item 0 failed at its source; the data channel knows first.
        try core.receive(frame(1, 0, 1))
        #expect(core.takeWork(upTo: 10) == [.write(try frame(0, 0, 2))])
        try core.receive(.itemFailed(item: 0, code: "changed", message: "\u{1B}[2J"), byteCount: 1)
        let work = core.takeWork(upTo: 10)
        #expect(try work.count == 2 && work[1] == .write(frame(1, 0, 1)))
        guard case .abandon(0, let error) = work[0] else {
            Issue.record("\(work)")
            return
        }
        #expect(error.code == .changed && error.isReportedByPeer && error.message == #"\u{1B}[2J"#)
    }

    @Test func `frames of items that were given up are counted and dropped`() throws {
        var core = try receiving([4, 4, 1])
        // The receiver gives up item 0, the sender item 1; frames of both were under way.
        try core.refuse(0)
        try core.receive(frame(0, 0, 2))
        try core.receive(.itemFailed(item: 1, code: "unreadable", message: ""), byteCount: 1)
        try core.receive(frame(1, 0, 3))
        try core.receive(end(2, 1), byteCount: 1)
        try core.receive(frame(2, 0, 1))
        try core.receive(.done(items: 1, bytes: 1), byteCount: 1)
        let work = core.takeWork(upTo: 100)
        #expect(work.contains(.discard(byteCount: 2)) && work.contains(.discard(byteCount: 3)))
        #expect(work.reduce(0) { $0 + $1.byteCount } == 6)
        #expect(work.last == .finish(item: 2, size: 1, root: Self.emptyDigest))
        #expect(core.isFinished)
        // And one that comes behind everything else.
        var late = try receiving([4])
        try late.receive(.itemFailed(item: 0, code: "unreadable", message: ""), byteCount: 1)
        try late.receive(.done(items: 0, bytes: 0), byteCount: 1)
        try late.receive(frame(0, 0, 4))
        #expect(late.phase == .settled)
    }

    @Test func `nothing but a greeting may come first`() throws {
        let core = ReceiverCore(hasOneChannel: false)
        violates(core) { try $0.receive(.bye, byteCount: 1) }
        violates(core) { try $0.receive(.ignorable, byteCount: 1) }
        violates(core) { try $0.receive(.offer(transfer: "t", items: [], more: false), byteCount: 1) }
        violates(core) { try $0.receive(frame(0, 0, 1)) }
        violates(core, "same role") { try $0.receive(.hello(version: 1, role: .receiver, agent: ""), byteCount: 1) }
        violates(core, "twice") { core in
            try hello(&core)
            try hello(&core)
        }
        var old = core
        #expect(throws: TransferError.self) {
            try old.receive(.hello(version: 0, role: .sender, agent: ""), byteCount: 1)
        }
    }

    @Test func `frames before the yes are a violation`() throws {
        var core = ReceiverCore(hasOneChannel: false)
        try hello(&core)
        violates(core) { try $0.receive(frame(0, 0, 1)) }
        let items = [ControlMessage.Item(number: 0, path: ["a"], size: 5)]
        try core.receive(.offer(transfer: "t", items: items, more: false), byteCount: 1)
        violates(core) { try $0.receive(frame(0, 0, 1)) }
        violates(core) { try $0.receive(end(0, 5), byteCount: 1) }
        violates(core) { try $0.receive(.done(items: 0, bytes: 0), byteCount: 1) }
        violates(core, "a second offer") {
            try $0.receive(.offer(transfer: "t", items: [], more: false), byteCount: 1)
        }
    }

    @Test func `frames out of place are a violation`() throws {
        let core = try receiving([10, 0, 10], window: 15)
        violates(core, "gap") { try $0.receive(frame(0, 1, 1)) }
        violates(core, "no such item") { try $0.receive(frame(3, 0, 1)) }
        violates(core, "too long") { try $0.receive(frame(0, 0, 11)) }
        violates(core, "bytes of an empty item") { try $0.receive(frame(1, 0, 1)) }
        violates(core, "far offset") { try $0.receive(frame(0, (1 << 53) - 1, 1)) }
        violates(core, "twice") { core in
            try core.receive(frame(0, 0, 1))
            try core.receive(frame(0, 0, 1))
        }
        violates(core, "backwards") { core in
            try core.receive(frame(2, 0, 1))
            try core.receive(frame(0, 0, 1))
        }
        violates(core, "more than allowed") { core in
            try core.receive(frame(0, 0, 10))
            try core.receive(frame(2, 0, 6))
        }
    }

    @Test func `ends out of place are a violation`() throws {
        let core = try receiving([4, 4])
        violates(core, "twice") { core in
            try core.receive(end(0, 4), byteCount: 1)
            try core.receive(end(0, 4), byteCount: 1)
        }
        violates(core, "failed after its end") { core in
            try core.receive(end(0, 4), byteCount: 1)
            try core.receive(.itemFailed(item: 0, code: "changed", message: ""), byteCount: 1)
        }
        violates(core, "another size") { try $0.receive(end(0, 3), byteCount: 1) }
        violates(core, "no such item") { try $0.receive(end(2, 4), byteCount: 1) }
        violates(core, "missing bytes") { core in
            try core.receive(frame(0, 0, 3))
            try core.receive(end(0, 4), byteCount: 1)
            try core.receive(frame(1, 0, 1))
        }
        violates(core, "done too early") { core in
            try core.receive(end(0, 4), byteCount: 1)
            try core.receive(.done(items: 1, bytes: 4), byteCount: 1)
        }
        violates(core, "done that counts wrong") { core in
            try core.receive(end(0, 4), byteCount: 1)
            try core.receive(end(1, 4), byteCount: 1)
            try core.receive(.done(items: 2, bytes: 9), byteCount: 1)
        }
        let oneChannel = try receiving([4, 4], hasOneChannel: true)
        violates(oneChannel, "no end on one channel") { core in
            try core.receive(frame(0, 0, 4))
            try core.receive(frame(1, 0, 1))
        }
    }

    @Test func `a receiver's messages from a sender are a violation`() throws {
        let core = try receiving([1])
        for message: ControlMessage in [
            .accept(transfer: "t", limit: 1), .decline(transfer: "t", reason: ""), .credit(received: 0, limit: 1),
            .confirmed(item: 0, bytes: 1, root: Self.emptyDigest), .receipt(items: 0, bytes: 0),
        ] {
            violates(core, "\(message)") { try $0.receive(message, byteCount: 1) }
        }
    }

    @Test func `offers are bounded in items, bytes and totals`() throws {
        var core = ReceiverCore(hasOneChannel: false)
        try hello(&core)
        func items(_ numbers: Range<Int>, size: Int64 = 0) -> [ControlMessage.Item] {
            numbers.map { ControlMessage.Item(number: $0, path: ["a"], size: size) }
        }
        violates(core, "numbering") {
            try $0.receive(.offer(transfer: "t", items: items(1..<2), more: false), byteCount: 1)
        }
        violates(core, "endless nothing") {
            try $0.receive(.offer(transfer: "t", items: [], more: true), byteCount: 1)
        }
        violates(core, "two transfers") { core in
            try core.receive(.offer(transfer: "t", items: items(0..<1), more: true), byteCount: 1)
            try core.receive(.offer(transfer: "u", items: items(1..<2), more: true), byteCount: 1)
        }
        violates(core, "total") {
            try $0.receive(.offer(transfer: "t", items: items(0..<2, size: (1 << 53) - 1), more: true), byteCount: 1)
        }
        violates(core, "bytes of names") { core in
            for number in 0..<1_100 {
                try core.receive(
                    .offer(transfer: "t", items: items(number..<number + 1), more: true), byteCount: 65_536)
            }
        }
        violates(core, "items") { core in
            for first in stride(from: 0, through: 250_000, by: 500) {
                try core.receive(.offer(transfer: "t", items: items(first..<first + 500), more: true), byteCount: 10)
            }
        }
    }

    @Test func `floods end in a violation, not in memory`() throws {
        violates(try receiving([1]), "ignorable messages") { core in
            for _ in 0..<10_000 { try core.receive(.ignorable, byteCount: 1) }
        }
        violates(try receiving([1 << 30], window: 1 << 30), "one-byte frames") { core in
            for offset in 0..<200_000 { try core.receive(frame(0, Int64(offset), 1)) }
        }
    }

    @Test func `the limit never falls and rises with what was handled`() throws {
        var core = try receiving([100], window: 10)
        try core.receive(frame(0, 0, 10))
        core.handle(10)
        #expect(core.raiseLimit() == .credit(received: 10, limit: 20))
        #expect(core.raiseLimit() == .credit(received: 10, limit: 20))
        try core.receive(frame(0, 10, 10))
        violates(core) { try $0.receive(frame(0, 20, 1)) }
    }

    /// What a sender may say for items of which some fail, as two ordered lists.
    private func script(_ random: inout SplitMix64) throws -> (
        sizes: [Int64], control: [ControlMessage], data: [DataFrame], expected: [Int: [UInt8]]
    ) {
        let sizes = (0..<Int.random(in: 1...6, using: &random)).map { _ in Int64.random(in: 0...9, using: &random) }
        var control: [ControlMessage] = []
        var data: [DataFrame] = []
        var expected: [Int: [UInt8]] = [:]
        for (item, size) in sizes.enumerated() {
            let isFailing = Int.random(in: 0..<4, using: &random) == 0
            let last = isFailing ? Int64.random(in: 0...size, using: &random) : size
            var bytes: [UInt8] = []
            while bytes.count < last {
                let count = Int.random(in: 1...(Int(last) - bytes.count), using: &random)
                let frame = try frame(item, Int64(bytes.count), count)
                data.append(frame)
                bytes += frame.payload
            }
            if isFailing {
                control.append(.itemFailed(item: item, code: "changed", message: ""))
            } else {
                control.append(end(item, size))
                expected[item] = bytes
            }
        }
        let total = expected.values.reduce(0) { $0 + $1.count }
        control.append(.done(items: Int64(expected.count), bytes: Int64(total)))
        return (sizes, control, data, expected)
    }

    @Test func `any interleaving of the two channels gives the same items`() throws {
        for seed in 0..<3_000 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let (sizes, control, data, expected) = try script(&random)
            var core = try receiving(sizes)
            var (nextControl, nextData) = (0, 0)
            var work: [ReceiverCore.Work] = []
            while nextControl < control.count || nextData < data.count {
                if nextData == data.count || nextControl < control.count && Bool.random(using: &random) {
                    try core.receive(control[nextControl], byteCount: 1)
                    nextControl += 1
                } else {
                    try core.receive(data[nextData])
                    nextData += 1
                }
                if Bool.random(using: &random) { work += core.takeWork(upTo: 5) }
            }
            while case let more = core.takeWork(upTo: 100), !more.isEmpty { work += more }
            #expect(core.isFinished, "seed \(seed)")

            var written: [Int: [UInt8]] = [:]
            var finished: [Int: [UInt8]] = [:]
            for step in work {
                switch step {
                case .write(let frame):
                    #expect(frame.offset == Int64(written[frame.item, default: []].count), "seed \(seed)")
                    written[frame.item, default: []] += frame.payload
                case .finish(let item, _, _): finished[item] = written[item] ?? []
                case .begin, .segment, .discard, .abandon: break
                }
            }
            #expect(finished == expected, "seed \(seed)")
            #expect(work.reduce(0) { $0 + $1.byteCount } == data.reduce(0) { $0 + $1.payloadByteCount })
        }
    }

    @Test func `any messages at all end in work or in a violation`() throws {
        for seed in 0..<3_000 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var core = try receiving([3, 0, 5, 2], window: 8)
            do throws(TransferError) {
                for _ in 0..<30 {
                    let item = Int.random(in: 0...4, using: &random)
                    switch random.next() % 8 {
                    case 0: try core.receive(end(item, [3, 0, 5, 2, 1][item]), byteCount: 1)
                    case 1: try core.receive(.itemFailed(item: item, code: "x", message: ""), byteCount: 1)
                    case 2: try core.receive(.done(items: Int64(item), bytes: 3), byteCount: 1)
                    case 3: if item < 4 { try core.refuse(item) }
                    case 4: _ = core.takeWork(upTo: 3)
                    default:
                        guard
                            let frame = try? frame(
                                item, Int64.random(in: 0...3, using: &random), 1 + Int(random.next() % 3))
                        else { continue }
                        try core.receive(frame)
                    }
                }
            } catch {
                #expect(error.code == .protocolViolation)
            }
            #expect(core.countedBytes <= core.limit)
        }
    }

    @Test func `marks of bytes that were never sent do not add up`() throws {
        var core = ReceiverCore(hasOneChannel: false)
        try core.receive(
            .hello(version: 1, role: .sender, agent: "test", features: [ControlMessage.unordered]), byteCount: 80)
        let stream = ControlMessage.Item(number: 0, path: ["f"], size: nil)
        try core.receive(.offer(transfer: "t", items: [stream], more: false), byteCount: 100)
        try core.accept(window: 1 << 20)
        violates(core, "at once") { core in
            try core.receive(.mark(item: 0, offset: TransferLimits.largestInteger), byteCount: 40)
            _ = try core.takeMissing()
        }
        violates(core, "little by little") { core in
            for _ in 0..<100 {
                try core.receive(
                    .mark(item: 0, offset: min(core.limit, TransferLimits.largestInteger)), byteCount: 40)
                _ = try core.takeMissing()
                _ = core.raiseLimit()
            }
        }
    }

    @Test func `the words of many failures do not fill the memory`() throws {
        let count = 2_000
        var core = ReceiverCore(hasOneChannel: false)
        try hello(&core)
        for start in stride(from: 0, to: count, by: 500) {
            let items = (start..<start + 500).map { ControlMessage.Item(number: $0, path: ["f\($0)"], size: 1) }
            try core.receive(.offer(transfer: "t", items: items, more: start + 500 < count), byteCount: 100)
        }
        try core.accept(window: 1 << 20)
        let text = String(repeating: "a\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}", count: 500)
        for item in 1..<count {
            try core.receive(.itemFailed(item: item, code: "unreadable", message: text), byteCount: 10_000)
        }
        try core.receive(.itemFailed(item: 0, code: "unreadable", message: text), byteCount: 10_000)
        var kept = 0
        while case let work = core.takeWork(upTo: 1 << 20), !work.isEmpty {
            for case .abandon(_, let error) in work { kept += error.message.utf8.count }
        }
        #expect(kept < 2 * TransferLimits.failureTextBytes)
    }
}
