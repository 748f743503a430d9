/// Who of those who come gets something: the places of a sender's receivers, by their sessions.
///
/// A place is taken at the greeting, kept from the yes on, and free again when its holder goes before that.
struct Places: Sendable {
    enum Admission: Sendable, Equatable {
        /// The place of that number, from 1, is this receiver's now.
        case new(Int)
        /// It comes back to the place that it had.
        case returning(Int)
        /// The link is for others.
        case taken
    }

    private enum Status: Sendable {
        case asked, accepted, finished
    }

    private struct Place: Sendable {
        var session: String
        var status = Status.asked
    }

    let count: Int
    /// By number; nil is free.
    private var places: [Place?]

    /// - Parameters:
    ///   - count: how many receivers there are to be.
    ///   - finished: sessions of those who have everything already.
    init(count: Int, finished: [String] = []) {
        self.count = count
        places = (0..<count).map { index in
            index < finished.count ? Place(session: finished[index], status: .finished) : nil
        }
    }

    mutating func admit(_ session: String) -> Admission {
        if let index = places.firstIndex(where: { $0?.session == session }) {
            return places[index]?.status == .finished ? .taken : .returning(index + 1)
        }
        guard let index = places.firstIndex(where: { $0 == nil }) else { return .taken }
        places[index] = Place(session: session)
        return .new(index + 1)
    }

    /// - Returns: whether it is the first yes of all.
    mutating func accepted(_ number: Int) -> Bool {
        let isFirst = acceptedCount + finishedCount == 0
        places[number - 1]?.status = .accepted
        return isFirst
    }

    /// - Returns: whether the place is kept for its return: it had said yes.
    mutating func left(_ number: Int) -> Bool {
        if places[number - 1]?.status == .asked { places[number - 1] = nil }
        return places[number - 1]?.status == .accepted
    }

    /// Nobody will use the place again, however it ended; also a place that ``left(_:)`` has made free.
    mutating func finished(_ number: Int) {
        places[number - 1] = Place(session: places[number - 1]?.session ?? "", status: .finished)
    }

    var acceptedCount: Int { places.count { $0?.status == .accepted } }
    var finishedCount: Int { places.count { $0?.status == .finished } }
    /// Somebody may still come who has not been here.
    var hasFree: Bool { places.contains { $0 == nil } }
    var isOver: Bool { finishedCount == count }
}
