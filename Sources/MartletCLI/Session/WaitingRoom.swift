internal import JSON
internal import NetworkIO
internal import Signaling
internal import Transfer
internal import Wire

/// A room of our own: prints the way to it, waits, and serves the first who comes and goes through with it.
enum WaitingRoom {
    /// - Parameter invitation: what we wait for, in a sentence.
    static func run(
        _ side: some TransferSide, isSending: Bool, _ options: ServerOptions, on console: Console, invitation: String
    ) async throws(CommandFailure) {
        let server = try await EmbeddedServer.start(options)
        var failure: CommandFailure?
        do throws(CommandFailure) {
            try await serve(side, isSending: isSending, options, server, on: console, waiting: invitation)
        } catch {
            failure = error
        }
        await server.stop()
        if let failure { throw failure }
    }

    private static func serve(
        _ side: some TransferSide, isSending: Bool, _ options: ServerOptions, _ server: EmbeddedServer,
        on console: Console, waiting: String
    ) async throws(CommandFailure) {
        var generator = SystemRandomNumberGenerator()
        let invitation = Invitation(
            room: .random(using: &generator), secret: .random(using: &generator), port: server.port,
            addresses: server.outwardAddresses)
        var link = invitation.local
        link.host = server.loopbackHost
        let room: HostedRoom
        do throws(PeerConnectorError) { room = try await PeerConnector.host(link) } catch {
            throw CommandFailure(error)
        }
        show(invitation, isSending: isSending, options, on: console)
        console.say("\(waiting) (\(DurationText.text(options.expire.duration)); Ctrl-C ends it)")
        console.event("waiting", ["seconds": .integer(options.expire.duration.components.seconds)])
        var failure: CommandFailure?
        do throws(CommandFailure) {
            try await serveGuests(of: room, side, expire: options.expire.duration, on: console)
        } catch {
            failure = error
        }
        await room.close()
        if let failure { throw failure }
    }

    // MARK: Guests

    /// One after the other, until one transfer is through, or was accepted and failed.
    private static func serveGuests(
        of room: HostedRoom, _ side: some TransferSide, expire: Duration, on console: Console
    ) async throws(CommandFailure) {
        let deadline = NetworkLoop.shared.now().advanced(by: expire)
        /// Somebody came and found no way: that tells more than that nobody came. Strangers with a wrong link do not count.
        var pathFailure: CommandFailure?
        while true {
            let remaining = NetworkLoop.shared.now().duration(to: deadline)
            guard let guest = try await nextGuest(of: room, within: remaining) else {
                let text = DurationText.text(expire)
                throw pathFailure
                    ?? CommandFailure(
                        .nobodyCame, "Nobody came within \(text); the link is stale now.",
                        remedy: "the same command again, with a longer --expire")
            }
            let peer: TransferPeer
            do throws(PeerConnectorError) { peer = try await guest.connect(prepare: TransferChannels.make) } catch {
                let failure = CommandFailure(error)
                if failure.status == .interrupted { throw failure }
                console.say("\(failure.sentence) Still waiting.")
                if failure.status == .noPath { pathFailure = failure }
                continue
            }
            do throws(TransferAttemptFailure) {
                // From the yes on nobody else can use the link.
                try await side.run(with: peer) { Task { await room.close() } }
                return await peer.close()
            } catch {
                await peer.close()
                guard error.leavesLinkUnused, !Task.isCancelled else { throw error.failure }
                console.say("The other side left before anything was accepted; the link still works.")
            }
        }
    }

    /// - Returns: nil when the time is over.
    private static func nextGuest(
        of room: HostedRoom, within limit: Duration
    ) async throws(CommandFailure) -> HostedGuest? {
        let outcome = await withTaskGroup(of: Result<HostedGuest?, PeerConnectorError>.self) { group in
            group.addTask {
                do throws(PeerConnectorError) { return .success(try await room.nextGuest()) } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return .success(nil)
            }
            let first = await group.next() ?? .success(nil)
            group.cancelAll()
            return first
        }
        if Task.isCancelled { throw CommandFailure(PeerConnectorError.cancelled) }
        do throws(PeerConnectorError) { return try outcome.get() } catch { throw CommandFailure(error) }
    }

    // MARK: The invitation

    private static func show(
        _ invitation: Invitation, isSending: Bool, _ options: ServerOptions, on console: Console
    ) {
        console.event(
            "link",
            [
                "link": .string(invitation.best.text), "local": .string(invitation.local.text),
                "all": .array((invitation.outward + [invitation.local]).map { .string($0.text) }),
            ])
        // Without the link the command would be of no use, however quiet.
        if console.isQuiet { return console.result(invitation.best.text) }
        // Where nothing wraps, lines may be as long as they are.
        let columns = console.facts.errorIsTerminal ? console.facts.size().columns : .max
        for line in invitation.lines(isSending: isSending, columns: columns) { console.say(line) }
        if options.qr ?? console.hasBar { draw(invitation.best, on: console) }
        if invitation.outward.isEmpty {
            console.say("Only this machine can connect\(options.local ? "." : ": it has no network address.")")
        }
    }

    private static func draw(_ link: RoomLink, on console: Console) {
        guard let matrix = QRMatrix(link.text) else { return }
        let code = QRCode(matrix: matrix)
        // A code with broken lines is of no use.
        guard code.columns <= console.facts.size().columns else { return }
        for line in code.lines(console.facts.hasColour ? .explicit : .drawn) { console.say(line) }
    }
}
