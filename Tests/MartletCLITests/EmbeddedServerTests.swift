import NetworkIO
import Testing

@testable import MartletCLI

struct EmbeddedServerTests {
    @Test func `no port is tried that browsers refuse`() {
        var port = ServerOptions.defaultPort
        var tried = [port]
        while port < ServerOptions.defaultPort + ServerOptions.portAttempts {
            port = EmbeddedServer.port(after: port)
            tried.append(port)
        }
        #expect(tried.first == 4040 && tried.last == 4060 && !tried.contains(4045) && tried.count == 20)
    }

    @Test func `one neighbour cannot keep everybody out`() {
        let limits = EmbeddedServer.limitsForStrangers
        #expect(limits.connectionsPerAddress == 64 && !limits.countsLoopback)
        #expect((16...256).contains(limits.connectionCount))
    }
}
