package import Martlet

extension LabChannel {
    /// For a channel that both sides make with this identifier.
    package func options(negotiatedAs identifier: UInt16) -> DataChannelOptions {
        DataChannelOptions(
            ordered: ordered, maxPacketLifeTime: maxPacketLifeTime, maxRetransmits: maxRetransmits, negotiated: true,
            id: identifier)
    }
}
