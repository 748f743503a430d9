import Testing
import Wire

@testable import NetworkIO

/// Who is believed about who the client is. The server's own address is 127.0.0.1, its proxies are there and at
/// 10.0.0.2.
struct ProxyTrustTests {
    private func client(
        _ fields: [(String, String)], from peer: String = "127.0.0.1", proxies: Set<String> = ["10.0.0.2"]
    ) throws -> String? {
        let addresses = try Set(proxies.map { try #require(IPAddress($0)) })
        let request = HTTPRequest(
            method: .get, path: "/", fields: fields.map { HTTPField($0.0, $0.1) },
            remoteAddress: TransportAddress(try #require(IPAddress(peer)), port: 5555))
        return ProxyTrust(addresses: addresses).client(of: request)?.ip.description
    }

    private func client(_ name: String, _ value: String, from peer: String = "127.0.0.1") throws -> String? {
        try client([(name, value)], from: peer)
    }

    @Test(arguments: ["192.0.2.1", "10.0.0.3", "2001:db8::1", "::ffff:192.0.2.1"])
    func `who is no proxy is not believed, whatever it says`(peer: String) throws {
        #expect(try client("X-Forwarded-For", "203.0.113.9", from: peer) == nil)
        // Also with a server that is behind a proxy, and one that is behind none at all.
        let policy = RequestPolicy(
            hosts: .names(["a.example"]), endpoints: [], defaultPort: 80, proxies: ProxyTrust())
        for policy in [policy, RequestPolicy(hosts: policy.hosts, endpoints: [], defaultPort: 80)] {
            let address = TransportAddress(try #require(IPAddress(peer)), port: 5555)
            let verdict = policy.verdict(
                method: "GET", target: "/",
                fields: [HTTPField("Host", "a.example"), HTTPField("X-Forwarded-For", "127.0.0.1")], localPort: 80,
                remoteAddress: address)
            guard case .serve(let request) = verdict else {
                Issue.record("\(verdict)")
                continue
            }
            #expect(request.remoteAddress == address)
        }
    }

    @Test(arguments: ["127.0.0.1", "10.0.0.2", "192.0.2.1"])
    func `which name was opened, Host says and nothing else`(peer: String) throws {
        let policy = RequestPolicy(
            hosts: .names(["a.example"]), endpoints: [], defaultPort: 80,
            proxies: ProxyTrust(addresses: [try #require(IPAddress("10.0.0.2"))]))
        let lies = [
            HTTPField("X-Forwarded-Host", "a.example"), HTTPField("Forwarded", "for=1.2.3.4;host=a.example"),
            HTTPField("X-Forwarded-For", "1.2.3.4"),
        ]
        let verdict = policy.verdict(
            method: "GET", target: "/", fields: [HTTPField("Host", "evil.example")] + lies, localPort: 80,
            remoteAddress: TransportAddress(try #require(IPAddress(peer)), port: 5555))
        guard case .refuse(let response) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(response.status == 403)
    }

    @Test(arguments: [
        ("203.0.113.9", "203.0.113.9"),
        // The first ones the client has written itself.
        ("1.2.3.4, 203.0.113.9", "203.0.113.9"), ("127.0.0.1,203.0.113.9", "203.0.113.9"),
        // Our other proxy is passed over, and so is loopback.
        ("203.0.113.9, 10.0.0.2", "203.0.113.9"), ("1.2.3.4, 203.0.113.9,10.0.0.2,\t::1", "203.0.113.9"),
        // A proxy that is not ours is a client.
        ("203.0.113.9, 10.0.0.3", "10.0.0.3"),
        // IPv6, as different proxies write it.
        ("2001:db8::9", "2001:db8::9"), ("[2001:db8::9]", "2001:db8::9"), ("[2001:db8::9]:443", "2001:db8::9"),
        ("::ffff:203.0.113.9", "203.0.113.9"), ("203.0.113.9:8080", "203.0.113.9"),
        // Only proxies: the one furthest away.
        ("10.0.0.2", "10.0.0.2"), ("10.0.0.2, 127.0.0.1", "10.0.0.2"),
    ])
    func `a list is read from its end to the first that is no proxy`(value: String, expected: String) throws {
        #expect(try client("X-Forwarded-For", value) == expected)
        #expect(try client("x-forwarded-for", value, from: "10.0.0.2") == expected)
        #expect(try client("X-Forwarded-For", value, from: "::ffff:127.0.0.1") == expected)
    }

    @Test func `several fields are one list`() throws {
        let fields = [
            ("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-For", "10.0.0.2"),
        ]
        #expect(try client(fields) == "203.0.113.9")
    }

    @Test func `fields that the proxy may not have written say nothing`() throws {
        let fields = [
            ("Forwarded", "for=1.2.3.4"), ("X-Real-IP", "1.2.3.4"), ("X-Forwarded-For", "203.0.113.9"),
            ("Forwarded", "for=1.2.3.4"),
        ]
        #expect(try client(fields) == "203.0.113.9")
        #expect(try client("Forwarded", "for=1.2.3.4") == "127.0.0.1")
    }

    @Test(arguments: [
        "", ",", ",,,,", "unknown", "_hidden", "203.0.113.9, unknown", "203.0.113.9,", "203.0.113.300", "1.2.3", "[::1",
        "[]", "::1]", ":80", "203.0.113.9 203.0.113.8", "\u{0}", "\u{202E}9.1.2.3", "<script>", "for=1.2.3.4",
        String(repeating: "9", count: 10_000), String(repeating: "[", count: 10_000),
    ])
    func `for what is no address the proxy stands that wrote it`(value: String) throws {
        #expect(try client("X-Forwarded-For", value) == "127.0.0.1")
        #expect(try client("X-Forwarded-For", "\(value),10.0.0.2") == "10.0.0.2")
    }

    @Test func `loopback is trusted in each of its forms, others only by name`() throws {
        let trust = ProxyTrust(addresses: [try #require(IPAddress("10.0.0.2"))])
        for text in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "10.0.0.2", "::ffff:10.0.0.2"] {
            #expect(trust.trusts(try #require(IPAddress(text))), "\(text)")
        }
        for text in ["10.0.0.1", "128.0.0.1", "0.0.0.0", "::", "::2", "192.168.0.1", "fe80::1"] {
            #expect(!trust.trusts(try #require(IPAddress(text))), "\(text)")
        }
    }
}
