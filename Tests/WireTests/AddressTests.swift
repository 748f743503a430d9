import Testing
import Wire

@Suite struct AddressTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("::", "::"), ("::1", "::1"),
        ("2001:db8::1", "2001:db8::1"), ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("fe80::1:0:0:2", "fe80::1:0:0:2"),
        ("1:0:2:0:0:3:0:0", "1:0:2::3:0:0"), ("::ffff:192.0.2.1", "::ffff:c000:201"), ("1::", "1::"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
    ]) func `an address prints in its canonical form`(text: String, canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(canonical) == address)
        #expect(IPAddress(bytes: address.bytes) == address)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.x", "01.2.3.4444", "1..2.3", ":::", "1::2::3", "12345::", "g::",
        "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7", "fe80::1%eth0", "host.local", "+1.2.3.4", "::1.2.3", "1:2:3:4:5:6:7:8::",
    ]) func `what is no address is refused`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `kinds of addresses are told apart`() throws {
        func kinds(_ text: String) throws -> [Bool] {
            let ip = try #require(IPAddress(text))
            return [ip.isLoopback, ip.isLinkLocal, ip.isUnspecified, ip.isMulticastOrBroadcast, ip.isIPv4Mapped]
        }
        #expect(try kinds("127.8.9.1") == [true, false, false, false, false])
        #expect(try kinds("::1") == [true, false, false, false, false])
        #expect(try kinds("169.254.0.1") == [false, true, false, false, false])
        #expect(try kinds("febf::1") == [false, true, false, false, false])
        #expect(try kinds("::") == [false, false, true, false, false])
        #expect(try kinds("224.0.0.251") == [false, false, false, true, false])
        #expect(try kinds("255.255.255.255") == [false, false, false, true, false])
        #expect(try kinds("ff02::fb") == [false, false, false, true, false])
        #expect(try kinds("::ffff:1.2.3.4") == [false, false, false, false, true])
        #expect(try kinds("203.0.113.9") == [false, false, false, false, false])
    }

    @Test func `a transport address shows its port`() throws {
        #expect(TransportAddress(IPAddress(v4: 0x7F00_0001), port: 80).description == "127.0.0.1:80")
        #expect(TransportAddress(try #require(IPAddress("::1")), port: 1).description == "[::1]:1")
    }
}
