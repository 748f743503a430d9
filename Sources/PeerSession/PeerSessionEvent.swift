package import DataChannel
package import ICE

/// What a session has to say, in order.
package enum PeerSessionEvent: Sendable {
    case stateChange(SessionState)
    case signalingStateChange(SignalingState)
    /// A local candidate to be trickled, as the text of `RTCIceCandidate.candidate`, with its m-section.
    case localCandidate(String, mid: String?)
    case gatheringComplete
    case iceStateChange(ICEState)
    case channel(DataChannelEndpoint.Event)
}

/// Datagrams of ICE, one at a time: they are few and go to many places.
package typealias SessionTransmit = ICETransmit

/// The types of a channel by names that do not meet the ones of the public API.
package typealias SessionMessage = DataChannelMessage
package typealias SessionChannelOptions = DataChannelOptions
package typealias SessionChannel = ChannelHandle
