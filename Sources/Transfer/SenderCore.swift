internal import Martlet

/// The sender's side of Docs/Protocols/Transfer.md as a value: what the receiver said and may say, what may be sent.
struct SenderCore: TransferCore {
    static let role = ControlMessage.Role.sender
    /// Stretches that may wait to be sent again; a receiver that names more is not repairing anything.
    static let missingLimit = 16_384

    /// What became of an item.
    enum Fate: Sendable, Equatable {
        case pending
        /// The receiver has it from an earlier connection.
        case had
        /// Everything of it was sent.
        case ended(TreeDigest)
        /// After its end: what got lost of it could not be read again. It failed, unless a confirmation crosses.
        case withdrawn(TreeDigest, TransferError)
        case confirmed(TreeDigest)
        /// The receiver keeps what it has of that name.
        case skipped
        case failed(TransferError)

        var isOver: Bool {
            switch self {
            case .pending, .ended: false
            case .withdrawn, .had, .confirmed, .skipped, .failed: true
            }
        }
    }

    enum Phase: Sendable, Equatable {
        /// The offer is being made, or is before the person.
        case offering
        case sending
        /// `done` is out.
        case done
        /// The receipt has come.
        case over
    }

    /// What is to be sent of an item.
    enum Wish: Sendable, Equatable {
        case nothing
        case whole
        /// The receiver says that it has the beginning.
        case rest(ControlMessage.Part)
    }

    private struct Start: Sendable {
        var item: Int
        /// `sentBytes` when its turn came.
        var sentBytes: Int64
        /// Where its frames begin.
        var offset: Int64
    }

    let transfer: String
    let isUnordered: Bool
    /// The next bytes are being read, or what the receiver has is.
    var isReading = false
    var isWorking: Bool { isReading || !isOfferComplete }
    private(set) var phase = Phase.offering
    private(set) var intake: ControlIntake
    /// Of the items offered so far; nil of a stream that has not ended.
    private(set) var sizes: [Int64?] = []
    private(set) var totalBytes: Int64 = 0
    /// No offered item is of unknown size.
    private(set) var isTotalKnown = true
    private(set) var isOfferComplete = false
    private(set) var fates: [Fate] = []
    /// Beginnings that the receiver says it has.
    private var parts: [Int: ControlMessage.Part] = [:]
    /// Items and bytes that the receiver said need not come again.
    private(set) var resumed = (items: 0, bytes: Int64(0))
    /// Those of the bytes that were true, or have not been looked at yet.
    private var hadBytes: Int64 = 0
    /// File bytes handed over.
    private(set) var sentBytes: Int64 = 0
    /// File bytes that the receiver has handled.
    private(set) var receivedBytes: Int64 = 0
    private(set) var limit: Int64 = 0
    /// Items whose fate has changed and was not reported yet, oldest first.
    private var settled: [Int] = []
    private var remarks = Remarks()
    /// The items whose turn has come, to tell how much of which was received.
    private var starts: [Start] = []
    private var confirmedCount: Int64 = 0
    private var confirmedBytes: Int64 = 0
    /// Items whose fate is known.
    private(set) var settledCount = 0
    private var endedCount: Int64 = 0
    private var endedBytes: Int64 = 0
    /// Items that ended and have no answer yet.
    private var unansweredCount = 0
    private var withdrawn: [Int] = []
    /// The end of the last frame that went out for the first time, and what of it the receiver was told.
    private var position: (item: Int, offset: Int64)?
    private var marked: (item: Int, offset: Int64)?
    private var missing = Queue<ControlMessage.Stretch>()
    /// File bytes that the receiver named, and those of them that went again.
    private(set) var missingBytes: Int64 = 0
    private(set) var resentBytes: Int64 = 0

    init(transfer: String, isUnordered: Bool = false, certificates: CertificateFingerprints? = nil) {
        intake = ControlIntake(role: .sender, certificates: certificates)
        self.transfer = transfer
        self.isUnordered = isUnordered
    }

