internal import Synchronization
internal import Transfer

/// Tells of one run of a transfer, until it is over; from any thread, in order.
///
/// Memory: at most 64 texts; of the rest the latest waits.
final class ChatFileTeller: Sendable {
    private struct State {
        var file: Int?
        var member: ChatMember
        var textCount = 0
        var isOver = false
    }

    private let queue: ChatEventQueue
    private let state: Mutex<State>
    private static let textLimit = 64

    /// - Parameter file: its number in the talk; nil while it is not known.
    init(_ queue: ChatEventQueue, file: Int? = nil, member: ChatMember) {
        self.queue = queue
        state = Mutex(State(file: file, member: member))
    }

    /// Nil before the transfer is known.
    var file: Int? { state.withLock { $0.file } }

    func begin(_ file: Int, _ member: ChatMember) {
        state.withLock { ($0.file, $0.member) = (file, member) }
    }

    /// Tells what a person needs to hear of: all else is in the report, and there may be very much of it.
    func tell(_ event: TransferEvent) {
        state.withLock { state in
            guard let file = state.file, !state.isOver else { return }
            switch event {
            case .offered, .accepted, .resumed, .progress: break
            case .text:
                guard state.textCount < Self.textLimit else { return }
                state.textCount += 1
            default: return
            }
            queue.append(.fileProgress(file, state.member, event))
        }
    }

    func tell(_ offer: IncomingOffer) {
        state.withLock { state in
            guard let file = state.file, !state.isOver else { return }
            queue.append(.fileOffered(file, state.member, offer))
        }
    }

    /// Nothing more is told.
    func stop() {
        state.withLock { $0.isOver = true }
    }
}
