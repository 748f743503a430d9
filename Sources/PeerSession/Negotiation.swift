internal import DTLS
internal import ICE
internal import SDP

/// What offer and answer have settled and what is under way (RFC 8829), as far as data channels need it.
struct Negotiation {
    /// What the peer's description says, once both descriptions are known.
    struct Remote: Equatable {
        var credentials: SDP.ICECredentials
        var isICELite: Bool
        var fingerprints: [CertificateFingerprint]
        var isDTLSClientHere: Bool
        var sctpPort: UInt16
        var maximumMessageBytes: Int?
        /// `candidate:` lines in the description.
        var candidates: [String]
        var isEndOfCandidates: Bool
        /// The peer runs this engine, whose SACK timing we know.
        var isMartlet: Bool
    }

    /// Says in our data section who we are: `a=x-martlet:1`. Others ignore it (RFC 8866 section 5.13).
    static let martletAttribute = "x-martlet"

    private(set) var signalingState = SignalingState.stable
    private(set) var remote: Remote?
    /// The descriptions as texts, the pending ones first (W3C `localDescription` and `remoteDescription`).
    private(set) var currentLocal: (kind: DescriptionKind, description: LocalDescription)?
    private(set) var currentRemote: (kind: DescriptionKind, text: String)?
    var isGatheringComplete = false
    /// The peer's last answer took no data channels.
    private(set) var isDataRefused = false

    private var session: NegotiatedSession
    private let credentials: SDP.ICECredentials
    private let fingerprint: SDPFingerprint?
    private var candidates: [String] = []
    private var created: LocalDescription?
    private var pendingLocalOffer: LocalDescription?
    private var pendingRemoteOffer: (description: PeerDescription, text: String)?
    /// Our answers leave the ClientHello to whoever has offered.
    var answersPassively = false
    /// The setup role that was agreed first; it cannot change without a new DTLS association (RFC 8842 section 5).
    private var establishedSetup: Setup?

    init(sessionID: UInt64, credentials: ICE.ICECredentials, fingerprint: CertificateFingerprint) {
        session = NegotiatedSession(sessionID: sessionID)
        // These are ours, never a peer's, and both types admit the same: 4 to 256 and 22 to 256 ice-chars (RFC 8839
        // section 5.4).
        guard let checked = SDP.ICECredentials(ufrag: credentials.ufrag, pwd: credentials.password) else {
            preconditionFailure("local ICE credentials have the form of RFC 8839")
        }
        self.credentials = checked
        self.fingerprint = SDPFingerprint(.sha256, digest: fingerprint.digest)
    }

    /// The m-section that candidates belong to.
    var mid: String? { (pendingLocalOffer ?? currentLocal?.description)?.mid }

    /// W3C `localDescription`, with the candidates that are known by now.
    var localDescription: (kind: DescriptionKind, text: String)? {
        guard let (kind, agreed) = pendingLocalOffer.map({ (.offer, $0) }) ?? currentLocal else { return nil }
        var description = agreed
        description.add(candidates: candidates, isGatheringComplete: isGatheringComplete)
        return (kind, description.text)
    }

    /// W3C `remoteDescription`.
    var remoteDescription: (kind: DescriptionKind, text: String)? {
        pendingRemoteOffer.map { (.offer, $0.text) } ?? currentRemote
    }

    mutating func add(localCandidate: String) {
        candidates.append(localCandidate)
    }

    // MARK: - Creating

    /// Without candidates: `localDescription` adds those that are known when it is asked for.
    private var localTransport: LocalTransport {
        LocalTransport(credentials: credentials, fingerprints: [fingerprint].compactMap(\.self))
    }

    mutating func createOffer() throws(PeerSessionError) -> String {
        guard signalingState == .stable || signalingState == .haveLocalOffer else {
            throw .wrongSignalingState(signalingState, call: "createOffer")
        }
        var offer = session.offer(localTransport)
        offer.add(attribute: Self.martletAttribute, "1")
        created = offer
        return offer.text
    }

    mutating func createAnswer() throws(PeerSessionError) -> String {
        guard let offer = pendingRemoteOffer else {
            throw .wrongSignalingState(signalingState, call: "createAnswer")
        }
        do throws(SDPError) {
            let established = establishedSetup ?? (answersPassively ? preferredSetup(for: offer.description) : nil)
            var answer = try session.answer(to: offer.description, localTransport, established: established)
            answer.add(attribute: Self.martletAttribute, "1")
            created = answer
            return answer.text
        } catch {
            throw .description(error)
        }
    }

    /// Passive where the offer leaves it to us.
    private func preferredSetup(for offer: PeerDescription) -> Setup? {
        guard let section = offer.dataSection,
            let transport = try? offer.transport(ofSection: section.index, in: .offer), transport.setup == .actpass
        else { return nil }
        return .passive
    }