    // MARK: What the receiver says

    mutating func receive(_ message: ControlMessage, byteCount: Int) throws(TransferError) {
        guard let message = try intake.admit(message) else { return }
        switch message {
        case .have(let transfer, let complete, let partial):
            guard phase == .offering, transfer == self.transfer else { throw .violation("a have out of place") }
            try take(complete, partial)
        case .accept(let transfer, let limit):
            guard phase == .offering, transfer == self.transfer else { throw .violation("an accept out of place") }
            phase = .sending
            self.limit = limit
        case .decline(let transfer, let reason):
            guard phase == .offering, transfer == self.transfer else { throw .violation("a decline out of place") }
            let reason = Printable.line(reason, columns: 500)
            let message = reason.isEmpty ? "The other side declined." : "The other side declined: \(reason)"
            throw TransferError(.declined, message, isReportedByPeer: true)
        case .credit(let received, let limit): try raise(received: received, limit: limit)
        case .missing(let stretches): try take(stretches)
        case .confirmed(let item, let bytes, let root): try confirm(item, bytes: bytes, root: root)
        case .itemFailed(let item, let code, let message): try refuse(item, code: code, message: message)
        case .receipt(let items, let bytes): try close(items: items, bytes: bytes)
        case .bye:
            guard phase == .over else { throw .vanished }
        default: throw .violation("a sender's message from a receiver")
        }
    }

    mutating func receive(_ frame: DataFrame) throws(TransferError) {
        throw .violation("a data frame from a receiver")
    }

    mutating func channelEnded(_ channel: ChannelUse) throws(TransferError) {
        // After `done` nothing more goes over a data channel of its own, unless what was lost has to go again.
        if phase == .over || channel == .data && phase == .done && !isUnordered { return }
        throw .vanished
    }

    private mutating func take(
        _ complete: [Range<Int>], _ partial: [ControlMessage.Part]
    ) throws(TransferError) {
        for run in complete {
            guard run.upperBound <= fates.count else { throw .violation("items that were not offered") }
            for item in run {
                guard fates[item] == .pending, parts[item] == nil else { throw .violation("an item twice in have") }
                fates[item] = .had
                settledCount += 1
                resumed.items += 1
                resumed.bytes += sizes[item] ?? 0
                hadBytes += sizes[item] ?? 0
            }
        }
        for part in partial {
            guard part.item < fates.count else { throw .violation("items that were not offered") }
            guard fates[part.item] == .pending, parts[part.item] == nil else {
                throw .violation("an item twice in have")
            }
            guard part.bytes < sizes[part.item] ?? 0 else { throw .violation("more of an item than there is") }
            parts[part.item] = part
            resumed.bytes += part.bytes
            hadBytes += part.bytes
        }
    }

    private mutating func raise(received: Int64, limit: Int64) throws(TransferError) {
        guard phase == .sending || phase == .done else { throw .violation("credit out of place") }
        guard received >= receivedBytes, limit >= self.limit else { throw .violation("credit that falls") }
        // What was named missing and comes late counts in place of its repetition, even before that goes out.
        guard received <= sentBytes - resentBytes + missingBytes else {
            throw .violation("credit for bytes that were never sent")
        }
        receivedBytes = received
        self.limit = limit
    }

    private mutating func take(_ stretches: [ControlMessage.Stretch]) throws(TransferError) {
        guard isUnordered, let marked else { throw .violation("missing bytes out of place") }
        for stretch in stretches {
            let end = stretch.offset + stretch.byteCount
            guard stretch.item <= marked.item, end <= (sizes[stretch.item] ?? 0),
                stretch.item < marked.item || end <= marked.offset
            else { throw .violation("missing bytes that were not sent") }
            switch fates[stretch.item] {
            // Our own failure of the item and this may cross. The receiver counts the bytes all the same.
            case .failed, .skipped, .withdrawn:
                missingBytes += stretch.byteCount
                continue
            case .had, .confirmed: throw .violation("missing bytes of an item that is there")
            case .pending, .ended: break
            }
            guard stretch.offset >= start(of: stretch.item)?.offset ?? 0 else {
                throw .violation("missing bytes that are there")
            }
            guard missing.count < Self.missingLimit else { throw .violation("too many missing bytes") }
            missing.append(stretch)
            missingBytes += stretch.byteCount
        }
    }

