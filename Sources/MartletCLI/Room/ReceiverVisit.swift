internal import Martlet
internal import Signaling
internal import Synchronization
internal import Transfer

/// One connection of one receiver, from its greeting to its end.
final class ReceiverVisit: Sendable {
    private struct State {
        var view: TransferView?
        var number: Int?
        var isRetired = false
    }

    let peer: TransferPeer
    let watch: ConnectionWatch
    private let state = Mutex(State())

    init(_ peer: TransferPeer) {
        self.peer = peer
        watch = ConnectionWatch(peer)
    }

    /// The place that it has; nil before it was admitted.
    var number: Int? { state.withLock { $0.number } }

    func admitted(to number: Int, _ view: TransferView) {
        state.withLock { state in
            state.number = number
            state.view = view
        }
    }

    /// The same receiver has come again: what happens on this connection interests nobody any more.
    func retire() {
        state.withLock { $0.isRetired = true }
    }

    /// Closes the connection: what runs over it ends.
    func close() async {
        await peer.connection.close()
    }

    var isRetired: Bool { state.withLock { $0.isRetired } }

    /// What shows it; nil before it was admitted.
    var view: TransferView? { state.withLock { $0.view } }

    /// What is said when its receiver is asked.
    var offerWords: String {
        state.withLock { $0.view }?.number.map { "Offered to receiver \($0); waiting for a yes." }
            ?? "Offered; waiting for the other side to accept."
    }

    /// Its receiver has said yes on an earlier connection.
    var isGoingOn: Bool { state.withLock { $0.view }?.isAccepted ?? false }

    /// Shows what happens, to an admitted receiver that is still the current one of its place.
    func show(_ event: TransferEvent) {
        watch.note(event)
        let view = state.withLock { $0.isRetired ? nil : $0.view }
        view?.handle(event)
    }
}
