internal import NetworkIO
internal import Signaling
internal import Wire

/// How people come together.
extension ChatTalk {
    /// Connections on which nobody has greeted yet, at a time.
    private static let strangerLimit = 16
    /// How long the first connection may take to begin.
    private static let firstPatience = Duration.seconds(30)
    private static let backoff = (first: Duration.milliseconds(500), longest: Duration.seconds(5))

    /// Serves whoever comes to a room of ours, each in a task of its own.
    func receiveGuests(of room: HostedRoom) async -> Result<Void, ChatError> {
        let failure = await withDiscardingTaskGroup { guests in
            var failure: PeerConnectorError?
            do throws(PeerConnectorError) {
                while let guest = try await room.nextGuest() {
                    if arrivals + strangers.count >= Self.strangerLimit {
                        await guest.refuse(code: "internal", message: "too many come at once")
                        continue
                    }
                    arrivals += 1
                    guests.addTask { await self.receive(guest) }
                }
            } catch {
                failure = error
            }
            if let failure, !isLeaving, !Task.isCancelled {
                queue.append(.notConnected(name: "", reason: "the room has ended: \(failure.reason)"))
            }
            return failure
        }
        if isLeaving || failure == nil { return .success(()) }
        return .failure(.unreachable("The room has ended, and nobody is there any more."))
    }

    private func receive(_ guest: HostedGuest) async {
        let peer: ChatPeer
        do throws(PeerConnectorError) {
            peer = try await guest.connect(configuration: settings.configuration, prepare: RoomChannels.make)
            arrivals -= 1
        } catch {
            // It counts until it is told: whoever tries again and again waits for the person.
            await queue.room()
            arrivals -= 1
            if !isLeaving, !Task.isCancelled { queue.append(.notConnected(name: "", reason: error.reason)) }
            return
        }
        _ = await serve(peer, .stranger)
    }

    /// Visits the host, again and again while it may come back.
    func visitHost(
        _ connect: @Sendable (_ isFirst: Bool) async throws(PeerConnectorError) -> ChatPeer
    ) async -> Result<Void, ChatError> {
        var isFirst = true
        var delay = Self.backoff.first
        var deadline = NetworkLoop.shared.now().advanced(by: Self.firstPatience)
        var lastError = ChatError.vanished
        while !isLeaving, !Task.isCancelled {
            do throws(PeerConnectorError) {
                let peer = try await connect(isFirst)
                isFirst = false
                switch await serve(peer, .host) {
                case .parted: return await stayWithFellows()
                case .replaced: break
                case .failed(let error, let hasBegun):
                    if isLeaving { return .success(()) }
                    if error.isFinal { return await stayWithFellows(after: error) }
                    lastError = error
                    guard hasBegun else { break }
                    deadline = NetworkLoop.shared.now().advanced(by: settings.wait)
                    delay = Self.backoff.first
                }
            } catch {
                if isLeaving { return .success(()) }
                let failure = ChatError.unreachable(error.reason)
                if isFirst { return .failure(failure) }
                if !error.mayPass { return await giveUpHost(failure) }
            }
            guard NetworkLoop.shared.now().advanced(by: delay) < deadline else { break }
            try? await NetworkClock().sleep(for: delay)
            delay = min(delay * 2, Self.backoff.longest)
        }
        if isLeaving || Task.isCancelled { return .success(()) }
        return await giveUpHost(lastError)
    }

    private func giveUpHost(_ error: ChatError) async -> Result<Void, ChatError> {
        if let index = partner(.host) { leave(index, .gaveUp) }
        return await stayWithFellows(after: error)
    }

    /// There is no way back to the host. The others may go on.
    private func stayWithFellows(after error: ChatError) async -> Result<Void, ChatError> {
        await wait { talk in talk.isLeaving || talk.partners.allSatisfy { $0.link == nil } }
        return isLeaving ? .success(()) : .failure(error)
    }

    /// The host has left. The others may go on.
    private func stayWithFellows() async -> Result<Void, ChatError> {
        await wait { talk in talk.isLeaving || talk.partner(.host) == nil }
        await wait { talk in talk.isLeaving || talk.partners.allSatisfy { $0.link == nil } }
        return .success(())
    }
}
