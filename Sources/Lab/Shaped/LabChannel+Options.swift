package import Martlet

extension LabChannel {
    /// For a channel that both sides make with this identifier; nil for one that is announced to the other side.
    package func options(negotiatedAs identifier: UInt16?) -> DataChannelOptions {
        DataChannelOptions(
            ordered: ordered, maxPacketLifeTime: maxPacketLifeTime, maxRetransmits: maxRetransmits,
            negotiated: identifier != nil, id: identifier)
    }
}
