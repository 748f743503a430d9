import Signaling
import TestSupport
import Testing

@testable import MartletCLI

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct ServiceStateTests {
    private static let sample = """
        martlet rooms 2
        room abcdefghijkmnpqr 7 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8
        room zzzzzzzzzzzzzzzz - AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8
        rests 3 86400

        """

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = try TemporaryFolder()
        try body(folder.path)
    }

    private func write(_ text: String, to path: String, mode: mode_t = 0o600) throws {
        let file = try #require(fopen(path, "w"))
        #expect(fwrite(text, 1, text.utf8.count, file) == text.utf8.count)
        fclose(file)
        #expect(chmod(path, mode) == 0)
    }

    private func mode(_ path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
    }

    @Test func `what one server leaves the next one finds, for this user alone`() throws {
        try withFolder { folder in
            let memory = try #require(RoomMemory(parsing: Self.sample))
            // In a folder that is made for it, and again over what is there.
            let state = ServiceState(path: "\(folder)/new/deep/state")
            for moment in [1000, 2000] as [Int64] {
                #expect(state.save(memory, at: moment))
                let loaded = try #require(state.load(at: moment + 30))
                #expect(loaded.rooms == memory)
                #expect(loaded.age == .seconds(30))
                #expect(mode(state.path) == 0o600)
                #expect(mode("\(folder)/new/deep") == 0o700)
                #expect(mode("\(state.path).new") == nil)
            }
            // A clock that was set back.
            #expect(state.load(at: 1)?.age == .zero)
        }
    }

    @Test func `it comes in place of what was there at once, or not at all`() throws {
        try withFolder { folder in
            let memory = try #require(RoomMemory(parsing: Self.sample))
            let state = ServiceState(path: "\(folder)/state")
            // Files that anybody may read or that lead elsewhere are replaced, not written to.
            try write("mine", to: "\(folder)/elsewhere")
            try #require(symlink("\(folder)/elsewhere", state.path) == 0)
            try #require(symlink("\(folder)/elsewhere", "\(state.path).new") == 0)
            #expect(state.load(at: 0) == nil)
            #expect(state.save(memory, at: 5))
            #expect(SystemText.read("\(folder)/elsewhere") == "mine")
            #expect(state.load(at: 5)?.rooms == memory)
            #expect(chmod(state.path, 0o644) == 0)
            let before = open(state.path, O_RDONLY)
            #expect(state.save(try #require(RoomMemory(parsing: "martlet rooms 2\n")), at: 6))
            #expect(mode(state.path) == 0o600)
            // Who had the old one open still has all of it.
            var status = stat()
            #expect(fstat(before, &status) == 0 && status.st_size == "saved 5\n\(Self.sample)".utf8.count)
            close(before)
            // Where nothing can be written the old one stays.
            let folderInPlace = ServiceState(path: "\(folder)/folder")
            try #require(mkdir(folderInPlace.path, 0o700) == 0)
            try write("", to: "\(folderInPlace.path)/x")
            #expect(!folderInPlace.save(memory, at: 7))
            #expect(mode("\(folderInPlace.path).new") == nil)
            #expect(!ServiceState(path: "\(state.path)/below").save(memory, at: 7))
            #expect(state.load(at: 7)?.rooms.roomCount == 0)
        }
    }

    @Test(arguments: [
        "", "\n", "saved 5", "saved 5\n", "saved -1\n\(sample)", "saved 99999999999999999999\n\(sample)",
        "saved \n\(sample)", "saved x\n\(sample)", sample, "saved 5\nmartlet rooms 1\n", "saved 5\n\(sample)more\n",
        "saved 5\nmartlet rooms 2\nroom abc 7 AAEC\n", "saved 5\nmartlet rooms 2\nrests 0 1\n",
        "saved 5\nmartlet rooms 2\nrests 1 -1\n", "saved 5\nmartlet rooms 2\nrests 1 99999999999999999999\n",
        "saved 5\n\(sample.dropLast(30))", "#!/bin/sh\nexit 0\n", "saved 5\n\u{0}\(sample)",
    ])
    func `what is damaged or somebody else's is taken for nothing`(text: String) throws {
        try withFolder { folder in
            try write(text, to: "\(folder)/state")
            #expect(ServiceState(path: "\(folder)/state").load(at: 10) == nil)
        }
    }

    @Test func `what is no file of this user's alone is not read`() throws {
        try withFolder { folder in
            let state = ServiceState(path: "\(folder)/state")
            #expect(state.load(at: 5) == nil)
            try write("saved 5\n\(Self.sample)", to: state.path)
            #expect(state.load(at: 5) != nil)
            for mode in [0o666, 0o620, 0o602] as [mode_t] {
                #expect(chmod(state.path, mode) == 0)
                #expect(state.load(at: 5) == nil)
            }
            #expect(chmod(state.path, 0o640) == 0)
            #expect(state.load(at: 5) != nil)
            if geteuid() == 0 {
                #expect(chown(state.path, 65_534, 65_534) == 0)
                #expect(state.load(at: 5) == nil)
            }
            unlink(state.path)
            // Nobody ever writes into it.
            try #require(mkfifo(state.path, 0o600) == 0)
            #expect(state.load(at: 5) == nil)
            unlink(state.path)
            try #require(mkdir(state.path, 0o700) == 0)
            #expect(state.load(at: 5) == nil)
            #expect(ServiceState(path: "/dev/zero").load(at: 5) == nil)
        }
    }

    @Test func `what is too large, or no text, is not read`() throws {
        try withFolder { folder in
            let state = ServiceState(path: "\(folder)/state")
            try write("saved 5\n\(Self.sample)", to: state.path)
            #expect(truncate(state.path, 1 << 40) == 0)
            #expect(state.load(at: 5) == nil)
            try write("saved 5\nmartlet rooms 2\n", to: state.path)
            let file = try #require(fopen(state.path, "a"))
            fputc(0xFF, file)
            fclose(file)
            #expect(state.load(at: 5) == nil)
        }
    }
}
