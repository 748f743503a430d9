import Signaling
import Testing
import Wire

@testable import MartletCLI

@Suite struct InvitationTests {
    private func invitation(_ addresses: [String]) throws -> Invitation {
        Invitation(
            room: try #require(RoomIdentifier("abcdefghijkmnpqr")),
            secret: try #require(RoomSecret(base64URL: "AAECAwQFBgcICQoLDA0ODw")), port: 4040,
            addresses: try addresses.map { try #require(IPAddress($0)) })
    }

    private let end = ":4040/#abcdefghijkmnpqr.AAECAwQFBgcICQoLDA0ODw"

    @Test func `a sender shows a command, a link for the network and one for this machine`() throws {
        #expect(
            try invitation(["192.168.1.20"]).lines(isSending: true, columns: 120) == [
                "On the other computer:  martlet receive http://192.168.1.20\(end)",
                "or open in a browser:   http://192.168.1.20\(end)",
                "on this machine:        http://localhost\(end)",
            ])
    }

    @Test func `a machine without a network shows the local link only`() throws {
        #expect(
            try invitation([]).lines(isSending: true, columns: 120) == [
                "On another terminal:   martlet receive http://localhost\(end)",
                "or open in a browser:  http://localhost\(end)",
            ])
        #expect(
            try invitation([]).lines(isSending: false, columns: 120) == ["Open in a browser:  http://localhost\(end)"])
    }

    @Test func `further networks have lines of their own, up to three`() throws {
        let lines = try invitation(["2001:db8::1", "10.0.0.1", "10.0.0.2", "10.0.0.3"]).lines(
            isSending: false, columns: 120)
        #expect(lines.count == 4)
        #expect(lines[0] == "Open in a browser:       http://[2001:db8::1]\(end)")
        #expect(lines[1] == "or, on another network:  http://10.0.0.1\(end)")
    }

    @Test func `on a narrow terminal every link has a line of its own`() throws {
        #expect(
            try invitation([]).lines(isSending: false, columns: 60) == ["Open in a browser:", "http://localhost\(end)"])
    }

    @Test func `long lists of files are cut, and the rest is counted`() {
        let items = (1...20).map { (name: "file\($0)", size: Int64($0) * 1000, exists: $0 == 2) }
        let lines = OfferList.lines(items)
        #expect(lines.count == 12)
        #expect(lines[0] == "   1.0 kB  file1")
        #expect(lines[1] == "   2.0 kB  file2  (exists)")
        #expect(lines[11] == "  and 9 files more, 144 kB")
        #expect(OfferList.lines(Array(items.prefix(12))).count == 12)
    }
}
