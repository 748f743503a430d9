/// The receiver's side of Docs/Protocols/Transfer.md as a value: it checks everything that the sender says and turns it,
/// in order, into work for the disk. The two channels may deliver in any interleaving.
struct ReceiverCore: TransferCore {
    static let role = ControlMessage.Role.receiver

    enum Phase: Sendable, Equatable {
        case awaitingOffer
        /// The offer is complete and before the person.
        case deciding
        case declined
        case receiving
        /// The sender said `done`.
        case done
        /// The receipt may go out, or is out.
        case settled
    }

    /// One step of the writer.
    enum Work: Sendable, Equatable {
        /// Append the payload to its item.
        case write(DataFrame)
        /// Drop payload of an item that failed.
        case discard(byteCount: Int)
        /// Everything of the item was written: compare, and give it its name.
        case finish(item: Int, size: Int64, digest: TreeDigest)
        /// The sender gave the item up.
        case abandon(item: Int, TransferError)

        var byteCount: Int {
            switch self {
            case .write(let frame): frame.payloadByteCount
            case .discard(let byteCount): byteCount
            case .finish, .abandon: 0
            }
        }
    }

    /// What the sender said about the end of an item.
    private enum Fate: Sendable {
        case open
        case ended(TreeDigest)
        case failed(TransferError)
    }

    private let hasOneChannel: Bool
    private(set) var phase = Phase.awaitingOffer
    private(set) var intake = ControlIntake(role: .receiver)
    private(set) var transfer: String?
    private(set) var items: [ControlMessage.Item] = []
    private(set) var totalBytes: Int64 = 0
    private var offerByteCount = 0

    /// File bytes that the sender may send in all.
    private(set) var limit: Int64 = 0
    /// File bytes that came.
    private(set) var arrivedBytes: Int64 = 0
    /// The item of the last frame that came, and where its next one must begin.
    private var arrival = (item: 0, offset: Int64(0))

    private var fates: [Fate] = []
    /// Items that this side has given up.
    private var refused: Set<Int> = []
    /// Frames that came and are not work yet: those of later items wait until the current one is decided.
    private var held = Queue<DataFrame>()
    private var work = Queue<Work>()
    /// The item whose frames become work, and how many of its bytes have.
    private var current = (item: 0, byteCount: Int64(0))
    private var endedCount: Int64 = 0
    private var endedBytes: Int64 = 0

    init(hasOneChannel: Bool) {
        self.hasOneChannel = hasOneChannel
    }

    // MARK: What the sender says

    mutating func receive(_ message: ControlMessage, byteCount: Int) throws(TransferError) {
        guard let message = try intake.admit(message) else { return }
        switch message {
        case .offer(let transfer, let items, let more):
            try add(items, to: transfer, byteCount: byteCount, more: more)
        case .itemEnd(let item, let size, let digest):
            try decide(item, .ended(digest))
            guard size == items[item].size else { throw .violation("item \(item) ended with another size") }
            endedCount += 1
            endedBytes += size
            try advance()
        case .itemFailed(let item, let code, let text):
            try decide(item, .failed(Self.failure(code: code, text: text)))
            try advance()
        case .done(let items, let bytes):
            guard phase == .receiving else { throw .violation("a done out of place") }
            guard items == endedCount, bytes == endedBytes else { throw .violation("a done that counts wrong") }
            for item in fates.indices {
                if case .open = fates[item], !refused.contains(item) {
                    throw .violation("item \(item) has neither come nor failed")
                }
            }
            phase = .done
            try advance()
        case .bye:
            guard phase == .settled || phase == .declined else { throw .vanished }
        default: throw .violation("a receiver's message from a sender")
        }
    }

    private mutating func add(
        _ more: [ControlMessage.Item], to transfer: String, byteCount: Int, more isOpen: Bool
    ) throws(TransferError) {
        guard phase == .awaitingOffer, self.transfer == nil || self.transfer == transfer else {
            throw .violation("an offer out of place")
        }
        guard !more.isEmpty || !isOpen else { throw .violation("an offer of nothing, with more to come") }
        offerByteCount += byteCount
        guard items.count + more.count <= TransferLimits.items, offerByteCount <= TransferLimits.offerBytes else {
            throw .violation("an offer of too many items")
        }
        self.transfer = transfer
        for item in more {
            guard item.number == items.count else { throw .violation("items that are not numbered in order") }
            // Each is less than 2^53: the sum cannot overflow before it is checked.
            guard item.kind == .file, let size = item.size else { throw .violation("an item of another kind") }
            totalBytes += size
            guard totalBytes <= TransferLimits.largestInteger else { throw .violation("an offer of too many bytes") }
            items.append(item)
        }
        if !isOpen {
            fates = Array(repeating: .open, count: items.count)
            phase = .deciding
        }
    }

    private mutating func decide(_ item: Int, _ fate: Fate) throws(TransferError) {
        guard phase == .receiving else { throw .violation("the end of an item out of place") }
        guard item < items.count, case .open = fates[item] else { throw .violation("item \(item) ended twice") }
        fates[item] = fate
    }

