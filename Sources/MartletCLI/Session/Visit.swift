internal import Signaling
internal import Transfer

/// Following somebody's link.
enum Visit {
    static func run(_ side: some TransferSide, link: RoomLink, on console: Console) async throws(CommandFailure) {
        console.say("Connecting to \(Printable.line(link.pageAddress, columns: 100)) …")
        let peer: TransferPeer
        do throws(PeerConnectorError) {
            peer = try await PeerConnector.join(link, prepare: TransferChannels.make)
        } catch { throw CommandFailure(error) }
        var failure: CommandFailure?
        do throws(TransferAttemptFailure) { try await side.run(with: peer) {} } catch { failure = error.failure }
        await peer.close()
        if let failure { throw failure }
    }
}
