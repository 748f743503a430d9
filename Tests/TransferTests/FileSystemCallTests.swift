import CPlatform
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The calls of CPlatform that a receiver stands on, in their native and their portable form.
struct FileSystemCallTests {
    private let folder: TemporaryFolder
    private let directory: Int32

    init() throws {
        folder = try TemporaryFolder()
        directory = open(folder.path, O_RDONLY | O_DIRECTORY)
        try #require(directory >= 0)
    }

    /// Opens and closes; 0, or the error number.
    private func openBeneath(_ path: String, isPortable: Bool, _ flags: Int32 = O_RDONLY) -> Int32 {
        let file =
            isPortable
            ? martlet_open_beneath_portable(directory, path, flags, 0o600)
            : martlet_open_beneath(directory, path, flags, 0o600)
        if file < 0 { return errno }
        close(file)
        return 0
    }

    @Test(arguments: [false, true]) func `what lies beneath opens`(isPortable: Bool) throws {
        try #require(mkdir(folder.path("sub"), 0o700) == 0)
        try folder.write([1], to: "sub/file")
        #expect(openBeneath("sub/file", isPortable: isPortable) == 0)
        #expect(openBeneath("sub", isPortable: isPortable, O_RDONLY | O_DIRECTORY) == 0)
        #expect(openBeneath("new", isPortable: isPortable, O_WRONLY | O_CREAT | O_EXCL) == 0)
        #expect(openBeneath("new", isPortable: isPortable, O_WRONLY | O_CREAT | O_EXCL) == EEXIST)
        #expect(openBeneath("sub/none", isPortable: isPortable) == ENOENT)
        #expect(try folder.status("new").st_mode & 0o777 == 0o600)
    }

    @Test(arguments: [false, true]) func `links and ways out do not open`(isPortable: Bool) throws {
        try folder.write([1], to: "file")
        try #require(symlink("file", folder.path("link")) == 0)
        try #require(symlink("/", folder.path("root")) == 0)
        try #require(symlink("gone", folder.path("dangling")) == 0)
        #expect(openBeneath("link", isPortable: isPortable) == ELOOP)
        #expect([ELOOP, ENOTDIR].contains(openBeneath("root/etc/passwd", isPortable: isPortable)))
        #expect([ELOOP, EEXIST].contains(openBeneath("dangling", isPortable: isPortable, O_WRONLY | O_CREAT | O_EXCL)))
        #expect(openBeneath("../x", isPortable: isPortable) == EXDEV)
        #expect(openBeneath("/etc/passwd", isPortable: isPortable) == EXDEV)
        #expect(folder.names == ["dangling", "file", "link", "root"])
    }

    @Test(arguments: [false, true]) func `a rename never replaces`(isPortable: Bool) throws {
        let rename = isPortable ? martlet_rename_new_portable : martlet_rename_new
        try folder.write([1], to: "from")
        try folder.write([2], to: "taken")
        try #require(symlink("gone", folder.path("dangling")) == 0)
        #expect(rename(directory, "from", directory, "taken") == -1 && errno == EEXIST)
        #expect(rename(directory, "from", directory, "dangling") == -1 && errno == EEXIST)
        #expect(try folder.read("taken") == [2])
        #expect(rename(directory, "from", directory, "to") == 0)
        #expect(try folder.read("to") == [1])
        #expect(folder.names == ["dangling", "taken", "to"])
    }

    @Test func `the mask of new files is what they lack`() throws {
        let file = open(folder.path("masked"), O_WRONLY | O_CREAT | O_EXCL, 0o777)
        try #require(file >= 0)
        close(file)
        #expect(try folder.status("masked").st_mode & 0o777 == 0o777 & ~martlet_umask())
    }
}
