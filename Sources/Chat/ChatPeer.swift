package import Signaling

/// The other side of a talk, connected.
package typealias ChatPeer = ConnectedPeer<RoomChannels>
