internal import DequeModule
internal import Wire

/// Which numbers rooms have, and which rest after their room has ended.
///
/// A number is random among those of the fewest digits of which at most half are in use or resting: short ones for as
/// long as there are some, and never so full that one would have to be searched for.
struct RoomNumbers {
    private struct Rest {
        /// Which entry of the queue is its.
        var serial: UInt64
        /// Who gets it back before its time.
        var owner: NumberOwner?
    }

    private let rest: Duration
    private let mostResting: Int
    private var rooms: [RoomNumber: RoomIdentifier] = [:]
    private var resting: [RoomNumber: Rest] = [:]
    /// In the order in which they end; some may have been taken back since.
    private var queue: Deque<(number: RoomNumber, end: NetworkTime, serial: UInt64)> = []
    private var nextSerial: UInt64 = 0
    /// In use or resting, by digits.
    private var spent = [Int](repeating: 0, count: 7)

    init(rest: Duration, mostResting: Int) {
        self.rest = rest
        self.mostResting = mostResting
    }

    var inUseCount: Int { rooms.count }
    var restingCount: Int { resting.count }
    /// Entries of the queue, for tests of what a flood leaves behind.
    var queueCount: Int { queue.count }

    func room(_ number: RoomNumber) -> RoomIdentifier? { rooms[number] }

    /// Those that rest and for how long yet, the first to end first.
    func allResting(at now: NetworkTime) -> [(number: RoomNumber, left: Duration, owner: NumberOwner?)] {
        queue.compactMap { entry in
            guard let rest = resting[entry.number], rest.serial == entry.serial, entry.end > now else { return nil }
            return (entry.number, now.duration(to: entry.end), rest.owner)
        }
    }

    /// Whether the number rests, and was that one's.
    mutating func rests(_ number: RoomNumber, of owner: NumberOwner, at now: NetworkTime) -> Bool {
        wake(at: now)
        return resting[number]?.owner == owner
    }

    /// Gives a room a number.
    ///
    /// - Parameter wish: given if it is free.
    /// - Returns: nil only when hardly any of the 999,999 are free.
    mutating func give(
        to room: RoomIdentifier, wish: RoomNumber?, at now: NetworkTime,
        using generator: inout some RandomNumberGenerator
    ) -> RoomNumber? {
        wake(at: now)
        if let wish, isFree(wish) { return take(wish, for: room) }
        for digits in 1...6 {
            let range = Self.range(digits)
            guard 2 * spent[digits] <= range.count else { continue }
            // At least half are free, but for a 2^-64th of cases this ends at once.
            for _ in 0..<64 {
                if let number = RoomNumber(Int.random(in: range, using: &generator)), isFree(number) {
                    return take(number, for: room)
                }
            }
        }
        return nil
    }

    /// Gives a room back the number that it had, if nobody else has it by now.
    mutating func giveBack(_ number: RoomNumber, to room: RoomIdentifier) -> Bool {
        if rooms[number] == room { return true }
        guard rooms[number] == nil else { return false }
        if resting.removeValue(forKey: number) != nil { spent[Self.digits(number)] -= 1 }
        _ = take(number, for: room)
        return true
    }

    /// Its room has ended.
    ///
    /// - Parameter owner: gets it back while it rests.
    mutating func release(_ number: RoomNumber, of owner: NumberOwner? = nil, at now: NetworkTime) {
        guard rooms.removeValue(forKey: number) != nil else { return }
        spent[Self.digits(number)] -= 1
        putToRest(number, of: owner, until: now.advanced(by: rest))
        wake(at: now)
    }

    /// A number that rested before a restart goes on resting. Must be called in the order in which they end.
    mutating func putToRest(_ number: RoomNumber, of owner: NumberOwner? = nil, until end: NetworkTime) {
        guard isFree(number) else { return }
        resting[number] = Rest(serial: nextSerial, owner: owner)
        spent[Self.digits(number)] += 1
        queue.append((number, end, nextSerial))
        nextSerial += 1
        if queue.count > 2 * resting.count + 1024 { queue = queue.filter { resting[$0.number]?.serial == $0.serial } }
    }

    private mutating func wake(at now: NetworkTime) {
        while let first = queue.first, first.end <= now || resting.count > mostResting {
            queue.removeFirst()
            guard resting[first.number]?.serial == first.serial else { continue }
            resting[first.number] = nil
            spent[Self.digits(first.number)] -= 1
        }
    }

    private mutating func take(_ number: RoomNumber, for room: RoomIdentifier) -> RoomNumber {
        rooms[number] = room
        spent[Self.digits(number)] += 1
        return number
    }

    private func isFree(_ number: RoomNumber) -> Bool { rooms[number] == nil && resting[number] == nil }

    private static func digits(_ number: RoomNumber) -> Int { number.description.utf8.count }

    private static func range(_ digits: Int) -> ClosedRange<Int> {
        let first = (1..<digits).reduce(1) { power, _ in power * 10 }
        return first...10 * first - 1
    }
}
