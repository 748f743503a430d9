internal import JSON
internal import Lab
internal import NetworkIO
internal import Signaling
internal import Transfer
internal import Wire

/// A room of our own in which a partner of experiments is waited for: a page, which may be opened, or another terminal.
struct LabRoom: Sendable {
    let options: ServerOptions
    /// Speaks to a server that is not ours.
    let client: WebSocketClient
    let peer: LabPeer
    /// A browser that is opened shows no window; so too where there is no display.
    var isHeadless = false
    let console: Console

    /// How long a browser that was opened may take to come.
    private static let browserPatience = Duration.seconds(90)

    /// Waits for a partner, and lets `body` work with it. Both are over when this returns, and the browser is closed.
    func during(
        _ body: (LabConductor) async throws(CommandFailure) -> Void
    ) async throws(CommandFailure) {
        try await MeetingServer.during(options) { meeting throws(CommandFailure) in
            try await serve(at: meeting, body)
        }
    }

    private func serve(
        at meeting: MeetingServer, _ body: (LabConductor) async throws(CommandFailure) -> Void
    ) async throws(CommandFailure) {
        let place = meeting.freshPlace()
        let teller = RoomTeller(meeting.rendezvous, on: console)
        let room: HostedRoom
        do throws(PeerConnectorError) {
            room = try await PeerConnector.host(place, size: 4, over: client, onEvent: teller.tell)
        } catch { throw CommandFailure(error, by: .server(meeting.rendezvous)) }
        teller.begin(room.code) { code in
            invitation(place, code, at: meeting).showOtherCode(isSending: true, on: console)
        }
        var browser: OpenedBrowser?
        var failure: CommandFailure?
        do throws(CommandFailure) {
            browser = try open(invitation(place, room.code, at: meeting))
            let conductor = try await partner(in: room, browser)
            let turningAway = Task {
                while let guest = try await room.nextGuest() {
                    await guest.refuse(code: "taken", message: "the experiments have their partner")
                }
            }
            do throws(CommandFailure) { try await body(conductor) } catch { failure = error }
            turningAway.cancel()
            await conductor.close()
        } catch { failure = failure ?? error }
        await room.close()
        await browser?.close()
        if let failure { throw failure }
    }

    private func invitation(_ place: RoomPlace, _ code: RoomCode?, at meeting: MeetingServer) -> Invitation {
        var invitation = meeting.invitation(place, code: code)
        invitation.verb = "lab join"
        return invitation
    }

    /// Opens the browser, or shows the way to us.
    private func open(_ invitation: Invitation) throws(CommandFailure) -> OpenedBrowser? {
        guard let kind = peer.browser else {
            invitation.show(isSending: true, options, on: console)
            let time = options.expire.duration
            console.event("waiting", [("seconds", .integer(time.components.seconds))])
            console.say("Waiting for the other side. (\(DurationText.text(time)); Ctrl-C ends it)")
            return nil
        }
        do throws(CommandFailure) {
            let isHeadless = isHeadless || OpenedBrowser.hasNoDisplay
            let browser = try OpenedBrowser.open(kind, at: invitation.localLink.text, isHeadless: isHeadless)
            console.say("Opening \(kind.name)\(isHeadless ? " without a window" : "") …")
            return browser
        } catch {
            // Somebody who is there can open another one.
            console.warn("\(error.sentence) Here is the link.")
            invitation.show(isSending: true, options, on: console)
            console.say("Waiting for the other side. (\(DurationText.text(options.expire.duration)); Ctrl-C ends it)")
            return nil
        }
    }

    /// The first who comes and is there for the lab.
    private func partner(in room: HostedRoom, _ browser: OpenedBrowser?) async throws(CommandFailure) -> LabConductor {
        let limit = browser == nil ? options.expire.duration : Self.browserPatience
        let deadline = NetworkLoop.shared.now().advanced(by: limit)
        var failure =
            browser.map { CommandFailure(.nobodyCame, "\($0.kind.name) did not come in time.", remedy: "--peer page") }
            ?? CommandFailure(
                .nobodyCame, "Nobody came within \(DurationText.text(limit)); the link is stale now.",
                remedy: "the same command again, with a longer --expire")
        while true {
            let remaining = NetworkLoop.shared.now().duration(to: deadline)
            guard let guest = try await Self.nextGuest(of: room, within: remaining, browser) else {
                if let browser, !browser.isOpen {
                    throw CommandFailure(
                        .localResource, "\(browser.kind.name) has ended before its page was there.",
                        remedy: "--peer page, and open the link by hand")
                }
                throw failure
            }
            do throws(PeerConnectorError) {
                let connected = try await guest.connect(prepare: RoomChannels.make)
                do throws(LabError) {
                    let conductor = try await LabConductor.meet(connected, agent: Program.agent)
                    let agent = Printable.line(await conductor.partnerAgent, columns: 80)
                    console.event("peer", [("agent", .string(agent))])
                    console.say("\(agent.isEmpty ? "The other side" : agent) is here.")
                    return conductor
                } catch {
                    if error == .cancelled { throw PeerConnectorError.cancelled }
                    let reason = CommandFailure(error)
                    console.say("\(reason.sentence) Still waiting.")
                }
            } catch {
                let reason = CommandFailure(error)
                if reason.status == .interrupted { throw reason }
                console.say("\(reason.sentence) Still waiting.")
                if reason.status == .noPath { failure = reason }
            }
        }
    }

    /// - Returns: nil when the time is over, or the browser has ended.
    private static func nextGuest(
        of room: HostedRoom, within limit: Duration, _ browser: OpenedBrowser?
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
            if let browser {
                group.addTask {
                    await browser.ended()
                    return .success(nil)
                }
            }
            let first = await group.next() ?? .success(nil)
            group.cancelAll()
            return first
        }
        if Task.isCancelled { throw CommandFailure(PeerConnectorError.cancelled) }
        do throws(PeerConnectorError) { return try outcome.get() } catch { throw CommandFailure(error) }
    }
}