    private mutating func confirm(_ item: Int, bytes: Int64, root: TreeDigest) throws(TransferError) {
        let sent: TreeDigest
        switch item < fates.count ? fates[item] : .pending {
        case .ended(let root), .withdrawn(let root, _): sent = root
        default: throw .violation("item \(item) confirmed out of place")
        }
        guard bytes == sizes[item], root == sent else {
            throw .violation("item \(item) confirmed with another size or hash")
        }
        confirmedCount += 1
        confirmedBytes += bytes
        settle(item, .confirmed(root))
    }

    private mutating func refuse(_ item: Int, code: String, message: String) throws(TransferError) {
        guard phase == .sending || phase == .done, item < fates.count else {
            throw .violation("a failed item out of place")
        }
        switch fates[item] {
        // Our own failure of the item and theirs may cross.
        case .failed: return
        case .withdrawn(_, let error): settle(item, .failed(error))
        case .confirmed, .had: throw .violation("item \(item) failed after it was there")
        case .skipped: throw .violation("item \(item) failed twice")
        case .pending, .ended:
            let (code, text) = remarks.take(code: code, text: message)
            if code == .skipped { return settle(item, .skipped) }
            let sentence = text.isEmpty ? "The other side did not keep it (\(code.rawValue))." : text
            settle(item, .failed(TransferError(code, sentence, isReportedByPeer: true)))
        }
    }

    private mutating func close(items: Int64, bytes: Int64) throws(TransferError) {
        guard phase == .done else { throw .violation("a receipt before done") }
        for item in withdrawn {
            if case .withdrawn(_, let error) = fates[item] { settle(item, .failed(error)) }
        }
        guard settledCount == fates.count else { throw .violation("a receipt before every item was answered") }
        guard items == confirmedCount, bytes == confirmedBytes else {
            throw .violation("a receipt that counts other than was confirmed")
        }
        phase = .over
    }

    private mutating func settle(_ item: Int, _ fate: Fate) {
        if case .ended = fates[item] { unansweredCount -= 1 }
        fates[item] = fate
        settledCount += 1
        settled.append(item)
    }

    // MARK: What the sender does

    /// Takes note of items before their offer goes out.
    mutating func offer(_ sizes: [Int64?], isLast: Bool) {
        self.sizes += sizes
        for size in sizes { totalBytes += size ?? 0 }
        if sizes.contains(nil) { isTotalKnown = false }
        fates += Array(repeating: .pending, count: sizes.count)
        isOfferComplete = isLast
    }

    func wish(_ item: Int) -> Wish {
        guard fates[item] == .pending else { return .nothing }
        return parts[item].map { .rest($0) } ?? .whole
    }

    /// File bytes that may be sent now.
    var credit: Int64 { max(0, limit - sentBytes) }

    /// The receiver has something to say: to grant credit, to confirm, to give the receipt.
    var isOwed: Bool {
        switch phase {
        case .offering, .over: false
        case .sending: sentBytes > receivedBytes || limit == sentBytes
        case .done: true
        }
    }

    /// Takes note that an item's turn has come, and where its frames begin; items come in the order of the offer.
    ///
    /// - Parameter offset: nil unless the receiver said that it has a beginning.
    mutating func begin(_ item: Int, at offset: Int64? = nil) -> ControlMessage? {
        starts.append(Start(item: item, sentBytes: sentBytes, offset: offset ?? 0))
        guard let offset else { return nil }
        hadBytes += offset - (parts[item]?.bytes ?? 0)
        return .itemBegin(item: item, offset: offset)
    }

