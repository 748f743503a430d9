import Testing

@testable import MartletCLI

@Suite struct PortHolderTests {
    /// As Linux 6.1 writes it: a listener at 0.0.0.0:4040, one at 127.0.0.1:8080, a connection at 4040.
    private let table = """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     
           0: 00000000:0FC8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 50124 1 0000000000000000 100 0 0 10 0                     
           1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1 0000000000000000 100 0 0 10 0
           2: 0100007F:0FC8 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 50999 1 0000000000000000 20 4 30 10 -1
        """

    @Test func `listeners are told from connections`() {
        #expect(ListeningSocket.inodes(at: 4040, in: table) == [50124])
        #expect(ListeningSocket.inodes(at: 8080, in: table) == [777])
        #expect(ListeningSocket.inodes(at: 50_000, in: table) == [])
    }

    @Test func `the table of IPv6 is read alike`() {
        let table = """
              sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 00000000000000000000000000000000:0FC8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0000000000000000 100 0 0 10 0
            """
        #expect(ListeningSocket.inodes(at: 4040, in: table) == [4242])
    }

    @Test(arguments: ["", "\n\n\n", "head\n0: 0FC8 0A", "head\n 0: x:y z 0A a b c d e f g"])
    func `nonsense lists nothing`(table: String) {
        #expect(ListeningSocket.inodes(at: 4040, in: table) == [])
    }

    @Test func `the links of a process name the inodes of its sockets`() {
        #expect(ListeningSocket.inode(ofLink: "socket:[50124]") == 50124)
        #expect(ListeningSocket.inode(ofLink: "pipe:[50124]") == nil)
        #expect(ListeningSocket.inode(ofLink: "/dev/null") == nil)
        #expect(ListeningSocket.inode(ofLink: "socket:[x]") == nil)
    }

    @Test func `the failure names the port and, where it is known, the process`() {
        let known = PortHolder.failure(port: 4040, holder: PortHolder(process: 1234, name: "python3"))
        #expect(known.status == .localResource)
        #expect(known.sentence == "Port 4040 is in use by python3 (process 1234).")
        let unknown = PortHolder.failure(port: 80, holder: nil)
        #expect(unknown.sentence == "Port 80 is in use by another program.")
        #expect(unknown.remedy?.contains("ss -ltnp") == true)
    }
}
