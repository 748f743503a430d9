import NetworkIO
import Signaling
import Testing

struct RoomLinkTests {
    private static let fragment = "abcdefghijkmnpqr.AAECAwQFBgcICQoLDA0ODw"

    @Test(arguments: [
        ("http://192.168.1.20:4040/#", "192.168.1.20", 4040, false, "http://192.168.1.20:4040/#"),
        ("http://localhost:4040#", "localhost", 4040, false, "http://localhost:4040/#"),
        ("HTTPS://Share.Example/#", "share.example", 443, true, "https://share.example/#"),
        ("  <http://[2001:db8::1]:80/#", "2001:db8::1", 80, false, "http://[2001:db8::1]/#"),
    ])
    func `links are read and printed`(start: String, host: String, port: UInt16, secure: Bool, printed: String) throws {
        let link = try RoomLink(parsing: start + Self.fragment + "> \n")
        #expect(link.rendezvous.host == host)
        #expect(link.rendezvous.port == port)
        #expect(link.rendezvous.isSecure == secure)
        #expect(link.room == (try Samples.room()))
        #expect(link.secret == (try Samples.secret()))
        #expect(link.text == printed + Self.fragment)
        #expect(try RoomLink(parsing: link.text) == link)
        #expect(link.rendezvous.webSocketURL == WebSocketURL(isSecure: secure, host: host, port: port, path: "/rooms"))
    }

    @Test(
        arguments: [
            ("", .notHTTP), ("7-crossover-mango", .notHTTP), ("ftp://a/#", .notHTTP), ("http:/a", .notHTTP),
            ("http://", .badAuthority("")), ("http:///#x", .badAuthority("")),
            ("http://user@host/#x", .badAuthority("user@host")), ("http://a:70000/#x", .badAuthority("a:70000")),
            ("http://host:1/", .incomplete), ("http://host:1", .incomplete),
            ("http://host/page#x", .unexpectedPath("/page")),
            ("http://host/?q#x", .unexpectedPath("/?q")), ("http://host/#", .badRoom), ("http://host/#abc", .badRoom),
            ("http://host/#abcdefghijklmnop.AAECAwQFBgcICQoLDA0ODw", .badRoom),
            ("http://host/#abcdefghijkmnpqr", .badSecret), ("http://host/#abcdefghijkmnpqr.", .badSecret),
            ("http://host/#abcdefghijkmnpqr.AAECAwQFBgcICQoLDA0OD", .badSecret),
            ("http://host/#abcdefghijkmnpqr.AAECAwQFBgcICQoLDA0ODx", .badSecret),
            ("http://host/#abcdefghijkmnpqr.AAECAwQFBgcICQoLDA0ODw.x", .badSecret),
        ] as [(String, RoomLinkError)])
    func `damaged links are refused with the reason`(text: String, expected: RoomLinkError) {
        #expect(throws: expected) { try RoomLink(parsing: text) }
        #expect(!expected.description.isEmpty)
    }

    @Test(arguments: [
        "http://\u{1B}]0;x\u{7}\u{1B}[31mred:99999999/#x", "http://host/\u{9B}31m#x", "http://hostabc.AAECAwQF:x/#y",
    ]) func `a reason never repeats the link`(text: String) throws {
        let error = try #require(throws: RoomLinkError.self) { try RoomLink(parsing: text) }
        #expect(error.description.unicodeScalars.allSatisfy { (0x20..<0x7F).contains($0.value) })
        #expect(!error.description.contains("AAECAwQF"))
    }

    @Test func `a fragment may hold a code in place of a link`() throws {
        let entrance = try RoomEntrance(parsing: "http://192.0.2.1:4040/#7-Clock-mango-crust")
        guard case .code(let code, let rendezvous) = entrance else {
            Issue.record("no code")
            return
        }
        #expect(code.text == "7-clock-mango-crust")
        #expect(rendezvous == Rendezvous(isSecure: false, host: "192.0.2.1", port: 4040))
        #expect("\(entrance)" == "7-<words> at http://192.0.2.1:4040/")
        let link = try RoomEntrance(parsing: "https://share.example/#" + Self.fragment)
        #expect(link == .link(try RoomLink(parsing: "https://share.example/#" + Self.fragment)))
        #expect(throws: RoomLinkError.badCode(.wordCount(1))) { try RoomEntrance(parsing: "http://a/#7-clock") }
        #expect(throws: RoomLinkError.badRoom) { try RoomEntrance(parsing: "http://a/#") }
    }

    @Test(
        arguments: [
            ("http://localhost:4040", "http://localhost:4040/"), (" https://Share.Example/ ", "https://share.example/"),
            ("http://[::1]:80/", "http://[::1]/"),
        ])
    func `servers are named by their address`(text: String, printed: String) throws {
        #expect(try Rendezvous(parsing: text).pageAddress == printed)
    }

    @Test func `a server's address holds nothing else`() {
        for text in ["http://a/path", "http://a/#x", "http://a?q"] {
            #expect(throws: RoomLinkError.self) { try Rendezvous(parsing: text) }
        }
        #expect(throws: RoomLinkError.notHTTP) { try Rendezvous(parsing: "share.example") }
    }

    @Test func `the secret is printed nowhere but in the link`() throws {
        let link = try RoomLink(parsing: "http://host/#" + Self.fragment)
        var dumped = ""
        dump(link, to: &dumped)
        for text in ["\(link)", String(reflecting: link), "\(link.secret)", String(reflecting: link.secret), dumped] {
            #expect(!text.contains("AAECAwQF"))
            #expect(!text.contains("bytes"))
        }
        #expect("\(link)" == "http://host/#abcdefghijkmnpqr.<secret>")
    }

    @Test func `rooms and secrets are random over their whole range`() {
        var generator = SeededGenerator(state: 1)
        let rooms = (0..<200).map { _ in RoomIdentifier.random(using: &generator) }
        #expect(Set(rooms).count == 200)
        #expect(rooms.allSatisfy { RoomIdentifier($0.text) == $0 })
        #expect(Set(rooms.flatMap(\.text)).count == 32)
        let secrets = (0..<200).map { _ in RoomSecret.random(using: &generator).base64URL }
        #expect(Set(secrets).count == 200)
        #expect(secrets.allSatisfy { $0.utf8.count == 22 })
    }
}
