internal import DTLS
internal import DataChannel
internal import ICE
internal import PeerSession
internal import SDP
internal import Wire

// The public types and the session's, in both directions.

extension SessionMessage {
    init(_ message: Martlet.DataChannelMessage) {
        switch message {
        case .text(let text): self = .text(text)
        case .binary(let bytes): self = .binary(bytes)
        }
    }
}

extension DataChannelMessage {
    init(_ message: SessionMessage) {
        switch message {
        case .text(let text): self = .text(text)
        case .binary(let bytes): self = .binary(bytes)
        }
    }
}

extension SessionChannelOptions {
    init(_ options: Martlet.DataChannelOptions) {
        let priority: DataChannelPriority =
            switch options.priority {
            case .veryLow: .veryLow
            case .low: .low
            case .medium: .medium
            case .high: .high
            }
        self.init(
            ordered: options.ordered, maxRetransmits: options.maxRetransmits,
            maxPacketLifeTime: options.maxPacketLifeTime, protocol: options.protocol,
            negotiatedIdentifier: options.negotiated ? options.id : nil, priority: priority)
    }
}

extension DataChannelOptions {
    init(_ parameters: DataChannelParameters) {
        self.init(ordered: parameters.ordered, protocol: parameters.protocol)
        switch parameters.reliability {
        case .reliable: break
        case .maxRetransmits(let count): maxRetransmits = count
        case .maxPacketLifeTime(let milliseconds): maxPacketLifeTime = milliseconds
        }
        switch parameters.priority.named {
        case .veryLow: priority = .veryLow
        case .medium: priority = .medium
        case .high: priority = .high
        default: priority = .low
        }
    }
}

extension SessionDescription {
    init(_ description: (kind: DescriptionKind, text: String)) {
        self.init(type: description.kind == .offer ? .offer : .answer, sdp: description.text)
    }
}

extension DescriptionKind {
    /// Nil for a rollback, which describes nothing.
    init?(_ kind: SessionDescription.Kind) {
        switch kind {
        case .offer: self = .offer
        case .answer: self = .answer
        case .rollback: return nil
        }
    }
}

extension PeerSignalingState {
    init(_ state: SignalingState) {
        self =
            switch state {
            case .stable: .stable
            case .haveLocalOffer: .haveLocalOffer
            case .haveRemoteOffer: .haveRemoteOffer
            case .closed: .closed
            }
    }
}

extension ConnectionState {
    init(_ state: SessionState) {
        self =
            switch state {
            case .new: .new
            case .connecting: .connecting
            case .connected: .connected
            case .disconnected: .disconnected
            case .failed: .failed
            case .closed: .closed
            }
    }
}

extension ICEConnectionState {
    init(_ state: ICEState) {
        self =
            switch state {
            case .new: .new
            case .checking: .checking
            case .connected: .connected
            case .completed: .completed
            case .disconnected: .disconnected
            case .failed: .failed
            case .closed: .closed
            }
    }
}

extension SelectedPath {
    init(_ pair: CandidatePair) {
        self.init(
            localAddress: (pair.local.transportAddress ?? pair.localBase).description,
            remoteAddress: pair.remoteAddress.description, localType: pair.local.type.rawValue,
            remoteType: pair.remote.type.rawValue, roundTripTime: pair.roundTripTime)
    }
}

extension MartletError {
    init(_ error: PeerSessionError) {
        switch error {
        case .description(let error):
            self.init(code: .typeError, message: "the session description cannot be used: \(error)")
        case .wrongSignalingState(let state, let call):
            self.init(code: .invalidState, message: "\(call) does not fit the signaling state \(state.rawValue)")
        case .modifiedDescription:
            self.init(
                code: .typeError, message: "setLocalDescription takes only the description that was created last")
        case .unsupported(let what): self.init(code: .operationError, message: what)
        case .dtls(let error): self.init(error)
        case .sctp(let error): self.init(code: .sctpFailed, message: "SCTP failed: \(error)")
        case .sctpLost(let reason): self.init(code: .sctpFailed, message: "the SCTP association ended: \(reason)")
        case .dataChannel(let error): self.init(error)
        case .clockInUse:
            self.init(code: .operationError, message: "a simulation has SCTP to itself in this process")
        case .noPath:
            self.init(
                code: .networkFailed, message: "no network path to the peer was found, or the peer fell silent")
        case .closed: self.init(code: .closed, message: "the connection is closed")
        }
    }

    init(_ error: DTLSError) {
        switch error {
        case .fingerprintMismatch:
            self.init(
                code: .dtlsFailed, message: "the peer's certificate is not the one named in its description")
        case .handshakeFailed(let reason):
            self.init(code: .dtlsFailed, message: "the DTLS handshake failed: \(reason)")
        case .library(let operation, let reason):
            self.init(code: .operationError, message: "OpenSSL could not \(operation): \(reason)")
        case .notConnected:
            self.init(code: .invalidState, message: "DTLS is not connected")
        }
    }

    init(_ error: DataChannelError) {
        switch error {
        case .conflictingReliability:
            self.init(code: .typeError, message: "maxRetransmits and maxPacketLifeTime exclude each other")
        case .nameTooLong(let byteCount, let limit):
            self.init(code: .typeError, message: "a label or protocol of \(byteCount) bytes exceeds \(limit)")
        case .illegalIdentifier(let id), .identifierOutOfRange(let id, _):
            self.init(code: .typeError, message: "\(id) is no usable channel id")
        case .identifierInUse(let id):
            self.init(code: .operationError, message: "channel id \(id) is taken")
        case .noIdentifierLeft:
            self.init(code: .operationError, message: "every channel id is taken")
        case .notOpen:
            self.init(code: .invalidState, message: "the channel is not open")
        case .messageTooLarge(let byteCount, let limit):
            self.init(code: .typeError, message: "a message of \(byteCount) bytes exceeds the limit of \(limit)")
        case .associationEnded(.closedHere), .associationEnded(.closedByPeer):
            self.init(code: .closed, message: "the peer closed the connection")
        case .associationEnded(.failed(let reason)):
            self.init(code: .sctpFailed, message: reason)
        default:
            self.init(code: .operationError, message: "the peer broke the data channel protocol: \(error)")
        }
    }
}
