import Signaling
import Testing

@testable import MartletCLI

@Suite struct InvitationTests {
    private func server(_ address: String) throws -> Rendezvous { try Rendezvous(parsing: address) }

    private func invitation(
        _ servers: [String], local: String? = "http://localhost:4040", hasCode: Bool = true
    ) throws -> Invitation {
        Invitation(
            room: try #require(RoomIdentifier("abcdefghijkmnpqr")),
            secret: try #require(RoomSecret(base64URL: "AAECAwQFBgcICQoLDA0ODw")),
            code: hasCode ? try RoomCode(parsing: "7-clock-mango-crust") : nil,
            servers: try servers.map { try server($0) }, local: try local.map { try server($0) })
    }

    private let end = "/#abcdefghijkmnpqr.AAECAwQFBgcICQoLDA0ODw"

    @Test func `a sender shows the whole command, the links, and where the code can be typed`() throws {
        #expect(
            try invitation(["http://192.168.1.20:4040"]).lines(isSending: true, columns: 120) == [
                "On the other computer:  martlet receive 7-clock-mango-crust --server http://192.168.1.20:4040",
                "or open in a browser:   http://192.168.1.20:4040\(end)",
                "on this machine:        http://localhost:4040\(end)",
                "or type the code at:    http://192.168.1.20:4040/",
            ])
    }

    @Test func `somebody's server is the only one that is shown`() throws {
        let invitation = try invitation(["https://rooms.example.org"], local: nil)
        #expect(
            invitation.lines(isSending: true, columns: 120) == [
                "On the other computer:  martlet receive 7-clock-mango-crust --server https://rooms.example.org",
                "or open in a browser:   https://rooms.example.org\(end)",
                "or type the code at:    https://rooms.example.org/",
            ])
        #expect(invitation.localLink == invitation.best && invitation.links == [invitation.best])
    }

    @Test func `a receiver that waits shows the code beside the address`() throws {
        #expect(
            try invitation(["http://192.168.1.20:4040"]).lines(isSending: false, columns: 120) == [
                "Open in a browser:               http://192.168.1.20:4040\(end)",
                "on this machine:                 http://localhost:4040\(end)",
                "or type 7-clock-mango-crust at:  http://192.168.1.20:4040/",
            ])
    }

    @Test func `without a number there is no code, and the command has the link`() throws {
        #expect(
            try invitation(["http://192.168.1.20:4040"], hasCode: false).lines(isSending: true, columns: 120) == [
                "On the other computer:  martlet receive http://192.168.1.20:4040\(end)",
                "or open in a browser:   http://192.168.1.20:4040\(end)",
                "on this machine:        http://localhost:4040\(end)",
            ])
    }

    @Test func `a machine without a network shows what leads to itself only`() throws {
        #expect(
            try invitation([]).lines(isSending: true, columns: 120) == [
                "On another terminal:   martlet receive 7-clock-mango-crust --server http://localhost:4040",
                "or open in a browser:  http://localhost:4040\(end)",
                "or type the code at:   http://localhost:4040/",
            ])
    }

    @Test func `further networks have lines of their own, up to three`() throws {
        let lines = try invitation(
            ["http://[2001:db8::1]:4040", "http://10.0.0.1:4040", "http://10.0.0.2:4040", "http://10.0.0.3:4040"],
            hasCode: false
        ).lines(isSending: false, columns: 120)
        #expect(lines.count == 4)
        #expect(lines[0] == "Open in a browser:       http://[2001:db8::1]:4040\(end)")
        #expect(lines[1] == "or, on another network:  http://10.0.0.1:4040\(end)")
    }

    @Test func `on a narrow terminal every link has a line of its own`() throws {
        let invitation = try invitation([], hasCode: false)
        let link = "http://localhost:4040\(end)"
        #expect(invitation.lines(isSending: false, columns: 60) == ["Open in a browser:", link])
        #expect(invitation.lines(isSending: false, columns: 66) == ["Open in a browser:", "  \(link)"])
    }

    @Test func `long lists of files are cut, and the rest is counted`() {
        let items = (1...20).map {
            OfferList.Row(name: "file\($0)", bytes: Int64($0) * 1000, fileCount: nil, exists: $0 == 2)
        }
        let lines = OfferList.lines(items)
        #expect(lines.count == 12)
        #expect(lines[0] == "   1.0 kB  file1")
        #expect(lines[1] == "   2.0 kB  file2  (exists)")
        #expect(lines[11] == "  and 9 more, 144 kB")
        #expect(OfferList.lines(Array(items.prefix(12))).count == 12)
    }

    @Test func `a folder is one line, whatever is in it`() {
        let items: [(name: String, components: [String], bytes: Int64?, isFolder: Bool, exists: Bool)] = [
            ("a/b", ["a", "b"], 1000, false, false), ("x", ["x"], nil, false, false),
            ("a/c/d", ["a", "c", "d"], 2000, false, true), ("a/e", ["a", "e"], 0, true, false),
            ("empty", ["empty"], 0, true, true),
        ]
        let lines = OfferList.lines(OfferList.rows(items))
        #expect(lines[0] == "   3.0 kB  a/ (2 files)  (some exist)")
        #expect(lines[1] == "        ?  x")
        #expect(lines[2] == "  0 bytes  empty/ (0 files)")
    }

    @Test func `a list that still grows is counted with at least`() {
        #expect(OfferList.amount(.init(files: 1), bytes: 5, isComplete: true) == "1 file, 5 bytes")
        #expect(
            OfferList.amount(.init(files: 21_200), bytes: 3_400_000_000, isComplete: false)
                == "at least 21,200 files, 3.4 GB, still counting")
    }

    @Test func `words, empty folders and streams are called what they are`() {
        #expect(OfferList.amount(.init(files: 2, texts: 1), bytes: 5, isComplete: true) == "2 files, 1 text, 5 bytes")
        #expect(OfferList.amount(.init(folders: 2), bytes: 0, isComplete: true) == "2 empty folders, 0 bytes")
        #expect(
            OfferList.amount(.init(files: 1, hasUnknownSize: true), bytes: 0, isComplete: true)
                == "1 file of unknown size")
        #expect(
            OfferList.amount(.init(files: 2, hasUnknownSize: true), bytes: 5, isComplete: true)
                == "2 files, at least 5 bytes")
    }

    @Test func `a row of the list is no wider than the terminal`() {
        let row = OfferList.Row(
            name: String(repeating: "a long name ", count: 9), bytes: 5, fileCount: 30_041, exists: true)
        for columns in [60, 80, 100] {
            #expect(OfferList.lines([row], columns: columns)[0].count < columns)
        }
    }

    @Test func `several receivers share a line that fits`() {
        func line(_ completed: Int64, rate: Double?, left: Duration?) -> ProgressLine {
            ProgressLine(
                name: "x", fileNumber: 1, fileCount: 1, completedBytes: completed, totalBytes: 100_000_000, rate: rate,
                timeLeft: left)
        }
        let shared = SharedProgress(
            lines: [line(50_000_000, rate: 5e6, left: .seconds(10)), line(72_000_000, rate: 6e6, left: .seconds(4))],
            finishedCount: 1, receiverCount: 4)
        #expect(shared.text(columns: 80) == "3 of 4 receivers · 61 % · 11.0 MB/s · 10 s left")
        #expect(shared.text(columns: 40) == "3 of 4 · 61 % · 11.0 MB/s · 10 s left")
        #expect(shared.text(columns: 20) == "3 of 4 · 61 %")
        #expect(shared.text(columns: 5).count <= 4)
    }
}
