internal import DTLS
internal import DataChannel
internal import ICE
package import SDP
package import Wire

/// Offer and answer: the verbs of the application and what they set in motion.
extension PeerSession {
    package var signalingState: SignalingState { negotiation.signalingState }

    /// The local description with the candidates gathered so far; nil before the first `setLocalDescription`.
    package var localDescription: (kind: DescriptionKind, text: String)? { negotiation.localDescription }

    package var remoteDescription: (kind: DescriptionKind, text: String)? { negotiation.remoteDescription }

    package var isGatheringComplete: Bool { negotiation.isGatheringComplete }

    package func createOffer() throws(PeerSessionError) -> String {
        try negotiation.createOffer()
    }

    package func createAnswer() throws(PeerSessionError) -> String {
        try negotiation.createAnswer()
    }

    /// Applies the description that was created last.
    package func setLocalDescription(
        _ kind: DescriptionKind, _ text: String, at now: NetworkTime
    ) throws(PeerSessionError) {
        let before = negotiation.signalingState
        try negotiation.setLocal(kind, text: text)
        applyNegotiation(before, at: now)
    }

    /// Applies a description of the peer.
    package func setRemoteDescription(
        _ kind: DescriptionKind, _ text: String, at now: NetworkTime
    ) throws(PeerSessionError) {
        let before = negotiation.signalingState
        let isFirst = negotiation.localDescription == nil && negotiation.remoteDescription == nil
        try negotiation.setRemote(kind, text: text)
        // After a collision both may think they control; ICE settles that by itself (RFC 8445 section 7.3.1.1).
        if isFirst, kind == .offer { agent.becomeControlled() }
        applyNegotiation(before, at: now)
    }

    /// Takes back an offer, ours or the peer's.
    package func rollback(at now: NetworkTime) throws(PeerSessionError) {
        let before = negotiation.signalingState
        try negotiation.rollback()
        applyNegotiation(before, at: now)
    }

    /// A candidate that the peer trickled, `candidate:...`; an empty text is the end of them. Unusable ones (host
    /// names, TCP, other components) are skipped without an error, as RFC 8839 section 5.1 has it for unknown kinds.
    package func addRemoteCandidate(_ line: String, at now: NetworkTime) {
        if line.isEmpty {
            agent.endOfRemoteCandidates(at: now)
        } else if takesRemoteCandidates, let candidate = try? Candidate(line: line) {
            agent.addRemoteCandidate(candidate, at: now)
        }
        followICE(at: now)
        settle(at: now)
    }

    /// An address of this machine that a socket is bound to.
    ///
    /// - Parameter advertised: the addresses that the peer learns instead of it; nil for itself.
    package func addLocalAddress(
        _ base: TransportAddress, advertisedAs advertised: [TransportAddress]? = nil, at now: NetworkTime
    ) {
        // An address that cannot be a candidate is simply not one.
        try? agent.addLocalCandidate(base: base, advertisedAs: advertised, at: now)
        followICE(at: now)
    }

    /// Whether a datagram is a connectivity check of somebody who has our description.
    package func isCheck(_ datagram: UnsafeRawBufferPointer) -> Bool { agent.isCheck(datagram.bytes) }

    /// What the checks that come from `remote` are answered with: the address that the peer has at a relay of ours. Nil
    /// forgets it.
    package func setApparentAddress(_ address: TransportAddress?, of remote: TransportAddress) {
        agent.apparentAddresses[remote] = address
    }

    /// A STUN server that tells our addresses as others see them.
    package func addSTUNServer(_ server: TransportAddress, at now: NetworkTime) {
        agent.addSTUNServer(server, at: now)
        followICE(at: now)
    }

    /// All local addresses and STUN servers have been added.
    package func endOfLocalAddresses(at now: NetworkTime) {
        agent.endOfLocalCandidates(at: now)
        followICE(at: now)
    }

    /// The peer wants no data channels: those that wait close, later ones wait for another offer.
    private func refuseChannels() {
        endpoint.associationLost(.failed("the peer refused data channels"))
        while let event = endpoint.pollEvent() { events.append(.channel(event)) }
        endpoint = Self.makeEndpoint()
    }

    private func applyNegotiation(_ before: SignalingState, at now: NetworkTime) {
        if negotiation.signalingState != before {
            events.append(.signalingStateChange(negotiation.signalingState))
        }
        guard negotiation.signalingState == .stable else { return }
        guard let remote = negotiation.remote else {
            if negotiation.isDataRefused { refuseChannels() }
            return
        }
        if agent.remoteCredentials == nil {
            endpoint.remoteMaximumMessageBytes = remote.maximumMessageBytes
            endpoint.roleKnown(isDTLSClient: remote.isDTLSClientHere)
            do throws(ICEError) {
                try agent.setRemoteCredentials(
                    ufrag: remote.credentials.ufrag, password: remote.credentials.pwd, isLite: remote.isICELite,
                    at: now)
            } catch {
                // SDP has checked the form and the agent has none yet, so this agent is over.
                fail(.noPath)
            }
        }
        for line in remote.candidates where takesRemoteCandidates {
            if let candidate = try? Candidate(line: line) { agent.addRemoteCandidate(candidate, at: now) }
        }
        if remote.isEndOfCandidates { agent.endOfRemoteCandidates(at: now) }
        followICE(at: now)
        settle(at: now)
    }
}
