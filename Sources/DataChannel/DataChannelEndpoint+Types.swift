extension DataChannelEndpoint {
    /// What a peer can make us hold.
    package struct Limits: Hashable, Sendable {
        /// Channels opened by the peer at one time, those that are still closing included.
        package var peerChannelCount = 256
        /// Label and protocol of a peer's OPEN together, in bytes. RFC 8832 allows twice 65535, which 256 channels
        /// would turn into 32 MiB of names; nobody's names are that long, and at 1024 they stay under 256 KiB.
        package var nameBytes = 1024
        /// Data kept for one stream that has no channel yet, in bytes; each message costs 64 on top of its payload.
        package var earlyBytesPerStream = 64 * 1024
        /// The same for all such streams together: sixteen full ones.
        package var earlyBytes = 1024 * 1024

        package init() {}
    }

    /// What was dropped without costing anybody a channel.
    package struct Counters: Hashable, Sendable {
        /// Messages under a PPID that is not WebRTC's, or a fragment where fragments are not allowed.
        package internal(set) var unknownPayloadProtocol = 0
        /// Messages for streams without a channel that did not fit the early buffers.
        package internal(set) var earlyDropped = 0
        /// Messages for channels that are closing, or for streams that were refused or given up.
        package internal(set) var lateDropped = 0
        /// Acknowledgements nobody waited for.
        package internal(set) var strayAcknowledgements = 0
        /// OPENs and other DCEP messages that were answered by a reset of their stream.
        package internal(set) var refusedOpens = 0
        /// Resets of a stream whose reset we had seen already.
        package internal(set) var strayResets = 0

        package init() {}
    }

    /// What the owner has to do, in this order.
    package enum Action: Hashable, Sendable {
        case send(OutgoingMessage)
        /// Reset the outgoing direction of these streams (at most 128), after everything sent on them before has been
        /// delivered, and report each by ``DataChannelEndpoint/handleOutgoingResetComplete(streams:)`` or its
        /// counterpart. More resets may be asked for before the first is answered; SCTP allows one request at a time.
        case resetOutgoing([StreamIdentifier])
    }

    /// What the application should hear, in this order.
    package enum Event: Hashable, Sendable {
        /// A channel opened here can send. For an in-band channel this is as soon as its OPEN is on its way, as in
        /// browsers: waiting for the acknowledgement would cost a round trip and tell nothing.
        case opened(ChannelHandle)
        /// The peer opened a channel; it can send already.
        case incoming(ChannelHandle, DataChannelParameters)
        case message(ChannelHandle, DataChannelMessage)
        /// The channel begins to close, and nobody here called `close`: the peer did, or an ``error(_:_:)`` came
        /// before.
        case closing(ChannelHandle)
        /// The last event of a channel; its stream identifier is free again.
        case closed(ChannelHandle)
        /// Why the channel is about to close.
        case error(ChannelHandle, DataChannelError)
        /// The peer tried to open a channel on this stream and could not; no channel was touched.
        case refused(StreamIdentifier, DataChannelError)
    }

    /// W3C `RTCDataChannelState`; a closed channel has no state because it is forgotten.
    package enum ChannelState: Hashable, Sendable {
        case connecting
        case open
        case closing
    }
}
