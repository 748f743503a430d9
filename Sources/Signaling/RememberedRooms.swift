internal import DequeModule
internal import Wire

/// Rooms whose hosts are expected back, each for a short time.
struct RememberedRooms {
    struct Entry {
        var number: RoomNumber?
        var token: RoomTokenHash
        /// From before a restart: whoever joins is asked to come again, and nobody else may take the name.
        var isHeld: Bool
        fileprivate var end: NetworkTime
    }

    private let time: Duration
    private let limit: Int
    private var entries: [RoomIdentifier: Entry] = [:]
    private var numbers: [RoomNumber: RoomIdentifier] = [:]
    /// In the order in which they end; some may be gone or renewed.
    private var queue: Deque<(room: RoomIdentifier, end: NetworkTime)> = []

    init(time: Duration, limit: Int) {
        self.time = time
        self.limit = limit
    }

    var count: Int { entries.count }
    var queueCount: Int { queue.count }

    func entry(_ room: RoomIdentifier) -> Entry? { entries[room] }

    /// All of them, the first to end first.
    var all: [(room: RoomIdentifier, entry: Entry)] {
        queue.compactMap { item in entries[item.room].flatMap { $0.end == item.end ? (item.room, $0) : nil } }
    }

    /// The room that had the number before a restart and whose host is not back yet.
    func heldRoom(_ number: RoomNumber) -> RoomIdentifier? {
        numbers[number].flatMap { room in entries[room]?.isHeld == true ? room : nil }
    }

    mutating func add(
        _ room: RoomIdentifier, number: RoomNumber?, token: RoomTokenHash, isHeld: Bool = false, at now: NetworkTime
    ) {
        forget(at: now)
        remove(room)
        let end = now.advanced(by: time)
        entries[room] = Entry(number: number, token: token, isHeld: isHeld, end: end)
        if let number { numbers[number] = room }
        queue.append((room, end))
        while entries.count > limit || queue.count > 2 * limit + 1024 { dropFirst() }
    }

    mutating func remove(_ room: RoomIdentifier) {
        guard let entry = entries.removeValue(forKey: room) else { return }
        if let number = entry.number, numbers[number] == room { numbers[number] = nil }
    }

    /// Forgets those whose time is over.
    mutating func forget(at now: NetworkTime) {
        while let first = queue.first, first.end <= now { dropFirst() }
    }

    private mutating func dropFirst() {
        guard let (room, end) = queue.popFirst(), entries[room]?.end == end else { return }
        remove(room)
    }
}
