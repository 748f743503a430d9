/// What was entered before, for the arrow keys; as much as a person looks for.
struct LineHistory: Sendable {
    static let mostEntries = 200
    /// Of all entries together.
    static let mostBytes = 1 << 20

    private var entries: [String] = []
    private var byteCount = 0
    /// Where the person is; behind the last entry stands what is being typed.
    private var place = 0
    private var draft = ""

    /// Something was entered; what was looked at is left.
    mutating func append(_ text: String) {
        if !text.isEmpty, text != entries.last {
            entries.append(text)
            byteCount += text.utf8.count
        }
        while entries.count > Self.mostEntries || byteCount > Self.mostBytes {
            byteCount -= entries.removeFirst().utf8.count
        }
        place = entries.count
        draft = ""
    }

    /// - Parameter current: what stands in the line: kept, if it is the draft.
    /// - Returns: nil where nothing is older, or newer.
    mutating func move(by step: Int, from current: String) -> String? {
        guard (0...entries.count).contains(place + step) else { return nil }
        if place == entries.count { draft = current }
        place += step
        return place == entries.count ? draft : entries[place]
    }
}
