internal import Transfer

/// What is offered, as a person reads it.
enum OfferList {
    static let longest = 12

    /// One line a file, its size first; long lists are cut.
    ///
    /// - Parameter items: names that are fit to be shown.
    static func lines(_ items: [(name: String, size: Int64, exists: Bool)]) -> [String] {
        let shown = items.count <= longest ? items[...] : items.prefix(longest - 1)
        let sizes = shown.map { ByteCount.text($0.size) }
        let width = sizes.map(\.count).max() ?? 0
        var lines = zip(shown, sizes).map { item, size in
            let padding = String(repeating: " ", count: width - size.count)
            return "  \(padding)\(size)  \(Printable.line(item.name, columns: 60, cut: .middle))"
                + (item.exists ? "  (exists)" : "")
        }
        if shown.count < items.count {
            let rest = items.dropFirst(shown.count).reduce(0) { $0 + $1.size }
            lines.append("  and \(counted(items.count - shown.count, "file")) more, \(ByteCount.text(rest))")
        }
        return lines
    }
}
