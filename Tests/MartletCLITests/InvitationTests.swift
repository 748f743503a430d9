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
        #expect(
            try invitation([]).lines(isSending: false, columns: 66)
                == ["Open in a browser:", "  http://localhost\(end)"])
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
