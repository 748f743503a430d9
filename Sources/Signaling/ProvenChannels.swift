package import Martlet

/// The channels of a connection, of which one carries the proof (Docs/Protocols/Rooms.md, The proof on the channel).
package protocol ProvenChannels: Sendable {
    /// Ordered and reliable. Its first message each way is the proof, and is gone when the application sees it.
    var control: DataChannel { get }
    /// Returns when all of them can be used.
    func opened() async throws
}
