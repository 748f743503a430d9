import NetworkIO
import Testing

@testable import MartletCLI

struct EmbeddedServerTests {
    @Test func `one neighbour cannot keep everybody out`() {
        let limits = EmbeddedServer.limitsForStrangers
        #expect(limits.connectionsPerAddress == 64 && !limits.countsLoopback)
        #expect((16...256).contains(limits.connectionCount))
    }
}
