internal import HeapModule
internal import Wire

/// Deadlines of many subjects. Whoever adds one looks, when it is due, whether it still concerns anybody: nothing is
/// searched when a subject ends.
struct Deadlines<Subject> {
    private struct Entry: Comparable {
        var time: NetworkTime
        var subject: Subject

        static func < (left: Entry, right: Entry) -> Bool { left.time < right.time }
        static func == (left: Entry, right: Entry) -> Bool { left.time == right.time }
    }

    private var heap = Heap<Entry>()
    private var nextSweepCount = 1024

    /// The earliest, which may be that of a subject that has ended: that costs one idle wake-up.
    var next: NetworkTime? { heap.min?.time }
    var count: Int { heap.count }

    /// - Parameter isAlive: whether a subject that was added earlier still needs its deadline. Asked for all of them
    ///   whenever their number has doubled, so that those who come and go quickly do not fill memory.
    mutating func add(_ subject: Subject, at time: NetworkTime, isAlive: (Subject) -> Bool) {
        if heap.count >= nextSweepCount {
            heap = Heap(heap.unordered.filter { isAlive($0.subject) })
            nextSweepCount = max(1024, 2 * heap.count)
        }
        heap.insert(Entry(time: time, subject: subject))
    }

    /// Takes out one that is due.
    mutating func popDue(at now: NetworkTime) -> Subject? {
        guard let first = heap.min, first.time <= now else { return nil }
        return heap.removeMin().subject
    }
}
