internal import Transfer

/// How far several receivers are together, as one line of text.
///
///     2 of 3 receivers · 61 % · 112 MB/s · 11 s left
struct SharedProgress: Sendable, Equatable {
    /// Those who have said yes and are not through, in the order of their places.
    var lines: [ProgressLine]
    /// Those who have everything, of how many there are to be.
    var finishedCount: Int
    var receiverCount: Int

    func text(columns: Int) -> String {
        let room = max(1, columns - 1)
        let parts = [share, rate, left].compactMap(\.self)
        for count in stride(from: parts.count, through: 1, by: -1) {
            for head in [head, shortHead] {
                let text = ([head] + parts.prefix(count)).joined(separator: " · ")
                if Printable.columns(of: text) <= room { return text }
            }
        }
        return Printable.line("\(shortHead) \(share)", columns: room)
    }

    /// Who is there: those who are through count as there too.
    private var head: String { "\(shortHead) receivers" }
    private var shortHead: String { "\(finishedCount + lines.count) of \(receiverCount)" }

    private var share: String {
        let total = lines.reduce(0.0) { $0 + Double($1.work.total) }
        let done = lines.reduce(0.0) { $0 + Double($1.work.done) }
        return total <= 0 || done >= total ? "100 %" : "\(min(99, Int(done / total * 100))) %"
    }

    private var rate: String? {
        let rates = lines.compactMap(\.rate)
        return rates.isEmpty ? nil : ByteCount.rate(rates.reduce(0, +))
    }

    /// Until the last one is through.
    private var left: String? {
        let times = lines.filter { $0.completedBytes < $0.totalBytes }.map(\.timeLeft)
        guard !times.isEmpty, !times.contains(nil) else { return nil }
        return times.compactMap(\.self).max().map { "\(DurationText.text($0)) left" }
    }
}
