import Signaling
import Testing

@testable import MartletCLI

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct LookStoreTests {
    private func withFolder(_ body: (StateFolder) throws -> Void) throws {
        var template = Array("/tmp/martlet-looks-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { system("rm -r \(path)") }
        try body(try #require(StateFolder { $0 == "MARTLET_STATE_DIR" ? path : nil }))
    }

    private func store(_ folder: StateFolder, _ number: Int = 7, _ port: Int = 4040) throws -> LookStore {
        LookStore(
            try #require(RoomNumber(number)), at: try Rendezvous(parsing: "http://192.0.2.1:\(port)"), in: folder.looks)
    }

    @Test func `tries are counted by server and number, also by two at once`() throws {
        try withFolder { folder in
            let (first, second) = (try store(folder), try store(folder))
            #expect(first.failed(at: 1000) == 0)
            first.add(1, at: 1000)
            second.add(1, at: 1001)
            #expect(first.failed(at: 1001) == 2)
            first.add(-1, at: 1002)
            #expect(second.failed(at: 1002) == 1)
            #expect(try store(folder, 8).failed(at: 1002) == 0)
            #expect(try store(folder, 7, 4041).failed(at: 1002) == 0)
        }
    }

    @Test func `a count is forgotten a day after the last try, not before`() throws {
        try withFolder { folder in
            let store = try store(folder)
            store.add(2, at: 1000)
            #expect(store.failed(at: 1000 + 86_400) == 2)
            #expect(store.failed(at: 1001 + 86_400) == 0)
            store.add(1, at: 1001 + 86_400)
            #expect(store.failed(at: 1001 + 86_400) == 1)
        }
    }

    @Test func `the files are for this user alone, and none stays when nothing is counted`() throws {
        try withFolder { folder in
            let store = try store(folder)
            store.add(1, at: Int64(time(nil)))
            #expect(system("test -z \"$(find \(folder.looks) -type f -perm /077)\"") == 0)
            #expect(system("test $(find \(folder.looks) -type f ! -name '.*' | wc -l) = 1") == 0)
            // Neither the server nor the number stands there.
            #expect(system("grep -rq 192.0.2 \(folder.looks)") != 0)
            store.add(-1, at: Int64(time(nil)))
            #expect(system("test $(find \(folder.looks) -type f ! -name '.*' | wc -l) = 0") == 0)
        }
    }

    @Test func `what is damaged counts nothing, what cannot be kept stops nothing`() throws {
        try withFolder { folder in
            let store = try store(folder)
            store.add(1, at: 1000)
            #expect(system("for f in \(folder.looks)/[0-9a-f]*; do echo '{' > $f; done") == 0)
            #expect(store.failed(at: 1000) == 0)
        }
        let number = try #require(RoomNumber(7))
        let server = try Rendezvous(parsing: "http://192.0.2.1:4040")
        let lost = LookStore(number, at: server, in: "/proc/martlet/looks")
        lost.add(1, at: 1000)
        #expect(lost.failed(at: 1000) == 0)
        #expect(LookStore.count(number, at: server, in: nil).failed == 0)
    }
}
