internal import Martlet

/// The receiver's side of Docs/Protocols/Transfer.md as a value: it checks everything that the sender says and turns
/// it, in order, into work for the disk. The two channels may deliver in any interleaving.
struct ReceiverCore: TransferCore {
    static let role = ControlMessage.Role.receiver

    enum Phase: Sendable, Equatable {
        /// The offer comes, or is before the person.
        case awaitingOffer
        case declined
        /// The person said yes; the offer may still grow.
        case receiving
        /// The sender said `done`.
        case done
        /// The receipt may go out, or is out.
        case settled
    }

    /// One step of the writer.
    enum Work: Sendable, Equatable {
        /// The item goes on from here; always before its first ``write(_:)`` when a beginning of it is here.
        case begin(item: Int, offset: Int64)
        /// Append the payload to its item.
        case write(DataFrame)
        /// Drop payload of an item that failed.
        case discard(byteCount: Int)
        /// All bytes of the segment were written: compare.
        case segment(item: Int, number: Int, hash: TreeDigest)
        /// Everything of the item was written: compare, and give it its name.
        case finish(item: Int, size: Int64, root: TreeDigest)
        /// The sender gave the item up.
        case abandon(item: Int, TransferError)

        var byteCount: Int {
            switch self {
            case .write(let frame): frame.payloadByteCount
            case .discard(let byteCount): byteCount
            case .begin, .segment, .finish, .abandon: 0
            }
        }

        /// The item that gets bytes by this, or has them all.
        var writtenItem: Int? {
            switch self {
            case .write(let frame): frame.item
            case .finish(let item, _, _): item
            case .begin, .discard, .segment, .abandon: nil
            }
        }
    }

    /// What is known of how an item ends.
    enum Fate: UInt8, Sendable {
        case open, ended, failed
        /// It was here before the transfer began.
        case complete
    }

    struct End: Sendable {
        var size: Int64
        var root: TreeDigest
    }

    /// What a run tells itself while it waits for the sender.
    struct Signals: Sendable {
        var answer: OfferDecision?
        /// The first items wait long enough.
        var isQuestionDue = false
        var isDeciding = false
        /// Nothing has come for a while.
        var isIdle = false
        /// The disk works: the sender has to wait for us.
        var isBusy = false
        var missing: [ControlMessage.Stretch] = []
    }

    let hasOneChannel: Bool
    var signals = Signals()
    var isWorking: Bool { signals.isBusy }
    /// The sender has something to say. Before it offers anything, a person may choose files there, or compare words.
    var isOwed: Bool { transfer != nil && !signals.isBusy && !signals.isDeciding }
    var phase = Phase.awaitingOffer
    private(set) var intake: ControlIntake
    private(set) var transfer: String?
    private(set) var offerIsComplete = false
    /// Items that came and were not taken by ``takeOffered()``.
    private var offered: [ControlMessage.Item] = []
    /// Of each item; -1 of a stream.
    private(set) var sizes: [Int64] = []
    private(set) var totalBytes: Int64 = 0
    private var offerByteCount = 0

    /// File bytes that the sender may send in all.
    private(set) var limit: Int64 = 0
    /// File bytes that the sender has used of it, as far as this side can tell.
    var countedBytes: Int64 = 0
    /// File bytes of which the sender hears that they were received.
    private(set) var handledBytes: Int64 = 0
    /// File bytes that got lost and will not come again, of items that were given up.
    var lostBytes: Int64 = 0
    private var window: Int64 = 0

    var fates: [Fate] = []
    var ends: [Int: End] = [:]
    private var failures: [Int: TransferError] = [:]
    private var remarks = Remarks()
    /// Items that this side has given up.
    private(set) var refused: Set<Int> = []
    /// Bytes of items whose beginnings are here.
    private(set) var told: [Int: Int64] = [:]
    /// Where those items go on.
    private(set) var begun: [Int: Int64] = [:]
    /// Hashes of segments whose last bytes have not become work.
    private var segments: [Int: [(number: Int, hash: TreeDigest)]] = [:]
    private var segmentCount = 0

