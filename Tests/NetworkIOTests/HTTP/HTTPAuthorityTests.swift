import NetworkIO
import Testing

struct HTTPAuthorityTests {
    @Test(arguments: [
        ("localhost:4040", "localhost", 4040), ("LocalHost", "localhost", 80), ("host.example.", "host.example", 80),
        ("192.168.1.20:1", "192.168.1.20", 1), ("[::1]:65535", "::1", 65535), ("[0:0::1]", "::1", 80),
        ("a_b-c.d:80", "a_b-c.d", 80),
    ])
    func `a host and a port are read`(text: String, host: String, port: UInt16) {
        let authority = HTTPAuthority(text, defaultPort: 80)
        #expect(authority?.host == host)
        #expect(authority?.port == port)
    }

    @Test(arguments: [
        "", ":80", "a:", "a:0", "a:65536", "a:8a", "a:+8", "a:080000", "::1", "[::1", "[::1]80", "[a]:80",
        "[127.0.0.1]", "a b", "a/b",
        "user@a", "a:1:2", "ä.example", "a#b", "a?b", "[fe80::1%eth0]:1", String(repeating: "a", count: 256),
    ])
    func `what is no authority is refused`(text: String) {
        #expect(HTTPAuthority(text, defaultPort: 80) == nil)
    }

    @Test func `WebSocket addresses are read and printed`() {
        let plain = WebSocketURL("ws://Example.org:4040/rooms?x=1")
        #expect(plain == WebSocketURL(isSecure: false, host: "example.org", port: 4040, path: "/rooms?x=1"))
        #expect(WebSocketURL("wss://[::1]")?.description == "wss://[::1]/")
        #expect(WebSocketURL("wss://a:443/b")?.authority == "a")
        for bad in ["http://a/", "ws://", "ws://u@a/", "ws://a/#f", "ws://a/ b", "a/b", "ws:///b"] {
            #expect(WebSocketURL(bad) == nil, "\(bad)")
        }
    }
}
