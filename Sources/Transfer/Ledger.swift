/// What a receiver has done so far.
struct Ledger {
    /// Of each item; of one that is not decided, ``undecided``.
    private(set) var reports: [ItemReport] = []
    var completeCount: Int64 = 0
    var completeBytes: Int64 = 0
    /// The journal knows that the whole list was accepted.
    var isAccepted = false
    /// File bytes that came.
    private(set) var handledBytes: Int64 = 0
    /// File bytes that were here before.
    private(set) var resumedBytes: Int64 = 0
    /// File bytes that will never come, of items that are not wanted or failed.
    private(set) var droppedBytes: Int64 = 0
    /// Of items of which the beginning was here and that have not come to their turn: the bytes that are here.
    private var beginnings: [Int: Int64] = [:]
    private var finishedCount = 0
    /// The item whose bytes came last, and the place behind them.
    private(set) var item = 0
    private var itemBytes: Int64 = 0
    private var itemName = ""
    private var isTotalKnown = true

    mutating func resume(_ resumption: WriterState.Resumption, itemCount: Int) {
        add(itemCount)
        for report in resumption.complete { reports[report.number] = report }
        finishedCount = resumption.complete.count
        resumedBytes = resumption.byteCount
        for part in resumption.partial { beginnings[part.item] = part.bytes }
    }

    mutating func add(_ count: Int) {
        reports += Array(repeating: Self.undecided, count: count)
    }

    private static let undecided = ItemReport(number: 0, name: "", size: 0, outcome: .failed(.vanished))

    mutating func note(_ report: ItemReport) {
        reports[report.number] = report
        finishedCount += 1
        if report.outcome == .complete {
            completeCount += 1
            completeBytes += report.size
        } else {
            let here = item == report.number ? itemBytes : beginnings.removeValue(forKey: report.number) ?? 0
            droppedBytes += max(0, report.size - here)
        }
    }

    mutating func note(_ work: [ReceiverCore.Work], _ outcome: ItemWriter.Outcome) {
        handledBytes += Int64(outcome.handledBytes)
        isTotalKnown = outcome.isTotalKnown
        if let name = outcome.itemName { itemName = name }
        for step in work {
            switch step {
            case .write(let frame): (item, itemBytes) = (frame.item, frame.end)
            case .finish(let number, let size, _): (item, itemBytes) = (number, size)
            case .begin(let number, let offset):
                // Less, when the sender has other bytes there: then all of them come again.
                if let here = beginnings.removeValue(forKey: number) { resumedBytes -= here - offset }
                (item, itemBytes) = (number, offset)
            case .segment, .discard, .abandon: break
            }
        }
    }

    /// - Parameter itemSize: of ``item``; nil of a stream that has not ended.
    func progress(totalBytes: Int64, itemSize: Int64?) -> TransferProgress {
        TransferProgress(
            completedBytes: handledBytes + resumedBytes, totalBytes: totalBytes, isTotalKnown: isTotalKnown, item: item,
            itemName: itemName, itemBytes: itemBytes, itemSize: itemSize ?? itemBytes, finishedItems: finishedCount,
            itemCount: reports.count)
    }
}
