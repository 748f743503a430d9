import Synchronization

/// What was told, in order.
final class Told: Sendable {
    private let values = Mutex<[Int]>([])

    var all: [Int] { values.withLock { $0 } }

    func append(_ value: Int) {
        values.withLock { $0.append(value) }
    }
}
