import Signaling
import Synchronization
import TestSupport
import Testing

@testable import MartletCLI

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct LookStoreTests {
    private func withFolder(_ body: (StateFolder) throws -> Void) throws {
        let folder = try TemporaryFolder()
        try body(try #require(StateFolder { $0 == "MARTLET_STATE_DIR" ? folder.path : nil }))
    }

    private func store(
        _ folder: StateFolder, _ code: String = "7-clock-mango-crust", _ port: Int = 4040
    ) throws -> LookStore {
        LookStore(
            try RoomCode(parsing: code), at: try Rendezvous(parsing: "http://192.0.2.1:\(port)"), in: folder.looks)
    }

    @Test func `tries are counted by server, number and words, also by two at once`() throws {
        try withFolder { folder in
            let (first, second) = (try store(folder), try store(folder))
            #expect(first.failed(at: 1000) == 0)
            #expect(first.change(by: 1, at: 1000) == .done)
            #expect(second.change(by: 1, at: 1001) == .done)
            #expect(first.failed(at: 1001) == 2)
            #expect(first.change(by: -1, at: 1002) == .done)
            #expect(second.failed(at: 1002) == 1)
            // A fresh code with an old number is another one.
            for other in ["8-clock-mango-crust", "7-clock-mango-crush"] {
                #expect(try store(folder, other).failed(at: 1002) == 0)
                #expect(try store(folder, other).change(by: 1, at: 1002) == .done)
            }
            #expect(try store(folder, "7-clock-mango-crust", 4041).failed(at: 1002) == 0)
            #expect(second.failed(at: 1002) == 1)
        }
    }

    @Test func `a count is forgotten a day after the last try, not before`() throws {
        try withFolder { folder in
            let store = try store(folder)
            #expect(store.change(by: 2, at: 1000) == .done)
            #expect(store.isFresh(at: 1003) && !store.isFresh(at: 1004))
            #expect(store.failed(at: 1000 + 86_400) == 2)
            #expect(store.failed(at: 1001 + 86_400) == 0)
            #expect(store.change(by: 1, at: 1001 + 86_400) == .done)
            #expect(store.failed(at: 1001 + 86_400) == 1)
        }
    }

    @Test func `the files are for this user alone, and none stays when nothing is counted`() throws {
        try withFolder { folder in
            let store = try store(folder)
            #expect(store.change(by: 1, at: Int64(time(nil))) == .done)
            #expect(system("test -z \"$(find \(folder.looks) -type f -perm /077)\"") == 0)
            #expect(system("test $(find \(folder.looks) -type f ! -name '.*' | wc -l) = 1") == 0)
            // Neither the server nor the words stand there.
            #expect(system("grep -rqE '192.0.2|clock|mango' \(folder.looks)") != 0)
            #expect(store.change(by: -1, at: Int64(time(nil))) == .done)
            #expect(system("test $(find \(folder.looks) -type f ! -name '.*' | wc -l) = 0") == 0)
        }
    }

    @Test func `what is damaged counts nothing, what cannot be kept stops nothing`() throws {
        try withFolder { folder in
            let store = try store(folder)
            #expect(store.change(by: 1, at: 1000) == .done)
            #expect(system("for f in \(folder.looks)/[0-9a-f]*; do echo '{' > $f; done") == 0)
            #expect(store.failed(at: 1000) == 0)
        }
        let code = try RoomCode(parsing: "7-clock-mango-crust")
        let server = try Rendezvous(parsing: "http://192.0.2.1:4040")
        let lost = LookStore(code, at: server, in: "/proc/martlet/looks")
        #expect(lost.change(by: 1, at: 1000) == .lost)
        #expect(lost.failed(at: 1000) == 0)
        #expect(LookStore.count(code, at: server, in: nil).failed == 0)
    }

    private func count(
        _ folder: StateFolder?, _ code: String = "7-clock-mango-crust", by visit: LookStore.Visit = .init(),
        onLost: @escaping @Sendable () -> Void = {}
    ) throws -> LookCount {
        LookStore.count(
            try RoomCode(parsing: code), at: try Rendezvous(parsing: "http://192.0.2.1:4040"), in: folder, by: visit,
            onLost: onLost)
    }

    @Test(arguments: [true, false])
    func `one visit has three tries at a number whatever the words, kept or not`(isKept: Bool) throws {
        try withFolder { folder in
            let visit = LookStore.Visit()
            let kept = isKept ? folder : nil
            let first = try count(kept, by: visit)
            #expect(first.take() && first.left == 2)
            let second = try count(kept, "7-clock-mango-crush", by: visit)
            #expect(second.left == 2 && second.take() && second.take())
            second.giveBack()
            let third = try count(kept, "7-clock-crust-mango", by: visit)
            #expect(third.left == 1 && third.take() && !third.take() && third.isExhausted)
            // The next visit has what is left of each code.
            #expect(try count(kept).left == (isKept ? 2 : 3))
            #expect(try count(kept, "7-mango-mango-mango").left == 3)
        }
    }

    @Test func `two commands at the same moment have three tries together`() throws {
        try withFolder { folder in
            // Both are there before anything is tried.
            let (first, second) = (try count(folder), try count(folder))
            #expect(first.take())
            #expect(second.left == 2)
            #expect(second.take())
            second.giveBack()
            #expect(first.take())
            #expect(second.take())
            #expect(!first.take() && !second.take())
            #expect(first.isExhausted && second.isExhausted && first.failed == 3)
            second.giveBack()
            #expect(first.left == 1 && first.take() && !second.take())
        }
    }

    @Test func `many at the same moment have three tries together`() async throws {
        let place = try TemporaryFolder()
        let folder = try #require(StateFolder { $0 == "MARTLET_STATE_DIR" ? place.path : nil })
        let counts = try (0..<8).map { _ in try count(folder) }
        let taken = await withTaskGroup(of: Int.self) { group in
            for count in counts { group.addTask { (0..<3).count { _ in count.take() } } }
            return await group.reduce(0, +)
        }
        #expect(taken == 3)
    }

    @Test(arguments: [nil, "/proc/martlet"])
    func `where nothing can be kept there are three tries for this run, and it is told once`(path: String?) throws {
        let told = Told()
        let folder = path.flatMap { path in StateFolder { $0 == "MARTLET_STATE_DIR" ? path : nil } }
        let count = try count(folder) { told.tell() }
        #expect(count.take() && count.take())
        count.giveBack()
        #expect(count.left == 2)
        #expect(count.take() && count.take() && !count.take())
        #expect(count.failed == 3 && told.count == 1)
    }
}

private final class Told: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }
    func tell() { value.withLock { $0 += 1 } }
}
