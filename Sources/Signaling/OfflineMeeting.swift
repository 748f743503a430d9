package import Martlet
internal import NetworkIO

/// Two peers on their way to a connection without a room: one description goes out, by hand, and the other comes in
/// (Docs/Protocols/Offline.md).
///
/// Nothing proves who carried the descriptions: whoever uses the connection has words compared.
package final class OfflineMeeting<Channels: ProvenChannels>: Sendable {
    /// What the other side must get.
    package let paste: OfflinePaste
    private let connection: PeerConnection
    private let channels: Channels
    private let watch: OfflineWatch

    private init(paste: OfflinePaste, connection: PeerConnection, channels: Channels) {
        self.paste = paste
        self.connection = connection
        self.channels = channels
        watch = OfflineWatch(connection)
    }

    /// Makes an offer.
    ///
    /// - Parameters:
    ///   - expires: when nobody will wait for the answer any more, in seconds since 1970.
    package static func offer(
        expires: Int64, form: OfflinePaste.Form, configuration: PeerConnectionConfiguration = .init(),
        prepare: PeerConnector.Preparation<Channels>
    ) async throws(PeerConnectorError) -> OfflineMeeting {
        try await begin(configuration, prepare) { connection in
            try await connection.setLocalDescription(try await connection.createOffer())
            let sdp = try await connection.gatheredLocalDescription().sdp
            return try OfflinePaste(.offer, sdp: sdp, expires: expires, form: form)
        }
    }

    /// Makes the answer to an offer. From then on the other side may come.
    ///
    /// - Parameters:
    ///   - expires: as in ``offer(expires:form:configuration:prepare:)``.
    ///   - patience: how long to look for the other side, which connects when it has the answer.
    package static func answer(
        _ offer: OfflinePaste, expires: Int64, form: OfflinePaste.Form, patience: Duration,
        configuration: PeerConnectionConfiguration = .init(), prepare: PeerConnector.Preparation<Channels>
    ) async throws(PeerConnectorError) -> OfflineMeeting {
        var configuration = configuration
        configuration.patience = patience
        return try await begin(configuration, prepare) { connection in
            try await connection.setRemoteDescription(SessionDescription(type: .offer, sdp: offer.sdp))
            try await connection.setLocalDescription(try await connection.createAnswer())
            let sdp = try await connection.gatheredLocalDescription().sdp
            return try OfflinePaste(.answer, sdp: sdp, answers: offer.identifier, expires: expires, form: form)
        }
    }

    private static func begin(
        _ configuration: PeerConnectionConfiguration, _ prepare: PeerConnector.Preparation<Channels>,
        _ describe: (PeerConnection) async throws -> OfflinePaste
    ) async throws(PeerConnectorError) -> OfflineMeeting {
        let connection: PeerConnection
        do { connection = try PeerConnection(configuration: configuration) } catch { throw Self.reason(error) }
        let channels: Channels
        do { channels = try await prepare(connection) } catch {
            await connection.close()
            throw .preparationFailed("\(error)")
        }
        do {
            return OfflineMeeting(paste: try await describe(connection), connection: connection, channels: channels)
        } catch {
            await connection.close()
            throw Self.reason(error)
        }
    }

    private static func reason(_ error: any Error) -> PeerConnectorError {
        if error is CancellationError { return .cancelled }
        let failure = error as? MartletError ?? MartletError(code: .operationError, message: "\(error)")
        return .connectionFailed(failure)
    }

    /// Returns when the two are connected; whoever has offered gives the answer now.
    ///
    /// - Throws: why they are not. The connection is then closed.
    package func connect(
        _ answer: OfflinePaste? = nil, within limit: Duration
    ) async throws(PeerConnectorError) -> ConnectedPeer<Channels> {
        do {
            if let answer {
                try await connection.setRemoteDescription(SessionDescription(type: .answer, sdp: answer.sdp))
            }
        } catch {
            await connection.close()
            throw Self.reason(error)
        }
        let isConnected = await watch.isConnected(within: limit)
        guard !Task.isCancelled, isConnected else {
            let failure = await connection.failure
            await connection.close()
            if Task.isCancelled { throw .cancelled }
            guard let failure, failure.code != .networkFailed else { throw .noNetworkPath }
            throw .connectionFailed(failure)
        }
        return ConnectedPeer(connection: connection, channels: channels, events: watch.events)
    }

    /// Gives up before there is a connection.
    package func close() async {
        await connection.close()
    }
}

/// Hands on what happens to a connection, and tells when it stands or cannot come about any more.
private final class OfflineWatch: Sendable {
    let events: AsyncStream<PeerConnectionEvent>
    private let outcome: AsyncStream<Bool>

    init(_ connection: PeerConnection) {
        // Whoever does not look finds the latest.
        let (events, continuation) = AsyncStream.makeStream(
            of: PeerConnectionEvent.self, bufferingPolicy: .bufferingNewest(256))
        let (outcome, told) = AsyncStream.makeStream(of: Bool.self, bufferingPolicy: .bufferingOldest(1))
        self.events = events
        self.outcome = outcome
        Task { [source = connection.events] in
            for await event in source {
                switch event {
                case .iceCandidate: continue
                case .connectionStateChange(.connected): told.yield(true)
                case .connectionStateChange(.failed): told.yield(false)
                default: break
                }
                continuation.yield(event)
            }
            told.finish()
            continuation.finish()
        }
    }

    /// Once, and false when the task is cancelled.
    func isConnected(within limit: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { [outcome] group in
            group.addTask {
                for await isConnected in outcome { return isConnected }
                return false
            }
            group.addTask {
                try? await NetworkClock().sleep(for: limit)
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
    }
}
