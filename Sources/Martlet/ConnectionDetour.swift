package import Wire

/// A way through a relay on this machine, for measurements: the peer learns only the relay's addresses, our sockets are on
/// loopback alone, and checks go only to where the peer's came from, which is the relay. So nothing passes it by.
package struct ConnectionDetour: Sendable {
    /// Where the relay takes the peer's datagrams, the most preferred first: told to the peer as our host candidates.
    package var outerAddresses: [TransportAddress]
    /// Gets the loopback address of each of our sockets, on the network loop, before the peer can know of the connection's
    /// candidates. There is one of each family of the outer addresses.
    package var didBind: @Sendable (TransportAddress) -> Void

    package init(outerAddresses: [TransportAddress], didBind: @escaping @Sendable (TransportAddress) -> Void) {
        self.outerAddresses = outerAddresses
        self.didBind = didBind
    }
}