    /// In order: the item of the last frame that came, and where its next one must begin.
    var arrival = (item: 0, offset: Int64(0))
    /// In order: frames that came and are not work yet; those of later items wait until the current one is decided.
    var held = Queue<DataFrame>()
    /// Out of order: the same.
    var reassembly = Reassembly()
    /// What came of items that were given up and are behind the current one.
    var dropped: [Int: Spans] = [:]
    var duplicateBytes: Int64 = 0
    var frameCount = 0
    var mark: (item: Int, offset: Int64)?
    var isMarkPending = false
    var namedBytes: Int64 = 0

    var work = Queue<Work>()
    /// The item whose frames become work, where the next one must begin, and whether the item has begun.
    var current = (item: 0, offset: Int64(0), isOpen: false)
    private var endedCount: Int64 = 0
    private var endedBytes: Int64 = 0

    init(hasOneChannel: Bool, certificates: CertificateFingerprints? = nil) {
        intake = ControlIntake(role: .receiver, certificates: certificates)
        self.hasOneChannel = hasOneChannel
    }

    // MARK: What the sender says

    mutating func receive(_ message: ControlMessage, byteCount: Int) throws(TransferError) {
        guard let message = try intake.admit(message) else { return }
        switch message {
        case .offer(let transfer, let items, let more):
            try add(items, to: transfer, byteCount: byteCount, more: more)
            try advance()
        case .itemBegin(let item, let offset):
            guard phase == .receiving, let bytes = told[item], begun[item] == nil, offset == 0 || offset == bytes else {
                throw .violation("item \(item) begins out of place")
            }
            begun[item] = offset
            try advance()
        case .segment(let item, let number, let hash): try add(number, hash, of: item)
        case .itemEnd(let item, let size, let root): try end(item, size: size, root: root)
        case .itemFailed(let item, let code, let text): try fail(item, failure(code: code, text: text))
        case .mark(let item, let offset): try note(markAt: item, offset)
        case .done(let items, let bytes): try finish(items: items, bytes: bytes)
        case .bye:
            guard phase == .settled || phase == .declined else { throw .vanished }
        default: throw .violation("a receiver's message from a sender")
        }
    }

    private mutating func add(
        _ more: [ControlMessage.Item], to transfer: String, byteCount: Int, more isOpen: Bool
    ) throws(TransferError) {
        guard phase != .declined else { return }
        guard phase == .awaitingOffer || phase == .receiving, !offerIsComplete,
            self.transfer == nil || self.transfer == transfer
        else { throw .violation("an offer out of place") }
        guard !more.isEmpty || !isOpen else { throw .violation("an offer of nothing, with more to come") }
        offerByteCount += byteCount
        guard sizes.count + more.count <= TransferLimits.items, offerByteCount <= TransferLimits.offerBytes else {
            throw .violation("an offer of too many items")
        }
        self.transfer = transfer
        for item in more {
            guard item.number == sizes.count else { throw .violation("items that are not numbered in order") }
            let size = item.size ?? -1
            switch item.kind {
            case .file: break
            case .folder: guard size == 0 else { throw .violation("a folder with a size") }
            case .text:
                guard (0...TransferLimits.textBytes).contains(size) else { throw .violation("a text that is too long") }
            }
            // Each is less than 2^53: the sum cannot overflow before it is checked.
            totalBytes += max(0, size)
            guard totalBytes <= TransferLimits.largestInteger else { throw .violation("an offer of too many bytes") }
            sizes.append(size)
            fates.append(.open)
        }
        offered += more
        offerIsComplete = !isOpen
    }

