import Signaling
import TestSupport
import Testing

@testable import MartletCLI

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct TransferMemoryTests {
    /// A folder that goes with the test.
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = try TemporaryFolder()
        try body(folder.path)
    }

    private func record() throws -> TransferRecord {
        let room = try #require(RoomIdentifier("abcdefghijkmnpqr"))
        let secret = try #require(RoomSecret(bytes: Array(0..<16)))
        let words = try CodeWords(parsing: "clock-mango-crust")
        var record = TransferRecord(
            room: room, secret: secret, port: 4040, words: words, transfer: "t1", created: 1_000_000)
        record.number = RoomNumber(7)
        record.token = RoomToken("AAAA")
        record.failedLooks = 2
        record.finished = ["s1", "s2"]
        return record
    }

    @Test func `what is saved is there for the next process, and for nobody else`() throws {
        try withFolder { folder in
            let transfers = folder + "/a/transfers"
            do {
                let memory = try #require(TransferMemory(["x"], in: transfers))
                #expect(memory.load(at: 1_000_000) == nil)
                #expect(memory.save(try record()))
            }
            let memory = try #require(TransferMemory(["x"], in: transfers))
            #expect(memory.load(at: 1_000_100) == (try record()))
            #expect(TransferMemory(["y"], in: transfers)?.load(at: 1_000_100) == nil)
            var status = stat()
            #expect(stat(transfers, &status) == 0 && status.st_mode & 0o777 == 0o700)
            #expect(system("test -z \"$(find \(transfers) -type f -perm /077)\"") == 0)
        }
    }

    @Test func `two at once do not share a record`() throws {
        try withFolder { folder in
            var first = TransferMemory(["x"], in: folder)
            #expect(first != nil)
            #expect(TransferMemory(["x"], in: folder) == nil)
            first?.forget()
            #expect(first?.load(at: 1_000_000) == nil)
            first = nil
            #expect(TransferMemory(["x"], in: folder) != nil)
        }
    }

    @Test func `an old record, or a damaged one, is none`() throws {
        let record = try record()
        #expect(TransferRecord(text: record.text) == record)
        #expect(!record.isStale(at: 1_000_000 + 86_400))
        #expect(record.isStale(at: 1_000_000 + 86_401))
        #expect(record.isStale(at: 999_999), "the clock was set back")
        #expect(TransferRecord(text: "") == nil)
        #expect(TransferRecord(text: String(record.text.dropLast())) == nil)
        #expect(TransferRecord(text: record.text.replacing("4040", with: "0")) == nil)
        #expect(TransferRecord(text: record.text.replacing("\"version\":2", with: "\"version\":1")) == nil)
        for (part, other) in [("clock-", "xyzzy-"), ("\"looks\":2", "\"looks\":-1"), ("\"looks\":2", "\"looks\":9")] {
            #expect(TransferRecord(text: record.text.replacing(part, with: other)) == nil, "\(other)")
        }
        var elsewhere = record
        elsewhere.port = nil
        elsewhere.number = nil
        elsewhere.token = nil
        #expect(TransferRecord(text: elsewhere.text) == elsewhere)
    }

    @Test func `a folder that cannot be made is told by nil`() {
        #expect(TransferMemory(["x"], in: "/proc/martlet/transfers") == nil)
        #expect(!StateFolder.make("/etc/passwd"))
    }

    @Test func `the folder is where such things are kept`() {
        func folder(_ environment: [String: String]) -> String? { StateFolder { environment[$0] }?.path }
        #expect(folder(["MARTLET_STATE_DIR": "/s", "XDG_STATE_HOME": "/x", "HOME": "/h"]) == "/s")
        #expect(folder(["XDG_STATE_HOME": "/x", "HOME": "/h"]) == "/x/martlet")
        #expect(folder(["XDG_STATE_HOME": "relative", "HOME": "/h"]) == "/h/.local/state/martlet")
        #expect(folder([:]) == nil)
        #expect(StateFolder { ["HOME": "/h"][$0] }?.hashes == "/h/.local/state/martlet/hashes")
    }

    @Test func `a dead code is replaced when the command is started again, and the link is not`() throws {
        try withFolder { path in
            let folder = try #require(StateFolder { $0 == "MARTLET_STATE_DIR" ? path : nil })
            var record = try record()
            record.created = Int64(time(nil))
            #expect(try #require(TransferMemory(["x"], in: folder.transfers)).save(record))
            do {
                let ticket = TransferTicket(["x"], in: folder, receiverCount: 3, startsOver: false)
                #expect(ticket.record?.words == record.words && ticket.record?.failedLooks == 2 && !ticket.hasNewCode)
                let keeper = ticket.keeper(port: 4040)
                // The third wrong try is on the disk before anything of a fourth can happen.
                keeper.looked(3)
                #expect(TransferRecord(text: SystemText.read(try file(in: folder)) ?? "")?.hasDeadCode == true)
            }
            let ticket = TransferTicket(["x"], in: folder, receiverCount: 3, startsOver: false)
            let renewed = try #require(ticket.record)
            #expect(ticket.hasNewCode && renewed.words != record.words && renewed.failedLooks == 0)
            #expect(renewed.number == nil && renewed.room == record.room && renewed.secret == record.secret)
            #expect(TransferRecord(text: SystemText.read(try file(in: folder)) ?? "") == renewed)
        }
    }

    @Test func `where a look cannot be kept no older record with fewer looks stays`() throws {
        try withFolder { path in
            let folder = try #require(StateFolder { $0 == "MARTLET_STATE_DIR" ? path : nil })
            var record = try record()
            record.created = Int64(time(nil))
            #expect(try #require(TransferMemory(["x"], in: folder.transfers)).save(record))
            let ticket = TransferTicket(["x"], in: folder, receiverCount: 3, startsOver: false)
            let keeper = ticket.keeper(port: 4040)
            // Nothing can be written where the new record would be, as with a full disk.
            let file = try file(in: folder)
            #expect(mkdir(file + ".new", 0o700) == 0)
            keeper.looked(3)
            #expect(SystemText.read(file) == nil && !keeper.canResume)
        }
    }

    @Test func `a code and a token that the server gave are in the record at once`() throws {
        try withFolder { path in
            let folder = try #require(StateFolder { $0 == "MARTLET_STATE_DIR" ? path : nil })
            var record = try record()
            record.created = Int64(time(nil))
            #expect(try #require(TransferMemory(["x"], in: folder.transfers)).save(record))
            let keeper = TransferTicket(["x"], in: folder, receiverCount: 3, startsOver: false).keeper(port: 4040)
            let code = try RoomCode(parsing: "12-crust-mango-clock")
            keeper.given(code, RoomToken("BBBB"))
            let kept = try #require(TransferRecord(text: SystemText.read(try file(in: folder)) ?? ""))
            #expect(kept.number == code.number && kept.words == code.words && kept.token == RoomToken("BBBB"))
            // Looks at the old code count for the new one too.
            #expect(kept.failedLooks == 2)
            keeper.given(nil, RoomToken("CCCC"))
            #expect(keeper.record.number == code.number && keeper.record.words == code.words)
        }
    }

    /// The only record there is.
    private func file(in folder: StateFolder) throws -> String {
        let pipe = try #require(popen("ls \(folder.transfers)/*.json", "r"))
        defer { pclose(pipe) }
        var line = [CChar](repeating: 0, count: 1024)
        try #require(fgets(&line, Int32(line.count), pipe) != nil)
        return String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test func `a transfer that enough receivers have is not gone on with`() throws {
        try withFolder { path in
            let folder = try #require(StateFolder { $0 == "MARTLET_STATE_DIR" ? path : nil })
            var record = try record()
            record.created = Int64(time(nil))
            #expect(try #require(TransferMemory(["x"], in: folder.transfers)).save(record))
            // Two have it: a third and last one goes on with it, a command for two or one begins anew.
            #expect(TransferTicket(["x"], in: folder, receiverCount: 3, startsOver: false).record == record)
            #expect(TransferTicket(["x"], in: folder, receiverCount: 2, startsOver: false).record == nil)
            #expect(TransferTicket(["x"], in: folder, receiverCount: 3, startsOver: false).record == nil)
        }
    }
}