    /// Takes note of file bytes that are handed over now, up to `offset` of their item.
    mutating func spend(_ byteCount: Int, item: Int, end offset: Int64) {
        sentBytes += Int64(byteCount)
        position = (item, offset)
    }

    /// Takes note of file bytes that are handed over once more.
    mutating func spendAgain(_ byteCount: Int) {
        sentBytes += Int64(byteCount)
        resentBytes += Int64(byteCount)
    }

    /// Everything that may be sent was. Returns what the receiver is told of it, if frames may be lost.
    mutating func mark() -> ControlMessage? {
        guard isUnordered, let position else { return nil }
        marked = position
        return .mark(item: position.item, offset: position.offset)
    }

    /// The next bytes that have to go again.
    mutating func takeMissing() -> ControlMessage.Stretch? {
        while let stretch = missing.popFirst() {
            if !fates[stretch.item].isOver { return stretch }
        }
        return nil
    }

    var hasMissing: Bool { missing.count > 0 }

    /// Another item may end: of files without many bytes, credit alone would let a receiver drown in bookkeeping.
    var hasRoomForEnd: Bool { unansweredCount < TransferLimits.unansweredItems }

    /// Everything of an item was sent. Returns its `item-end`, or nil when the receiver has given it up meanwhile.
    mutating func end(_ item: Int, size: Int64, root: TreeDigest) -> ControlMessage? {
        guard fates[item] == .pending else { return nil }
        if sizes[item] == nil { totalBytes += size }
        sizes[item] = size
        fates[item] = .ended(root)
        endedCount += 1
        endedBytes += size
        unansweredCount += 1
        return .itemEnd(item: item, size: size, root: root)
    }

    /// The item cannot be sent, or not sent again. Returns the message that says so, or nil when it is over already.
    mutating func fail(_ item: Int, _ error: TransferError) -> ControlMessage? {
        switch fates[item] {
        case .pending: settle(item, .failed(error))
        case .ended(let root):
            fates[item] = .withdrawn(root, error)
            unansweredCount -= 1
            withdrawn.append(item)
        default: return nil
        }
        // The sentence for the peer names no local path.
        let reason = error.code == .changed ? "It changed while it was sent." : "It could not be read."
        let code = error.code == .changed ? error.code : .unreadable
        return .itemFailed(item: item, code: code.rawValue, message: reason)
    }

    /// Every item was sent or failed. Returns the message.
    mutating func finish() -> ControlMessage {
        phase = .done
        return .done(items: endedCount, bytes: endedBytes)
    }

    // MARK: What is told

    /// Items whose fate is known and was not taken here before.
    mutating func takeSettled() -> [Int] {
        defer { settled = [] }
        return settled
    }

    /// File bytes of the offer that the receiver has handled, on this connection and before.
    var completedBytes: Int64 {
        let bytes = max(0, hadBytes + receivedBytes - missingBytes)
        // Of a stream that has not ended no byte is in the total.
        return isTotalKnown ? min(bytes, max(totalBytes, hadBytes)) : bytes
    }

    /// The receiver has something of the transfer.
    var hasMoved: Bool { hadBytes > 0 || receivedBytes > 0 || resumed.items > 0 || confirmedCount > 0 }

    /// The item that the receiver is at, and how many of its bytes it has handled.
    var progress: (item: Int, bytes: Int64) {
        // The last item that began at or before the bytes received; items of 0 bytes share their start.
        let after = firstStart { $0.sentBytes > receivedBytes }
        guard after > 0 else { return (0, 0) }
        let start = starts[after - 1]
        let bytes = start.offset + receivedBytes - start.sentBytes
        return (start.item, min(sizes[start.item] ?? bytes, bytes))
    }

    private func start(of item: Int) -> Start? {
        let index = firstStart { $0.item >= item }
        return index < starts.count && starts[index].item == item ? starts[index] : nil
    }

    /// The number of the first start for which `isBehind` holds, as it does for all after it.
    private func firstStart(where isBehind: (Start) -> Bool) -> Int {
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if isBehind(starts[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
