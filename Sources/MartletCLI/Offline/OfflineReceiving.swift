internal import Signaling
internal import Transfer

/// `martlet receive --offline`: one sender, one connection, no room.
struct OfflineReceiving: Sendable {
    let side: ReceivingSide
    let exchange: OfflineExchange
    /// The offer is ours: a page that sends makes only answers.
    let isOffering: Bool
    let console: Console

    func run() async throws(CommandFailure) {
        exchange.begin()
        do throws(CommandFailure) {
            let prepare: PeerConnector.Preparation<TransferChannels> = { try await TransferChannels.make(on: $0) }
            let peer = try await isOffering ? exchange.offer(prepare: prepare) : exchange.answer(prepare: prepare)
            switch await Reception(side, on: console).receive(from: peer) {
            case .done: return
            case .failed(let failure), .unused(let failure), .lost(let failure): throw failure
            }
        } catch { throw error.offline }
    }
}
