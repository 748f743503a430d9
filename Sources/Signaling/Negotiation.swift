internal import Martlet
internal import NetworkIO

/// Offer, answer and candidates between one `PeerConnection` and one peer of a room, and the proof that the two are
/// connected to each other and to nobody else.
actor Negotiation {
    /// Channels and state changes, for whoever uses the connection; candidates stay here.
    nonisolated let events: AsyncStream<PeerConnectionEvent>
    /// Ends when the peer is gone.
    nonisolated let parting: AsyncStream<Never>
    /// The peer has called off what the connection was for, after it stood.
    nonisolated let cancellations: AsyncStream<Void>

    private let connection: PeerConnection
    private let control: DataChannel
    private let peer: RoomPeer
    private let role: RoomRole
    private let continuation: AsyncStream<PeerConnectionEvent>.Continuation
    private let partingContinuation: AsyncStream<Never>.Continuation
    private let cancellationContinuation: AsyncStream<Void>.Continuation
    private var outcome: Result<Void, PeerConnectorError>?
    private var waiter: CheckedContinuation<Void, Never>?
    private var tasks: [Task<Void, Never>] = []
    /// The other side, as the exchange of keys has shown it.
    private var paired: PairedPeer?
    /// The proofs are on their way.
    private var isProving = false
    /// The peer's description was applied: from here on the two may connect without the room.
    private var hasRemoteDescription = false
    /// The peer or the room is gone.
    private var isParting = false

    /// A peer that leaves as soon as it is connected must not fail the side that will be connected a moment later.
    private static let farewell = Duration.seconds(3)

    init(connection: PeerConnection, control: DataChannel, peer: RoomPeer, role: RoomRole) {
        self.connection = connection
        self.control = control
        self.peer = peer
        self.role = role
        // Whoever does not look finds the latest.
        (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(256))
        (parting, partingContinuation) = AsyncStream.makeStream(of: Never.self)
        (cancellations, cancellationContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Starts, as host with the offer, and returns when the peers are connected and have proved it to each other.
    ///
    /// - Throws: why they are not. The connection is then closed.
    func connect(within timeout: Duration) async throws(PeerConnectorError) {
        // Not without a reply for ever, and not with one either.
        run { negotiation in
            try? await NetworkClock().sleep(for: timeout)
            if !Task.isCancelled { await negotiation.ring() }
        }
        if role == .host { await attempt { try await self.offer() } }
        run { negotiation in
            for await signal in negotiation.peer.signals { await negotiation.handle(signal) }
            await negotiation.signalsEnded()
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if outcome == nil { waiter = continuation } else { continuation.resume() }
            }
        } onCancel: {
            Task { await self.fail(.cancelled) }
        }
        guard case .failure(let error) = outcome else { return }
        stop()
        if let notice = error.notice { try? await peer.send(notice) }
        await connection.close()
        throw error
    }

    /// Ends the exchange; the connection stays.
    func stop() {
        for task in tasks { task.cancel() }
        tasks = []
        continuation.finish()
        partingContinuation.finish()
        cancellationContinuation.finish()
    }

    // MARK: From the room

    private func handle(_ signal: RoomPeer.Signal) async {
        switch signal {
        case .payload(.unknown): break
        case .paired(let paired): self.paired = paired
        case .payload(.offer(let sdp)) where role == .guest && !hasRemoteDescription:
            // Check: the description commits to the certificate of the exchange.
            guard paired?.isDescribed(by: sdp) == true else { return fail(.couldNotVerify) }
            await attempt { try await self.answer(sdp) }
        case .payload(.answer(let sdp)) where role == .host && !hasRemoteDescription:
            // Check: the description commits to the certificate of the exchange.
            guard paired?.isDescribed(by: sdp) == true else { return fail(.couldNotVerify) }
            await attempt { try await self.accept(sdp) }
        case .payload(.offer), .payload(.answer): fail(.protocolViolation("an unexpected description"))
        case .payload(.candidate(let line, let mid)):
            // One that cannot be used is no reason to give up.
            try? await connection.addICECandidate(line.isEmpty ? nil : ICECandidate(candidate: line, sdpMid: mid))
        case .payload(.failed("cancelled", _)) where isConnected: cancellationContinuation.yield()
        case .payload(.failed(let code, let message)): fail(.peerFailed(code: code, message: message))
        case .couldNotVerify(let error): fail(PeerConnectorError(error))
        case .left:
            partingContinuation.finish()
            cancellationContinuation.finish()
            partWith(.peerLeft)
        case .ended(let error):
            cancellationContinuation.finish()
            partWith(PeerConnectorError(error))
        }
    }

    /// The last signal says why there are no more, unless there were too many to keep.
    private func signalsEnded() {
        if !isParting, !Task.isCancelled { fail(.protocolViolation("more messages than anybody needs")) }
    }

    private func partWith(_ error: PeerConnectorError) {
        isParting = true
        guard hasRemoteDescription else { return fail(error) }
        run { negotiation in
            try? await NetworkClock().sleep(for: Self.farewell)
            if !Task.isCancelled { await negotiation.fail(error) }
        }
    }

    // MARK: Descriptions

    private func offer() async throws {
        let offer = try await connection.createOffer()
        try await connection.setLocalDescription(offer)
        try await peer.send(.offer(sdp: offer.sdp))
        startTrickle()
    }

    private func answer(_ sdp: String) async throws {
        hasRemoteDescription = true
        try await connection.setRemoteDescription(SessionDescription(type: .offer, sdp: sdp))
        let answer = try await connection.createAnswer()
        try await connection.setLocalDescription(answer)
        try await peer.send(.answer(sdp: answer.sdp))
        startTrickle()
    }

    private func accept(_ sdp: String) async throws {
        hasRemoteDescription = true
        try await connection.setRemoteDescription(SessionDescription(type: .answer, sdp: sdp))
    }

    private func attempt(_ step: () async throws -> Void) async {
        do { try await step() } catch {
            switch error {
            case let error as MartletError: fail(.connectionFailed(error))
            // Everything else that keeps us from sending comes as a signal too, and that one knows why.
            case RoomError.tooLarge: fail(.rendezvousFailed(.tooLarge))
            case is RoomError: break
            default: fail(.connectionFailed(MartletError(code: .operationError, message: "\(error)")))
            }
        }
    }

    // MARK: From the connection

    /// Candidates follow the description they belong to; until now they have waited in the stream.
    private func startTrickle() {
        run { negotiation in
            for await event in negotiation.connection.events { await negotiation.handle(event) }
            await negotiation.fail(.connectionFailed(MartletError(code: .closed, message: "the connection was closed")))
        }
    }

    private func handle(_ event: PeerConnectionEvent) async {
        switch event {
        case .iceCandidate(let candidate):
            try? await peer.send(.candidate(line: candidate?.candidate ?? "", mid: candidate?.sdpMid))
        case .connectionStateChange(let state):
            continuation.yield(event)
            switch state {
            case .connected: startProof()
            case .failed: await fail(reason())
            default: break
            }
        default: continuation.yield(event)
        }
    }

    private func reason() async -> PeerConnectorError {
        guard let failure = await connection.failure, failure.code != .networkFailed else { return .noNetworkPath }
        return .connectionFailed(failure)
    }

    // MARK: The proof on the channel

    private func startProof() {
        guard !isProving else { return }
        isProving = true
        run { negotiation in await negotiation.prove() }
    }

    /// Sends our proof and waits for the other side's, before anything else on any channel is looked at.
    private func prove() async {
        guard let paired, let seen = await connection.certificateFingerprints else { return fail(.couldNotVerify) }
        do {
            try await control.opened()
            try await control.send(paired.proof.message(local: seen.local, remote: seen.remote))
            var first: String?
            for try await message in control.messages {
                if case .text(let text) = message { first = text }
                break
            }
            // Check: the other side has seen the same two certificates.
            guard paired.proof.isRight(first ?? "", local: seen.local, remote: seen.remote) else {
                return fail(.couldNotVerify)
            }
            finish(.success(()))
        } catch {
            // The connection has ended; why, its events say.
            fail(.connectionFailed(error as? MartletError ?? MartletError(code: .closed, message: "\(error)")))
        }
    }

    // MARK: Outcome

    private var isConnected: Bool {
        if case .success = outcome { true } else { false }
    }

    private func ring() {
        fail(hasRemoteDescription && !isProving ? .noNetworkPath : .timedOut)
    }

    private func fail(_ error: PeerConnectorError) {
        finish(.failure(error))
    }

    private func finish(_ result: Result<Void, PeerConnectorError>) {
        guard outcome == nil else { return }
        outcome = result
        waiter.take()?.resume()
    }

    private func run(_ work: @escaping @Sendable (Negotiation) async -> Void) {
        tasks.append(Task { await work(self) })
    }
}
