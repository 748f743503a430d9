import NIOCore
import NetworkIO
import Testing
import Wire

struct SocketAddressTests {
    @Test(arguments: [
        "0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1", "::ffff:192.0.2.1", "ff02::fb", "2001:db8::",
    ])
    func `every address becomes a socket's address and comes back`(text: String) throws {
        let ip = try #require(IPAddress(text))
        for port: UInt16 in [0, 1, .max] {
            let address = TransportAddress(ip, port: port)
            #expect(TransportAddress(SocketAddress(address)) == address)
        }
    }
}
