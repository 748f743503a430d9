internal import DTLS
internal import DataChannel
internal import ICE
internal import NetworkIO
internal import PeerSession
internal import SDP
package import Wire

/// A connection to one peer; W3C `RTCPeerConnection`.
///
/// Runs on the engine's network loop. Close it when done: `close` tells the peer, which dropping the last reference
/// does too, but without waiting for its answer.
public actor PeerConnection {
    /// What happens to the connection. One consumer; the first 128 events that nobody has taken are kept, and channels
    /// that the peer opens beyond that are closed.
    public nonisolated let events: AsyncStream<PeerConnectionEvent>

    /// SHA-256 of the certificate that this side will prove to hold, 32 bytes; known before any description.
    public nonisolated let localCertificateFingerprint: [UInt8]

    private let driver: PeerDriver
    private let configuration: PeerConnectionConfiguration
    private let eventContinuation: AsyncStream<PeerConnectionEvent>.Continuation
    private nonisolated let loop = NetworkLoop.shared

    public private(set) var connectionState = ConnectionState.new
    public private(set) var iceConnectionState = ICEConnectionState.new
    public private(set) var iceGatheringState = ICEGatheringState.new
    /// Why `connectionState` is `failed`.
    public private(set) var failure: MartletError?
    private var hasChannels = false
    private var isListening = false
    private var gatherWaiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    private var lastTicket: UInt64 = 0
    private var closeWaiters: [CheckedContinuation<Void, Never>] = []

    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    /// Makes a connection. Nothing is sent before the first `setLocalDescription`.
    ///
    /// - Parameter certificate: one that no other connection has; nil makes a fresh one.
    /// - Throws: `operationError` when the key or the certificate cannot be made.
    public init(configuration: PeerConnectionConfiguration = .init(), certificate: PeerCertificate? = nil) throws {
        let certificate = try certificate ?? PeerCertificate()
        localCertificateFingerprint = certificate.fingerprint
        self.configuration = configuration
        (events, eventContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(128))
        let session = PeerSession(
            certificate: certificate.certificate, generator: SystemRandomNumberGenerator(),
            patience: configuration.patience)
        session.takesRemoteCandidates = configuration.detour == nil
        driver = PeerDriver(session: session, loop: loop)
    }

    deinit {
        eventContinuation.finish()
        driver.closeSoon()
    }

    // MARK: - Channels

    /// Makes a channel. It opens when both sides are connected.
    ///
    /// - Throws: `typeError` when the options contradict each other, the identifier is out of range or the label is too
    ///   long; `operationError` when the identifier is taken; `invalidState` when the connection is closed.
    public func createDataChannel(
        _ label: String, _ options: DataChannelOptions = DataChannelOptions()
    ) throws -> DataChannel {
        if options.negotiated, options.id == nil {
            throw MartletError(code: .typeError, message: "a negotiated channel needs an id")
        }
        listen()
        let handle: SessionChannel
        do throws(PeerSessionError) {
            handle = try driver.session.openChannel(label, SessionChannelOptions(options))
        } catch {
            throw MartletError(error)
        }
        let channel = driver.makeChannel(handle, label: label, options: options)
        if !hasChannels {
            hasChannels = true
            eventContinuation.yield(.negotiationNeeded)
        }
        driver.finishTurn()
        return channel
    }

    // MARK: - Offer and answer

    public var signalingState: PeerSignalingState { PeerSignalingState(driver.session.signalingState) }

    /// The local description, with all candidates gathered so far.
    public var localDescription: SessionDescription? { driver.session.localDescription.map(SessionDescription.init) }

    public var remoteDescription: SessionDescription? { driver.session.remoteDescription.map(SessionDescription.init) }

    public func createOffer() async throws -> SessionDescription {
        SessionDescription(
            type: .offer, sdp: try translate { () throws(PeerSessionError) in try driver.session.createOffer() })
    }

    public func createAnswer() async throws -> SessionDescription {
        SessionDescription(
            type: .answer, sdp: try translate { () throws(PeerSessionError) in try driver.session.createAnswer() })
    }

    /// Applies a description that was created here, or the one that fits the state when none is given; the first one
    /// starts the gathering of candidates.
    public func setLocalDescription(_ description: SessionDescription? = nil) async throws {
        let applied: SessionDescription
        if let description {
            applied = description
        } else {
            applied = signalingState == .haveRemoteOffer ? try await createAnswer() : try await createOffer()
        }
        listen()
        try translate { () throws(PeerSessionError) in
            guard let kind = DescriptionKind(applied.type) else { return try driver.session.rollback(at: loop.now()) }
            try driver.session.setLocalDescription(kind, applied.sdp, at: loop.now())
        }
        driver.finishTurn()
        startGathering()
    }

    /// Applies the peer's description. An offer that meets an offer of our own takes ours back (RFC 8829 section
    /// 4.1.10.2): who must not give way in such a collision does not call this.
    public func setRemoteDescription(_ description: SessionDescription) async throws {
        listen()
        try translate { () throws(PeerSessionError) in
            guard let kind = DescriptionKind(description.type) else {
                return try driver.session.rollback(at: loop.now())
            }
            try driver.session.setRemoteDescription(kind, description.sdp, at: loop.now())
        }
        driver.finishTurn()
    }

    /// Adds a candidate of the peer; nil or an empty one is the end of them. Candidates may come before the
    /// description. Kinds that cannot be used are ignored.
    public func addICECandidate(_ candidate: ICECandidate?) async throws {
        driver.session.addRemoteCandidate(candidate?.candidate ?? "", at: loop.now())
        driver.finishTurn()
    }

    /// Waits until all candidates are gathered, and returns a description that needs no trickling.
    ///
    /// - Throws: `invalidState` before `setLocalDescription`, `CancellationError`.
    public func gatheredLocalDescription() async throws -> SessionDescription {
        guard localDescription != nil else {
            throw MartletError(code: .invalidState, message: "no local description was set")
        }
        if iceGatheringState != .complete, connectionState != .closed {
            await waitForGathering()
            try Task.checkCancellation()
        }
        guard let localDescription else {
            throw MartletError(code: .closed, message: "the connection was closed")
        }
        return localDescription
    }

    private func waitForGathering() async {
        lastTicket += 1
        let ticket = lastTicket
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled { return continuation.resume() }
                gatherWaiters[ticket] = continuation
            }
        } onCancel: {
            Task { await self.stopWaitingForGathering(ticket) }
        }
    }

    private func stopWaitingForGathering(_ ticket: UInt64) {
        gatherWaiters.removeValue(forKey: ticket)?.resume()
    }

    /// The pair of addresses in use, if any.
    public func selectedPath() -> SelectedPath? { driver.session.path.map(SelectedPath.init) }

    /// The certificates that both sides have proved to hold; nil unless connected. Where they are the same on both
    /// sides, nobody stands in between.
    public var certificateFingerprints: CertificateFingerprints? {
        driver.session.fingerprints.map {
            CertificateFingerprints(local: $0.local.digest, remote: $0.remote.digest)
        }
    }

    /// Shows `tap` every SCTP packet in the clear, with whether it goes out and the loop's time; nil ends that. Called
    /// on the network loop; the bytes are valid during the call, which must not call back into the connection.
    package func setPacketTap(
        _ tap: (@Sendable (UnsafeRawBufferPointer, _ outgoing: Bool, NetworkTime) -> Void)?
    ) {
        driver.session.packetTap = tap
    }

    // MARK: - Closing

    /// Closes every channel, tells the peer, and frees the sockets. What was given to `send` before may be lost: wait
    /// for an answer of the peer's application when it matters. Takes up to two seconds where the peer is silent;
    /// idempotent.
    public func close() async {
        guard connectionState != .closed else { return }
        listen()
        driver.session.close(at: loop.now())
        driver.finishTurn()
        guard connectionState != .closed else { return }
        await withCheckedContinuation { closeWaiters.append($0) }
    }

    // MARK: - The driver's reports

    /// Connects the driver's reports to this actor. Not in `init`, where `self` is not whole yet.
    private func listen() {
        guard !isListening else { return }
        isListening = true
        driver.report = { [weak self] report in
            self?.assumeIsolated { connection in
                switch report {
                case .session(let event): connection.handle(event)
                case .incoming(let channel):
                    // A channel that nobody will hear of would hold the others back.
                    if case .dropped = connection.eventContinuation.yield(.dataChannel(channel)) { channel.close() }
                }
            }
        }
    }

    private func handle(_ event: PeerSessionEvent) {
        switch event {
        case .stateChange(let state):
            if case .failed(let error) = state { failure = MartletError(error) }
            connectionState = ConnectionState(state)
            eventContinuation.yield(.connectionStateChange(connectionState))
            // What ICE has not gathered by then does not come any more.
            if case .failed = state { resumeGatherWaiters() }
            if state == .closed { finish() }
        case .signalingStateChange(let state):
            eventContinuation.yield(.signalingStateChange(PeerSignalingState(state)))
        case .localCandidate(let line, let mid):
            eventContinuation.yield(.iceCandidate(ICECandidate(candidate: line, sdpMid: mid)))
        case .gatheringComplete:
            iceGatheringState = .complete
            eventContinuation.yield(.iceGatheringStateChange(.complete))
            eventContinuation.yield(.iceCandidate(nil))
            resumeGatherWaiters()
        case .iceStateChange(let state):
            iceConnectionState = ICEConnectionState(state)
            eventContinuation.yield(.iceConnectionStateChange(iceConnectionState))
        case .channel:
            break
        }
    }

    private func finish() {
        eventContinuation.finish()
        resumeGatherWaiters()
        let waiters = closeWaiters
        closeWaiters = []
        for waiter in waiters { waiter.resume() }
    }

    private func resumeGatherWaiters() {
        let waiters = gatherWaiters
        gatherWaiters = [:]
        for waiter in waiters.values { waiter.resume() }
    }

    // MARK: - Gathering

    private func startGathering() {
        guard iceGatheringState == .new, signalingState != .closed else { return }
        iceGatheringState = .gathering
        eventContinuation.yield(.iceGatheringStateChange(.gathering))
        Task { await gather() }
    }

    /// Binds a socket to every usable address, and asks STUN servers. An address that cannot be bound is left out:
    /// interfaces come and go. Host candidates never wait for a name to be resolved.
    private func gather() async {
        if let detour = configuration.detour { return await gather(through: detour) }
        async let servers = resolveServers()
        let interfaces = (try? NetworkInterface.all(includingLoopback: configuration.includeLoopback)) ?? []
        for interface in interfaces {
            let address = TransportAddress(interface.address, port: 0)
            if let socket = try? await DatagramSocket.bind(to: address, on: loop) { driver.add(socket) }
        }
        for server in await servers { driver.session.addSTUNServer(server, at: loop.now()) }
        driver.session.endOfLocalAddresses(at: loop.now())
        driver.finishTurn()
    }

    /// One socket on loopback for each family that the relay takes, and no questions to anybody.
    private func gather(through detour: ConnectionDetour) async {
        for loopback in [IPAddress(v4: 0x7F00_0001), IPAddress(v6High: 0, low: 1)] {
            let advertised = detour.outerAddresses.filter { $0.ip.family == loopback.family }
            guard !advertised.isEmpty,
                let socket = try? await DatagramSocket.bind(to: TransportAddress(loopback, port: 0), on: loop)
            else { continue }
            detour.didBind(
                .init(
                    address: socket.localAddress, isCheck: { [weak driver] in driver?.session.isCheck($0) ?? false },
                    setOrigin: { [weak driver] in driver?.session.setApparentAddress($0, of: $1) }))
            driver.add(socket, advertisedAs: advertised)
        }
        driver.session.endOfLocalAddresses(at: loop.now())
        driver.finishTurn()
    }

    private nonisolated func resolveServers() async -> [TransportAddress] {
        // As many as an agent asks.
        let hosts = configuration.iceServers.flatMap(\.stunHosts).prefix(8)
        return await withTaskGroup { group in
            for (host, port) in hosts {
                group.addTask { await HostResolver.addresses(of: host, port: port, within: .seconds(3)) }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func translate<Value>(_ body: () throws(PeerSessionError) -> Value) throws -> Value {
        do throws(PeerSessionError) { return try body() } catch { throw MartletError(error) }
    }
}
