#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// This program once more, with its standard input and output in our hands. Ends when we end, by the end of its input.
final class ChildProcess {
    private let input: Int32
    private let output: Int32
    private let process: pid_t

    init(arguments: [String]) throws {
        var toChild: [Int32] = [-1, -1]
        var fromChild: [Int32] = [-1, -1]
        guard pipe(&toChild) == 0, pipe(&fromChild) == 0 else {
            throw BenchFailure(description: "no pipe could be opened")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        for descriptor in toChild + fromChild { posix_spawn_file_actions_addclose(&actions, descriptor) }
        let program = CommandLine.arguments[0]
        let path = Self.ownPath ?? program
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, path, &actions, nil, words, environ)
        close(toChild[0])
        close(fromChild[1])
        (input, output, self.process) = (toChild[1], fromChild[0], process)
        guard code == 0 else {
            throw BenchFailure(description: "\(path) could not be started: \(String(cString: strerror(code)))")
        }
    }

    deinit {
        close(input)
        close(output)
        waitpid(process, nil, 0)
    }

    func write(line: String) throws {
        var bytes = Array((line + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { systemWrite(input, $0) }
            guard count > 0 else { throw BenchFailure(description: "the other process does not read") }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Nil at the end of its output.
    func readLine() -> String? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1 {
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        return nil
    }

    private static var ownPath: String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        return count > 0
            ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }
}

/// `write(2)`, out of reach of methods of that name.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

/// Processor time and memory of this process.
struct ProcessUsage {
    var cpuSeconds: Double
    var peakMemoryBytes: Int

    static func current() -> ProcessUsage {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(RUSAGE_SELF.rawValue, &usage)
            let unit = 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            let unit = 1
        #endif
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return ProcessUsage(
            cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            peakMemoryBytes: Int(usage.ru_maxrss) * unit)
    }
}

/// Writes at once, also where standard output is a pipe.
func writeToStandardOutput(line: String) {
    print(line)
    fflush(nil)
}