    private static func failure(code: String, text: String) -> TransferError {
        let code = TransferError.Code(rawValue: Printable.line(code, columns: 40))
        let text = Printable.line(text, columns: 500)
        let sentence = text.isEmpty ? "The other side could not send it (\(code.rawValue))." : text
        return TransferError(code, sentence, isReportedByPeer: true)
    }

    mutating func receive(_ frame: DataFrame) throws(TransferError) {
        switch phase {
        // Also after the end: the last frames of an item that failed may come behind everything else.
        case .receiving, .done, .settled: break
        case .awaitingOffer, .deciding, .declined: throw .violation("a data frame out of place")
        }
        guard frame.item < items.count else { throw .violation("a data frame of no item") }
        guard frame.item >= arrival.item else { throw .violation("a data frame of an item that is over") }
        let expected = frame.item == arrival.item ? arrival.offset : 0
        guard frame.offset == expected else {
            throw .violation("a data frame at \(frame.offset) of item \(frame.item) instead of \(expected)")
        }
        let byteCount = Int64(frame.payloadByteCount)
        guard byteCount <= (items[frame.item].size ?? 0) - frame.offset else {
            throw .violation("an item that is too long")
        }
        guard byteCount <= limit - arrivedBytes else { throw .violation("more bytes than were allowed") }
        guard held.count + work.count < TransferLimits.waitingFrames else { throw .violation("too many small frames") }
        arrival = (frame.item, frame.offset + byteCount)
        arrivedBytes += byteCount
        held.append(frame)
        try advance()
    }

    mutating func channelEnded(_ channel: ChannelUse) throws(TransferError) {
        switch phase {
        case .settled, .declined: return
        // The data channel may close first when all frames have come.
        case .done where channel == .data && current.item == items.count: return
        default: throw .vanished
        }
    }

    // MARK: In order

    /// Turns what has come into work, as far as it can be told what it means.
    private mutating func advance() throws(TransferError) {
        while current.item < items.count {
            if let frame = held.first, frame.item <= current.item {
                take(frame)
                _ = held.popFirst()
                continue
            }
            guard try closeCurrent() else { return }
            current = (current.item + 1, 0)
        }
        // What still comes of items that failed.
        while let frame = held.popFirst() { work.append(.discard(byteCount: frame.payloadByteCount)) }
        if phase == .done { phase = .settled }
    }

    private mutating func take(_ frame: DataFrame) {
        // A frame of an earlier item is a straggler of one that failed: of others no byte is missing.
        if frame.item < current.item || isGivenUp(frame.item) {
            work.append(.discard(byteCount: frame.payloadByteCount))
        } else {
            work.append(.write(frame))
        }
        if frame.item == current.item { current.byteCount += Int64(frame.payloadByteCount) }
    }

    private func isGivenUp(_ item: Int) -> Bool {
        if case .failed = fates[item] { true } else { refused.contains(item) }
    }

    /// Closes the current item if it is known how it ends; false when more must come first.
    private mutating func closeCurrent() throws(TransferError) -> Bool {
        let item = current.item
        let size = items[item].size ?? 0
        if refused.contains(item) { return true }
        switch fates[item] {
        case .failed(let error):
            work.append(.abandon(item: item, error))
            return true
        case .ended(let digest) where current.byteCount == size:
            work.append(.finish(item: item, size: size, digest: digest))
            return true
        case .ended:
            if held.first != nil { throw .violation("item \(item) ended, but bytes of it are missing") }
            return false
        case .open:
            // On two channels, its end may be on the way. On one it would have come before the next item's frames.
            if hasOneChannel, held.first != nil { throw .violation("item \(item) has no end") }
            return false
        }
    }

    // MARK: What the receiver does

    /// The person said yes: frames may come as soon as this is told.
    mutating func accept(window: Int) {
        phase = .receiving
        limit = Int64(window)
    }

    mutating func decline() {
        phase = .declined
    }

    /// Gives an item up, before its frames or between them; what comes of it is dropped.
    mutating func refuse(_ item: Int) throws(TransferError) {
        refused.insert(item)
        try advance()
    }

    /// Allows more: `handled` bytes were written or dropped, and `window` more than those may come.
    mutating func raiseLimit(handled: Int64, window: Int) -> ControlMessage {
        limit = max(limit, handled + Int64(window))
        return .credit(received: handled, limit: limit)
    }

    /// The next work, about `byteCount` bytes of it.
    mutating func takeWork(upTo byteCount: Int) -> [Work] {
        var taken: [Work] = []
        var count = 0
        while count < byteCount, taken.count < 256, let next = work.popFirst() {
            taken.append(next)
            count += next.byteCount
        }
        return taken
    }

    /// Everything that the sender will send has been turned into work and taken.
    var isFinished: Bool { phase == .settled && work.count == 0 }
}
