/// The sender's side of Docs/Protocols/Transfer.md as a value: what the receiver said and may say, what may be sent.
struct SenderCore: TransferCore {
    static let role = ControlMessage.Role.sender

    /// What became of an item.
    enum Fate: Sendable, Equatable {
        case pending
        /// Everything of it was sent.
        case ended(TreeDigest)
        case confirmed(TreeDigest)
        case failed(TransferError)

        var isOver: Bool {
            switch self {
            case .pending, .ended: false
            case .confirmed, .failed: true
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

    let transfer: String
    let sizes: [Int64]
    private(set) var phase = Phase.offering
    private(set) var intake = ControlIntake(role: .sender)
    private(set) var fates: [Fate]
    /// File bytes handed over.
    private(set) var sentBytes: Int64 = 0
    /// File bytes that the receiver has handled.
    private(set) var receivedBytes: Int64 = 0
    private(set) var limit: Int64 = 0
    /// Items whose fate has changed and was not reported yet, oldest first.
    private var settled: [Int] = []
    /// `sentBytes` when an item's turn came, to tell how much of which item was received.
    private var starts: [Int64] = []
    private var confirmedCount: Int64 = 0
    private var confirmedBytes: Int64 = 0
    /// Items whose fate is known.
    private(set) var settledCount = 0
    private var endedCount: Int64 = 0
    private var endedBytes: Int64 = 0

    init(transfer: String, sizes: [Int64]) {
        self.transfer = transfer
        self.sizes = sizes
        fates = Array(repeating: .pending, count: sizes.count)
    }

    // MARK: What the receiver says

    mutating func receive(_ message: ControlMessage, byteCount: Int) throws(TransferError) {
        guard let message = try intake.admit(message) else { return }
        switch message {
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
        case .confirmed(let item, let bytes, let digest): try confirm(item, bytes: bytes, digest: digest)
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
        // After `done` nothing more goes over a data channel of its own.
        if phase == .over || channel == .data && phase == .done { return }
        throw .vanished
    }

    private mutating func raise(received: Int64, limit: Int64) throws(TransferError) {
        guard phase == .sending || phase == .done else { throw .violation("credit out of place") }
        guard received >= receivedBytes, limit >= self.limit else { throw .violation("credit that falls") }
        guard received <= sentBytes else { throw .violation("credit for bytes that were never sent") }
        receivedBytes = received
        self.limit = limit
    }

    private mutating func confirm(_ item: Int, bytes: Int64, digest: TreeDigest) throws(TransferError) {
        guard item < fates.count, case .ended(let sent) = fates[item] else {
            throw .violation("item \(item) confirmed out of place")
        }
        guard bytes == sizes[item], digest == sent else {
            throw .violation("item \(item) confirmed with another size or hash")
        }
        confirmedCount += 1
        confirmedBytes += bytes
        settle(item, .confirmed(digest))
    }

    private mutating func refuse(_ item: Int, code: String, message: String) throws(TransferError) {
        guard phase == .sending || phase == .done, item < fates.count else {
            throw .violation("a failed item out of place")
        }
        switch fates[item] {
        // Our own failure of the item and theirs may cross.
        case .failed: return
        case .confirmed: throw .violation("item \(item) failed after it was confirmed")
        case .pending, .ended:
            let code = TransferError.Code(rawValue: Printable.line(code, columns: 40))
            let text = Printable.line(message, columns: 500)
            let sentence = text.isEmpty ? "The other side did not keep it (\(code.rawValue))." : text
            settle(item, .failed(TransferError(code, sentence, isReportedByPeer: true)))
        }
    }

    private mutating func close(items: Int64, bytes: Int64) throws(TransferError) {
        guard phase == .done else { throw .violation("a receipt before done") }
        guard settledCount == fates.count else { throw .violation("a receipt before every item was answered") }
        guard items == confirmedCount, bytes == confirmedBytes else {
            throw .violation("a receipt that counts other than was confirmed")
        }
        phase = .over
    }

    private mutating func settle(_ item: Int, _ fate: Fate) {
        fates[item] = fate
        settledCount += 1
        settled.append(item)
    }

    // MARK: What the sender does

    /// File bytes that may be sent now.
    var credit: Int64 { max(0, limit - sentBytes) }

    /// Takes note that an item's turn has come; items come in the order of the offer.
    mutating func begin(_ item: Int) {
        while starts.count <= item { starts.append(sentBytes) }
    }

    /// Takes note of file bytes that are handed over now.
    mutating func spend(_ byteCount: Int) {
        sentBytes += Int64(byteCount)
    }

    /// Everything of an item was sent. Returns its `item-end`, or nil when the receiver has given it up meanwhile.
    mutating func end(_ item: Int, digest: TreeDigest) -> ControlMessage? {
        guard fates[item] == .pending else { return nil }
        fates[item] = .ended(digest)
        endedCount += 1
        endedBytes += sizes[item]
        return .itemEnd(item: item, size: sizes[item], root: digest)
    }

    /// The item cannot be sent. Returns the message that says so, or nil when the receiver has given it up meanwhile.
    mutating func fail(_ item: Int, _ error: TransferError) -> ControlMessage? {
        guard fates[item] == .pending else { return nil }
        settle(item, .failed(error))
        // The sentence for the peer names no local path.
        let reason = error.code == .changed ? "It changed while it was sent." : "It could not be read."
        return .itemFailed(item: item, code: error.code.rawValue, message: reason)
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

    /// The item that the receiver is at, and how many of its bytes it has handled.
    var position: (item: Int, bytes: Int64) {
        var low = 0
        var high = starts.count
        // The last item that began at or before the bytes received; items of 0 bytes share their start.
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= receivedBytes { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return (0, 0) }
        return (low - 1, min(sizes[low - 1], receivedBytes - starts[low - 1]))
    }
}
