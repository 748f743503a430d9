/// What a receiver has done so far.
struct Ledger {
    var reports: [ItemReport?] = []
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
    private var finishedCount = 0
    private var item = 0
    private var itemBytes: Int64 = 0
    private var itemName = ""
    private var isTotalKnown = true

    mutating func resume(_ resumption: WriterState.Resumption, itemCount: Int) {
        add(itemCount)
        for report in resumption.complete { reports[report.number] = report }
        finishedCount = resumption.complete.count
        resumedBytes = resumption.byteCount
    }

    mutating func add(_ count: Int) {
        reports += Array(repeating: nil, count: count)
    }

    mutating func note(_ report: ItemReport) {
        reports[report.number] = report
        finishedCount += 1
        if report.outcome == .complete {
            completeCount += 1
            completeBytes += report.size
        } else {
            // Roughly: what came of it before was counted as handled.
            droppedBytes += max(0, report.size - (item == report.number ? itemBytes : 0))
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
            case .begin, .segment, .discard, .abandon: break
            }
        }
    }

    func progress(totalBytes: Int64, itemSize: Int64 = 0) -> TransferProgress {
        TransferProgress(
            completedBytes: handledBytes + resumedBytes, totalBytes: totalBytes, isTotalKnown: isTotalKnown, item: item,
            itemName: itemName, itemBytes: itemBytes, itemSize: itemSize, finishedItems: finishedCount,
            itemCount: reports.count)
    }
}