    private mutating func add(_ number: Int, _ hash: TreeDigest, of item: Int) throws(TransferError) {
        guard phase == .receiving, item < sizes.count, fates[item] == .open else {
            throw .violation("a segment out of place")
        }
        if refused.contains(item) { return }
        let end = Int64(number + 1) * HashTree.segmentBytes
        guard sizes[item] < 0 || end < sizes[item], segments[item]?.last.map({ number > $0.number }) ?? true,
            item >= current.item
        else { throw .violation("segment \(number) of item \(item) does not exist") }
        // What is allowed at once spans few segments.
        guard Int64(segmentCount) < 8 + 2 * window / HashTree.segmentBytes else {
            throw .violation("hashes of too many segments")
        }
        segments[item, default: []].append((number, hash))
        segmentCount += 1
        if item == current.item { passSegments() }
    }

    private mutating func end(_ item: Int, size: Int64, root: TreeDigest) throws(TransferError) {
        try decide(item, .ended)
        guard sizes[item] < 0 || size == sizes[item] else { throw .violation("item \(item) ended with another size") }
        guard told[item] == nil || begun[item] != nil || refused.contains(item) else {
            throw .violation("item \(item) ended before it began")
        }
        ends[item] = End(size: size, root: root)
        endedCount += 1
        endedBytes += size
        guard endedBytes <= TransferLimits.largestInteger else { throw .violation("too many bytes") }
        try advance()
    }

    private mutating func fail(_ item: Int, _ failure: TransferError) throws(TransferError) {
        if intake.isUnordered, item < fates.count, fates[item] == .ended {
            // What is missing of it could not be read again. When nothing is, its confirmation is on the way.
            guard ends.removeValue(forKey: item) != nil else { return }
            fates[item] = .failed
        } else {
            try decide(item, .failed)
        }
        failures[item] = failure
        try advance()
    }

    private mutating func finish(items: Int64, bytes: Int64) throws(TransferError) {
        guard phase == .receiving, offerIsComplete else { throw .violation("a done out of place") }
        guard items == endedCount, bytes == endedBytes else { throw .violation("a done that counts wrong") }
        for item in fates.indices where fates[item] == .open && !refused.contains(item) {
            throw .violation("item \(item) has neither come nor failed")
        }
        phase = .done
        try advance()
    }

    private mutating func decide(_ item: Int, _ fate: Fate) throws(TransferError) {
        guard phase == .receiving else { throw .violation("the end of an item out of place") }
        guard item < fates.count, fates[item] == .open else { throw .violation("item \(item) ended twice") }
        fates[item] = fate
    }

    private mutating func failure(code: String, text: String) -> TransferError {
        let (code, text) = remarks.take(code: code, text: text)
        let sentence = text.isEmpty ? "The other side could not send it (\(code.rawValue))." : text
        return TransferError(code, sentence, isReportedByPeer: true)
    }

    mutating func channelEnded(_ channel: ChannelUse) throws(TransferError) {
        switch phase {
        case .settled, .declined: return
        // The data channel may close first when all frames have come.
        case .done where channel == .data && hasClosedAll: return
        default: throw .vanished
        }
    }

    // MARK: In order

    /// Turns what has come into work, as far as it can be told what it means.
    mutating func advance() throws(TransferError) {
        guard phase != .awaitingOffer, phase != .declined else { return }
        while current.item < sizes.count {
            guard open() else { return }
            while let frame = nextFrame() { try take(frame) }
            guard try closeCurrent() else { return }
            ends[current.item] = nil
            begun[current.item] = nil
            told[current.item] = nil
            if let left = segments.removeValue(forKey: current.item) { segmentCount -= left.count }
            current = (current.item + 1, 0, false)
        }
        guard offerIsComplete else { return }
        // What still comes of items that failed.
        while let frame = held.popFirst() { work.append(.discard(byteCount: frame.payloadByteCount)) }
        if phase == .done { phase = .settled }
    }

    /// Begins the current item; false when the sender has not said where.
    private mutating func open() -> Bool {
        let item = current.item
        if current.isOpen { return true }
        if told[item] != nil, !isGivenUp(item) {
            guard let offset = begun[item] else { return false }
            work.append(.begin(item: item, offset: offset))
            current.offset = offset
        }
        current.isOpen = true
        passSegments()
        return true
    }