    // MARK: - Setting

    mutating func setLocal(_ kind: DescriptionKind, text: String) throws(PeerSessionError) {
        guard let created, created.kind == kind, created.text == text else { throw .modifiedDescription }
        switch (kind, signalingState) {
        case (.offer, .stable), (.offer, .haveLocalOffer):
            pendingLocalOffer = created
            signalingState = .haveLocalOffer
        case (.answer, .haveRemoteOffer):
            guard let offer = pendingRemoteOffer else { return }
            if let section = offer.description.dataSection, let index = created.transportSectionIndex {
                let peer = try Self.transport(ofSection: index, in: offer.description)
                try agree(on: peer, section: section, setup: created.setup)
            }
            session.settle(created)
            currentLocal = (.answer, created)
            currentRemote = (.offer, offer.text)
            pendingRemoteOffer = nil
            signalingState = .stable
        default:
            throw .wrongSignalingState(signalingState, call: "setLocalDescription(\(kind.rawValue))")
        }
    }

    mutating func setRemote(_ kind: DescriptionKind, text: String) throws(PeerSessionError) {
        let description: PeerDescription
        do throws(SDPError) { description = try PeerDescription(parsing: text) } catch { throw .description(error) }
        switch (kind, signalingState) {
        case (.offer, .stable), (.offer, .haveRemoteOffer), (.offer, .haveLocalOffer):
            // In have-local-offer this is glare: the one who calls gives way, as `setRemoteDescription` does since
            // "perfect negotiation". Who must not give way does not call.
            pendingLocalOffer = nil
            pendingRemoteOffer = (description, text)
            signalingState = .haveRemoteOffer
        case (.answer, .haveLocalOffer):
            guard let offer = pendingLocalOffer else { return }
            // On a copy: an answer that fails halfway has changed nothing.
            var agreed = session
            let peer: PeerTransport?
            do throws(SDPError) {
                peer = try agreed.accept(description, to: offer, established: establishedSetup)
            } catch {
                throw .description(error)
            }
            if let peer, let section = description.dataSection {
                try agree(on: peer, section: section, setup: peer.setup == .active ? .passive : .active)
            }
            session = agreed
            isDataRefused = peer == nil
            currentLocal = (.offer, offer)
            currentRemote = (.answer, text)
            pendingLocalOffer = nil
            signalingState = .stable
        default:
            throw .wrongSignalingState(signalingState, call: "setRemoteDescription(\(kind.rawValue))")
        }
    }

    /// Takes an offer back, ours or the peer's (RFC 8829 section 4.1.10.2).
    mutating func rollback() throws(PeerSessionError) {
        guard signalingState == .haveLocalOffer || signalingState == .haveRemoteOffer else {
            throw .wrongSignalingState(signalingState, call: "rollback")
        }
        pendingLocalOffer = nil
        pendingRemoteOffer = nil
        signalingState = .stable
    }

    mutating func close() {
        signalingState = .closed
        pendingLocalOffer = nil
        pendingRemoteOffer = nil
    }

    private static func transport(
        ofSection index: Int, in offer: PeerDescription
    ) throws(PeerSessionError) -> PeerTransport {
        do throws(SDPError) {
            return try offer.transport(ofSection: index, in: .offer)
        } catch {
            throw .description(error)
        }
    }

    /// - Parameter setup: our side of it, active or passive.
    private mutating func agree(
        on peer: PeerTransport, section: MediaSection, setup: Setup
    ) throws(PeerSessionError) {
        let agreed = Remote(
            credentials: peer.credentials, isICELite: peer.isICELite,
            fingerprints: peer.fingerprints.compactMap { fingerprint in
                CertificateFingerprint.Algorithm(rawValue: fingerprint.hashFunction.rawValue).flatMap {
                    CertificateFingerprint(algorithm: $0, digest: fingerprint.digest)
                }
            },
            isDTLSClientHere: setup == .active, sctpPort: section.sctp?.port ?? SDP.SCTPParameters.usualPort,
            maximumMessageBytes: section.sctp?.maxMessageSizeBytes, candidates: peer.candidates,
            isEndOfCandidates: peer.isEndOfCandidates,
            isMartlet: section.attributes.contains { $0.name == Self.martletAttribute })
        if let remote {
            guard remote.credentials == agreed.credentials else {
                throw .unsupported("the peer asks for an ICE restart, which is not supported yet")
            }
            guard remote.fingerprints == agreed.fingerprints else {
                throw .unsupported("the peer changed its certificate, which needs a new connection")
            }
        }
        remote = agreed
        establishedSetup = setup
    }
}
