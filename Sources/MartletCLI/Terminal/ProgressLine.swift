internal import Transfer

/// How far a transfer is, as one line of text.
///
///     film.mkv  61 % |████████████▌       | 2.0 of 3.2 GB · 112 MB/s · 11 s left
struct ProgressLine: Sendable, Equatable {
    /// The file that is on its way, as it came; it is made printable here.
    var name: String
    /// Its number, from 1, of how many.
    var fileNumber: Int
    var fileCount: Int
    /// Confirmed bytes of all files, of how many.
    var completedBytes: Int64
    var totalBytes: Int64
    /// Nothing that comes is of unknown size.
    var isTotalKnown = true
    /// The line says whose it is rather than which file is on its way.
    var hidesCount = false
    /// Files that are through, one way or the other.
    var finishedCount = 0
    /// Bytes a second, where known.
    var rate: Double?
    /// Where known. Nothing is said of it while nothing moves.
    var timeLeft: Duration?

    /// What a file costs besides its bytes, in bytes: a thousand small files take longer than one with as many bytes.
    private static let fileCost: Int64 = 65_536

    /// What is done and what is to do, in bytes and files together.
    var work: (done: Int64, total: Int64) {
        guard fileCount > 1 else { return (completedBytes, totalBytes) }
        return (
            completedBytes + Int64(finishedCount) * Self.fileCost, totalBytes + Int64(fileCount) * Self.fileCost
        )
    }

    /// 0 to 1, and 1 only when everything is there.
    private var share: Double {
        let (done, total) = work
        return done >= total ? 1 : min(0.99, Double(done) / Double(total))
    }

    private static let leastBar = 10
    private static let largestBar = 40
    private static let largestName = 40
    /// A name is not cut below this for the sake of something else.
    private static let leastName = 12

    /// For a terminal of that many columns: takes one column less at most, so that the cursor stays in the line.
    func text(columns: Int) -> String {
        let room = max(1, columns - 1)
        guard isTotalKnown else {
            return layout([ByteCount.text(completedBytes), speed], room: room)
                ?? Printable.line(ByteCount.text(completedBytes), columns: room)
        }
        let amount = ByteCount.text(completedBytes, of: totalBytes)
        // The bar is to keep its length while the numbers change theirs.
        let total = ByteCount.text(totalBytes)
        let reserve = max(Printable.columns(of: tail([amount, speed, left])), total.utf8.count * 2 + 35)
        let shortReserve = max(Printable.columns(of: tail([speed, left])), 28)
        return layout([amount, speed, left], room: room, barReserve: reserve)
            ?? layout([speed, left], room: room, barReserve: shortReserve)
            ?? layout([amount, speed, left], room: room)
            ?? layout([speed, left], room: room)
            ?? layout([left], room: room)
            ?? Printable.line("\(percent) \(tail([left]))", columns: room)
    }

    /// For output that is no terminal: the same words, whatever their length.
    var plain: String {
        let head = "\(count)\(name.isEmpty ? "" : Printable.line(name, columns: 60, cut: .middle) + " ")"
        guard isTotalKnown else { return head + tail([ByteCount.text(completedBytes), speed]) }
        return head + "\(percent) " + tail([ByteCount.text(completedBytes, of: totalBytes), speed, left])
    }

    /// The line with these last parts; nil when it leaves too little room for the name, or for the bar where one is
    /// wanted (`barReserve`: columns that the last parts may come to take).
    private func layout(_ parts: [String?], room: Int, barReserve: Int? = nil) -> String? {
        let percent = isTotalKnown ? String(repeating: " ", count: 5 - percent.utf8.count) + percent : ""
        let end = tail(parts)
        let fixed = count.utf8.count + 1 + percent.utf8.count + 1
        let nameColumns = min(Printable.columns(of: Printable.line(name)), Self.largestName)
        let least = min(nameColumns, Self.leastName)
        guard let barReserve else {
            let forName = room - fixed - Printable.columns(of: end)
            guard forName >= least else { return nil }
            return "\(count)\(shown(forName)) \(percent) \(end)"
        }
        let free = room - fixed - barReserve - 3
        guard free >= least + Self.leastBar else { return nil }
        let barColumns = min(Self.largestBar, max(Self.leastBar, free - nameColumns))
        return "\(count)\(shown(free - barColumns)) \(percent) |\(Self.bar(share, columns: barColumns))| \(end)"
    }

    private func shown(_ columns: Int) -> String {
        Printable.line(name, columns: max(1, min(columns, Self.largestName)), cut: .middle)
    }

    private var count: String { fileCount > 1 && !hidesCount ? "\(grouped(fileNumber))/\(grouped(fileCount)) " : "" }

    /// Rounded down: 100 only when everything is there.
    var percent: String { "\(Int(share * 100)) %" }

    private var speed: String? { rate.map(ByteCount.rate) }

    private var left: String? {
        if share == 1 { return nil }
        if completedBytes < totalBytes, let rate, rate < 1 { return "waiting" }
        return timeLeft.map { "\(DurationText.text($0)) left" } ?? rate.map { _ in "waiting" }
    }

    private func tail(_ parts: [String?]) -> String {
        parts.compactMap(\.self).joined(separator: " · ")
    }

    /// Filled in eighths of a column, as far as `share`, 0 to 1.
    static func bar(_ share: Double, columns: Int) -> String {
        let eighths = Int(share * Double(columns * 8))
        let full = eighths / 8
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        let part = parts[eighths % 8]
        let empty = columns - full - (part.isEmpty ? 0 : 1)
        return String(repeating: "█", count: full) + part + String(repeating: " ", count: empty)
    }
}
