internal import NetworkIO
internal import Signaling
internal import Transfer
internal import Wire

/// Following somebody's link, again and again while the transfer is not through and the other side may come back.
struct Visit: Sendable {
    let side: ReceivingSide
    let link: RoomLink
    let console: Console

    func run() async throws(CommandFailure) {
        let reception = Reception(side, on: console)
        console.say("Connecting to \(Printable.line(link.pageAddress, columns: 100)) …")
        var deadline: NetworkTime?
        var backoff = Backoff()
        var lost: CommandFailure?
        while true {
            switch await connect() {
            case .success(let peer):
                switch await reception.receive(from: peer) {
                case .done: return
                case .failed(let failure), .unused(let failure): throw failure
                case .lost(let failure):
                    lost = failure
                    deadline = NetworkLoop.shared.now().advanced(by: side.wait)
                    backoff = Backoff()
                }
            case .failure(let error):
                guard let deadline, let lost, error.mayPass else { throw CommandFailure(error) }
                guard NetworkLoop.shared.now() < deadline else { throw lost }
            }
            do { try await Task.sleep(for: backoff.take()) } catch { throw CommandFailure(any: error) }
        }
    }

    private func connect() async -> Result<TransferPeer, PeerConnectorError> {
        do throws(PeerConnectorError) {
            return .success(try await PeerConnector.join(.link(link), prepare: TransferChannels.make))
        } catch { return .failure(error) }
    }
}

extension PeerConnectorError {
    /// It may be otherwise in a moment: the other side is being started again, or its network is.
    var mayPass: Bool {
        switch self {
        case .couldNotVerify, .cancelled, .preparationFailed: false
        case .peerFailed(let code, _): code != "taken"
        default: true
        }
    }
}
