internal import Transfer

/// What is offered, as a person reads it.
enum OfferList {
    static let longest = 12
    /// In one event.
    static let mostEventItems = 1_000

    /// A line of the list: a file, or a folder with everything in it.
    struct Row: Sendable, Equatable {
        var name: String
        var bytes: Int64?
        /// Nil for a file.
        var fileCount: Int?
        var exists: Bool
    }

    /// Folders are one row each: nobody reads a thousand names before a yes.
    ///
    /// - Parameter items: offered components, and names that are fit to be shown.
    static func rows(
        _ items: some Sequence<(name: String, components: [String], bytes: Int64?, isFolder: Bool, exists: Bool)>
    ) -> [Row] {
        var rows: [Row] = []
        var folders: [String: Int] = [:]
        for item in items {
            guard item.components.count > 1 || item.isFolder, let top = item.components.first else {
                rows.append(Row(name: item.name, bytes: item.bytes, fileCount: nil, exists: item.exists))
                continue
            }
            let index = folders[top] ?? rows.count
            if folders[top] == nil {
                folders[top] = index
                rows.append(Row(name: "\(Printable.line(top))/", bytes: 0, fileCount: 0, exists: false))
            }
            rows[index].bytes? += item.bytes ?? 0
            rows[index].fileCount? += item.isFolder ? 0 : 1
            if item.exists, !item.isFolder { rows[index].exists = true }
        }
        return rows
    }

    /// One line a row, its size first; long lists are cut.
    ///
    /// - Parameter columns: of the terminal; names are cut to fit.
    static func lines(_ rows: [Row], columns: Int = .max) -> [String] {
        let shown = rows.count <= longest ? rows[...] : rows.prefix(longest - 1)
        let sizes = shown.map { $0.bytes.map(ByteCount.text) ?? "?" }
        let width = sizes.map(\.count).max() ?? 0
        var lines = zip(shown, sizes).map { row, size in
            let padding = String(repeating: " ", count: width - size.count)
            var end = row.fileCount.map { " (\(counted($0, "file")))" } ?? ""
            if row.exists { end += row.fileCount == nil ? "  (exists)" : "  (some exist)" }
            let room = min(60, max(12, columns - 5 - width - end.count))
            return "  \(padding)\(size)  \(Printable.line(row.name, columns: room, cut: .middle))\(end)"
        }
        if shown.count < rows.count {
            let rest = rows.dropFirst(shown.count)
            let bytes = rest.reduce(Int64(0)) { $0 + ($1.bytes ?? 0) }
            lines.append("  and \(grouped(rest.count)) more, \(ByteCount.text(bytes))")
        }
        return lines
    }

    /// `3 files, 3.4 GB`, or while the sender counts `at least 3 files, 3.4 GB, still counting`.
    static func amount(_ count: Count, bytes: Int64, isComplete: Bool) -> String {
        let size =
            if !count.hasUnknownSize { ByteCount.text(bytes) } else if bytes == 0 { "of unknown size" } else {
                "at least \(ByteCount.text(bytes))"
            }
        let amount = count.words + (count.hasUnknownSize && bytes == 0 ? " " : ", ") + size
        return isComplete ? amount : "at least \(amount), still counting"
    }

    /// How many there are of each kind.
    struct Count: Sendable, Equatable {
        var files = 0
        var texts = 0
        /// Those that are empty; the others are counted by their files.
        var folders = 0
        /// One of the files is a stream.
        var hasUnknownSize = false

        /// `3 files, 1 text`; empty folders are mentioned when there is nothing else.
        var words: String {
            let words = [(files, "file"), (texts, "text")].filter { $0.0 > 0 }.map { counted($0.0, $0.1) }
            return words.isEmpty ? counted(folders, "empty folder") : words.joined(separator: ", ")
        }
    }
}
