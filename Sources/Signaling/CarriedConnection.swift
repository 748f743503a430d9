package import Martlet
internal import NetworkIO

/// One attempt of two to connect without a room: offer, answer and candidates travel over connections that stand
/// already, such as those of both to the host of a talk (Docs/Protocols/Chat.md, More than two) or the one over which
/// the two arrange an experiment (Docs/Protocols/Lab.md, A run). No proof follows: what vouches for the other's
/// certificate is what carries its description, and DTLS checks that it is the one of the description.
///
/// Memory: at most 300 signals of 60 KiB, less those that were dealt with; 256 events.
package actor CarriedConnection<Channels: Sendable> {
    /// What came out of it.
    package struct Outcome: Sendable {
        package let connection: PeerConnection
        /// What `prepare` returned.
        package let channels: Channels
        /// Incoming channels and state changes, in place of `connection.events`, which is used up here. One consumer;
        /// at most 256 wait.
        package let events: AsyncStream<PeerConnectionEvent>
    }

    private let calls: Bool
    private let configuration: PeerConnectionConfiguration
    private let patience: Duration
    private let prepare: PeerConnector.Preparation<Channels>
    private let say: @Sendable (RoomPayload) async -> Void
    private let signals: AsyncStream<RoomPayload>
    private let incoming: AsyncStream<RoomPayload>.Continuation
    private var heardCount = 0
    private var connection: PeerConnection?
    private var hasRemoteDescription = false
    private var outcome: Result<Void, PeerConnectorError>?
    private var waiter: CheckedContinuation<Void, Never>?
    private var tasks: [Task<Void, Never>] = []

    /// - Parameters:
    ///   - calls: makes the offer.
    ///   - patience: for all of it together.
    ///   - prepare: makes what both sides must have before the offer.
    ///   - say: carries a signal to the other side, as far as may be; returns soon.
    package init(
        calls: Bool, configuration: PeerConnectionConfiguration, patience: Duration = PeerConnector.defaultTimeout,
        prepare: @escaping PeerConnector.Preparation<Channels>, say: @escaping @Sendable (RoomPayload) async -> Void
    ) {
        self.calls = calls
        self.configuration = configuration
        self.patience = patience
        self.prepare = prepare
        self.say = say
        (signals, incoming) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(CarriedSignals.limit))
    }

    /// Takes a signal of the other side. More than anybody needs are dropped.
    package func hear(_ payload: RoomPayload) {
        guard heardCount < CarriedSignals.limit else { return }
        heardCount += 1
        incoming.yield(payload)
    }

    /// Returns when the two are connected. Once.
    ///
    /// - Throws: why they are not. The connection is then closed.
    package func connect() async throws(PeerConnectorError) -> Outcome {
        let connection: PeerConnection
        do { connection = try PeerConnection(configuration: configuration) } catch { throw Self.reason(error) }
        self.connection = connection
        let channels: Channels
        do { channels = try await prepare(connection) } catch {
            await connection.close()
            throw .preparationFailed("\(error)")
        }
        let (events, told) = AsyncStream.makeStream(
            of: PeerConnectionEvent.self, bufferingPolicy: .bufferingNewest(256))
        tasks.append(
            Task {
                try? await NetworkClock().sleep(for: self.patience)
                if !Task.isCancelled { self.ring() }
            })
        if calls { await attempt { try await self.offer(connection, told) } }
        tasks.append(
            Task {
                for await payload in self.signals { await self.handle(payload, connection, told) }
            })
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if outcome == nil { waiter = continuation } else { continuation.resume() }
            }
        } onCancel: {
            Task { await self.fail(.cancelled) }
        }
        // The events go on.
        for task in tasks { task.cancel() }
        tasks = []
        incoming.finish()
        if case .failure(let error) = outcome {
            if let notice = error.notice { await say(notice) }
            await connection.close()
            throw error
        }
        return Outcome(connection: connection, channels: channels, events: events)
    }

    // MARK: Signals

    private func handle(
        _ payload: RoomPayload, _ connection: PeerConnection, _ told: AsyncStream<PeerConnectionEvent>.Continuation
    ) async {
        switch payload {
        case .offer(let sdp) where !calls && !hasRemoteDescription:
            hasRemoteDescription = true
            guard CarriedSignals.namesOneCertificate(sdp) else { return fail(.couldNotVerify) }
            await attempt {
                try await connection.setRemoteDescription(SessionDescription(type: .offer, sdp: sdp))
                let answer = try await connection.createAnswer()
                try await connection.setLocalDescription(answer)
                await self.say(.answer(sdp: answer.sdp))
                self.follow(connection, told)
            }
        case .answer(let sdp) where calls && !hasRemoteDescription:
            hasRemoteDescription = true
            guard CarriedSignals.namesOneCertificate(sdp) else { return fail(.couldNotVerify) }
            await attempt {
                try await connection.setRemoteDescription(SessionDescription(type: .answer, sdp: sdp))
            }
        case .offer, .answer: fail(.protocolViolation("an unexpected description"))
        case .candidate(let line, let mid):
            // One that cannot be used is no reason to give up.
            try? await connection.addICECandidate(line.isEmpty ? nil : ICECandidate(candidate: line, sdpMid: mid))
        case .failed(let code, let message): fail(.peerFailed(code: code, message: message))
        case .unknown: break
        }
    }

    private func offer(
        _ connection: PeerConnection, _ told: AsyncStream<PeerConnectionEvent>.Continuation
    ) async throws {
        let offer = try await connection.createOffer()
        try await connection.setLocalDescription(offer)
        await say(.offer(sdp: offer.sdp))
        follow(connection, told)
    }

    private func attempt(_ step: () async throws -> Void) async {
        do { try await step() } catch { fail(Self.reason(error)) }
    }

    private static func reason(_ error: any Error) -> PeerConnectorError {
        if error is CancellationError { return .cancelled }
        return .connectionFailed(error as? MartletError ?? MartletError(code: .operationError, message: "\(error)"))
    }

    // MARK: The connection

    /// Candidates follow the description that they belong to; until now they have waited in the stream. The other
    /// events are for whoever uses the connection, until it has ended.
    private func follow(_ connection: PeerConnection, _ told: AsyncStream<PeerConnectionEvent>.Continuation) {
        let source = connection.events
        Task { [say, weak self] in
            for await event in source {
                switch event {
                case .iceCandidate(let candidate):
                    await say(.candidate(line: candidate?.candidate ?? "", mid: candidate?.sdpMid))
                    continue
                case .connectionStateChange(.connected): await self?.finish(.success(()))
                case .connectionStateChange(.failed): await self?.failed()
                default: break
                }
                told.yield(event)
            }
            told.finish()
            await self?.fail(.connectionFailed(MartletError(code: .closed, message: "the connection was closed")))
        }
    }

    private func failed() async {
        guard let failure = await connection?.failure, failure.code != .networkFailed else {
            return fail(.noNetworkPath)
        }
        fail(.connectionFailed(failure))
    }

    // MARK: Outcome

    private func ring() {
        fail(hasRemoteDescription ? .noNetworkPath : .timedOut)
    }

    private func fail(_ error: PeerConnectorError) {
        finish(.failure(error))
    }

    private func finish(_ result: Result<Void, PeerConnectorError>) {
        guard outcome == nil else { return }
        outcome = result
        waiter.take()?.resume()
    }
}

/// What may be carried.
package enum CarriedSignals {
    /// In one attempt, from each side.
    package static let limit = 300

    /// Whether all fingerprints of a description are one and the same SHA-256, and there is one (RFC 8122): with
    /// several of them it would not be clear what was vouched for.
    static func namesOneCertificate(_ sdp: String) -> Bool {
        var found: [UInt8]?
        for line in sdp.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let line = line.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
            guard line.starts(with: "a=fingerprint".utf8) else { continue }
            guard line.starts(with: "a=fingerprint:sha-256 ".utf8), found == nil || found == line else { return false }
            found = line
        }
        return found != nil
    }
}
