package import Wire

/// A way through a relay on this machine, for measurements: the peer learns only the relay's addresses, our sockets are
/// on loopback alone, and checks go only to where the peer's came from, which is the relay. So nothing passes it by.
package struct ConnectionDetour: Sendable {
    /// Where the relay takes the peer's datagrams, the most preferred first: told to the peer as our host candidates.
    package var outerAddresses: [TransportAddress]
    /// Is told each of our sockets before the peer can know of it. There is one for each family of the outer addresses.
    package var didBind: @Sendable (Base) -> Void

    /// One of our sockets, which the relay passes the peer's datagrams on to. To be used on the network loop.
    package struct Base: Sendable {
        /// On loopback.
        package let address: TransportAddress
        /// Whether a datagram is a connectivity check of somebody who has our description: who sends none is a
        /// stranger.
        package let isCheck: @Sendable (UnsafeRawBufferPointer) -> Bool
        /// Says from which address of the peer's the relay gets what it passes on from one of its own; nil: from none
        /// any more. The peer's checks are answered with it, as if nobody stood in between: an address on loopback is
        /// none that every peer believes.
        package let setOrigin: @Sendable (_ origin: TransportAddress?, _ inner: TransportAddress) -> Void
    }

    package init(outerAddresses: [TransportAddress], didBind: @escaping @Sendable (Base) -> Void) {
        self.outerAddresses = outerAddresses
        self.didBind = didBind
    }
}
