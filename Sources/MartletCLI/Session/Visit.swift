internal import NetworkIO
internal import Signaling
internal import Transfer
internal import Wire

/// Following somebody's link or code, again and again while the transfer is not through and the other side may come
/// back.
struct Visit: Sendable {
    var side: ReceivingSide
    var entering: Entering<TransferChannels>

    private var console: Console { entering.console }

    mutating func run() async throws(CommandFailure) {
        console.say("Connecting to \(Printable.line(entering.entrance.rendezvous.pageAddress, columns: 100)) …")
        var (peer, looks) = try await entering.enter()
        side.follow(entering.entrance)
        let reception = Reception(side, on: console)
        while true {
            switch await reception.receive(from: peer) {
            case .done: return
            case .failed(let failure), .unused(let failure): throw failure
            case .lost(let failure): peer = try await comeBack(after: failure, looks)
            }
        }
    }

    /// The next connection, within the time that the other side has for coming back.
    private func comeBack(
        after lost: CommandFailure, _ looks: LookCount
    ) async throws(CommandFailure) -> TransferPeer {
        let deadline = NetworkLoop.shared.now().advanced(by: side.wait)
        var backoff = Backoff()
        while true {
            do { try await Task.sleep(for: backoff.take()) } catch { throw CommandFailure(any: error) }
            do throws(PeerConnectorError) { return try await entering.connect(looks) } catch {
                guard error.mayPass else { throw CommandFailure(error, by: .init(entering.entrance)) }
                guard NetworkLoop.shared.now() < deadline else { throw lost }
            }
        }
    }
}