    private mutating func take(_ frame: DataFrame) throws(TransferError) {
        // A frame of an earlier item is a straggler of one that failed: of others no byte is missing.
        if frame.item < current.item || isGivenUp(frame.item) {
            work.append(.discard(byteCount: frame.payloadByteCount))
            if frame.item == current.item { current.offset = frame.end }
            return
        }
        guard frame.offset == current.offset else {
            throw .violation("a data frame at \(frame.offset) of item \(frame.item) instead of \(current.offset)")
        }
        try check(frame)
        work.append(.write(frame))
        current.offset = frame.end
        passSegments()
    }

    /// Of a frame whose item is known.
    func check(_ frame: DataFrame) throws(TransferError) {
        let size = ends[frame.item]?.size ?? sizes[frame.item]
        guard size < 0 || frame.end <= size else { throw .violation("an item that is too long") }
    }

    private mutating func passSegments() {
        guard current.isOpen, var waiting = segments[current.item] else { return }
        while let first = waiting.first, Int64(first.number + 1) * HashTree.segmentBytes <= current.offset {
            work.append(.segment(item: current.item, number: first.number, hash: first.hash))
            waiting.removeFirst()
            segmentCount -= 1
        }
        segments[current.item] = waiting.isEmpty ? nil : waiting
    }

    func isGivenUp(_ item: Int) -> Bool {
        fates[item] == .failed || refused.contains(item)
    }

    /// Closes the current item if it is known how it ends; false when more must come first.
    private mutating func closeCurrent() throws(TransferError) -> Bool {
        let item = current.item
        if refused.contains(item) { return true }
        switch fates[item] {
        case .complete: return true
        case .failed:
            work.append(.abandon(item: item, failures.removeValue(forKey: item) ?? .vanished))
            return true
        case .ended:
            guard let end = ends[item] else { return true }
            guard current.offset <= end.size else { throw .violation("an item that is too long") }
            if current.offset == end.size {
                work.append(.finish(item: item, size: end.size, root: end.root))
                return true
            }
            if held.first != nil { throw .violation("item \(item) ended, but bytes of it are missing") }
            return false
        case .open:
            // On two channels, its end may be on the way. On one it would have come before the next item's frames.
            if hasOneChannel, held.first != nil { throw .violation("item \(item) has no end") }
            return false
        }
    }

    /// Bytes of an item; nil of a stream that has not ended.
    func size(of item: Int) -> Int64? {
        guard item < sizes.count else { return nil }
        return sizes[item] >= 0 ? sizes[item] : ends[item]?.size
    }

    // MARK: What the receiver does

    /// The items that came since the last call.
    mutating func takeOffered() -> [ControlMessage.Item] {
        defer { offered = [] }
        return offered
    }

    /// The person said yes: frames may come as soon as this is told.
    mutating func accept(
        window: Int, complete: [Range<Int>] = [], partial: [ControlMessage.Part] = []
    ) throws(TransferError) {
        phase = .receiving
        self.window = Int64(window)
        limit = Int64(window)
        for run in complete { for item in run { fates[item] = .complete } }
        for part in partial { told[part.item] = part.bytes }
        try advance()
    }

    mutating func decline() {
        phase = .declined
        offered = []
    }

    /// Gives an item up, before its frames or between them; what comes of it is dropped.
    mutating func refuse(_ item: Int) throws(TransferError) {
        refused.insert(item)
        try advance()
    }

    /// Takes note of bytes that were written or dropped.
    mutating func handle(_ byteCount: Int) {
        handledBytes += Int64(byteCount)
    }

    /// Allows a window more than what was handled.
    mutating func raiseLimit() -> ControlMessage {
        limit = max(limit, handledBytes + lostBytes + window)
        return .credit(received: handledBytes, limit: limit)
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

    /// Every item is decided, and nothing of them is on the way.
    var hasClosedAll: Bool { offerIsComplete && current.item == sizes.count }

    /// Everything that the sender will send has been turned into work and taken.
    var isFinished: Bool { phase == .settled && work.count == 0 }
}
