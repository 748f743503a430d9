import Dispatch
import Lab
import Synchronization
import Testing

@testable import MartletCLI

@Suite struct LabSoakCommandTests {
    @Test(arguments: [true, false])
    func `a library that does not return ends the process, with a code and words`(isJSON: Bool) {
        let texts = Mutex((output: "", error: ""))
        let console = Console(isJSON: isJSON) { stream, text in
            texts.withLock { if stream == .output { $0.output += text } else { $0.error += text } }
        }
        let isEnded = DispatchSemaphore(value: 0)
        let codes = Mutex<[Int32]>([])
        let watchdog = LabSoakCommand.watchdog(patience: .milliseconds(1), console) { code in
            codes.withLock { $0.append(code) }
            isEnded.signal()
        }
        watchdog.during { isEnded.wait() }
        watchdog.end()
        #expect(codes.withLock(\.self) == [1])
        let (output, error) = texts.withLock { ($0.output, $0.error) }
        #expect(error == "error: The SCTP library does not return any more: it has frozen.\n")
        #expect(output.contains("\"exit\":1,\"message\":\"The SCTP library does not return") == isJSON)
    }

    @Test func `memory that grows is a failure of this machine's, with its numbers`() throws {
        var watch = MemoryWatch(warmUp: .zero, allowance: 0)
        try watch.look(at: 3_145_728, after: .zero)
        let error = #expect(throws: LabError.self) { try watch.look(at: 7_340_032, after: .zero) }
        let failure = CommandFailure(try #require(error))
        #expect(failure.status == .localResource)
        #expect(failure.sentence == "Something here does not work: memory grew from 3 to 7 MiB.")
    }
}
