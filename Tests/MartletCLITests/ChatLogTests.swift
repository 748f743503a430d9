import Synchronization
import TestSupport
import Testing

@testable import MartletCLI

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct ChatLogTests {
    @Test func `a log has a line for each message, and is for its owner alone`() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/log"
        let time = ChatTime(seconds: 1_795_262_400)
        do {
            let log = try ChatLog(path: path) { _ in }
            log.message("one\ntwo\u{1B}[2J", name: "anna", at: time)
        }
        do {
            let log = try ChatLog(path: path) { _ in }
            log.remark("anna has left.", at: time)
        }
        #expect(
            SystemText.read(path)
                == "\(time.long) <anna> one ↵ two\\u{1B}[2J\n\(time.long) * anna has left.\n")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    #if os(Linux)
        @Test func `a full disk is told once`() throws {
            let told = Mutex<[String]>([])
            let log = try ChatLog(path: "/dev/full") { text in told.withLock { $0.append(text) } }
            let time = ChatTime(seconds: 0)
            log.message("one", name: "anna", at: time)
            log.message("two", name: "anna", at: time)
            #expect(told.withLock { $0.count } == 1)
            #expect(throws: CommandFailure.self) { _ = try ChatLog(path: "/nowhere/log") { _ in } }
        }
    #endif
}
