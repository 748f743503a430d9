import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Rules that the compiler does not know, checked by reading the sources.
@Suite struct SourceRulesTests {
    /// Targets whose behaviour depends on nothing but their input: no clock, no sleep, no task.
    private static let cores = [
        "Wire", "JSON", "WordList", "Digests", "Sealing", "Pairing", "STUN", "ICE", "DTLS", "SCTP", "SRTP",
        "DataChannel", "SDP", "LinkSimulator", "PeerSession",
    ]

    @Test(arguments: cores) func `a core neither reads a clock nor starts tasks nor opens sockets`(core: String) throws
    {
        let forbidden = [
            "ContinuousClock", "SuspendingClock", "Date()", "clock_gettime", "gettimeofday", "Task.sleep", "Task {",
            "Task.detached", "import NIO", "DispatchQueue", "SystemRandomNumberGenerator",
        ]
        for file in try swiftFiles(beneath: "Sources/\(core)") {
            for (number, line) in lines(of: file) {
                for word in forbidden where line.contains(word) {
                    Issue.record("\(file):\(number) mentions \(word)")
                }
            }
        }
    }

    @Test func `nothing imports Foundation, which is four times the rest of the program`() throws {
        for file in try swiftFiles(beneath: "Sources") {
            for (number, line) in lines(of: file) where line.hasSuffix("import Foundation") {
                Issue.record("\(file):\(number) imports Foundation")
            }
        }
    }

    @Test(arguments: [
        ("CUsrsctp", ["SCTP"]), ("CSRTP", ["SRTP"]), ("COpenSSL", ["DTLS", "Digests"]), ("CQREncode", ["MartletCLI"]),
        ("CSodium", ["Sealing"]),
    ]) func `a C library is touched in its own target only`(library: String, targets: [String]) throws {
        var users: Set<String> = []
        for file in try swiftFiles(beneath: "Sources")
        where lines(of: file).contains(where: { $0.1.hasSuffix("import \(library)") }) {
            let parts = file.split(separator: "/")
            if let sources = parts.lastIndex(of: "Sources") { users.insert(String(parts[sources + 1])) }
        }
        #expect(users == Set(targets))
    }

    @Test func `no file is longer than 500 lines`() throws {
        for file in try swiftFiles(beneath: "Sources") + swiftFiles(beneath: "Tests") {
            #expect(lines(of: file).count <= 500, "\(file)")
        }
    }

    /// The formatter looks at code only.
    @Test func `no comment is wider than 120 columns`() throws {
        for file in try swiftFiles(beneath: "Sources") + swiftFiles(beneath: "Tests") + swiftFiles(beneath: "Examples")
        {
            for (number, line) in rawLines(of: file).enumerated() where line.drop(while: { $0 == " " }).hasPrefix("//")
            {
                #expect(line.count <= 120, "\(file):\(number + 1)")
            }
        }
    }

    // MARK: - Reading

    private func rawLines(of path: String) -> [String] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block[..<count] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    /// Code without comments, with line numbers from 1.
    private func lines(of path: String) -> [(Int, String)] {
        rawLines(of: path).enumerated().map { number, line in
            let code = line.firstRange(of: "//").map { String(line[..<$0.lowerBound]) } ?? line
            return (number + 1, code.trimmed)
        }
    }

    private func swiftFiles(beneath folder: String) throws -> [String] {
        var found: [String] = []
        var pending = [Self.root + "/" + folder]
        while let path = pending.popLast() {
            let directory = try #require(opendir(path), "no folder \(path)")
            defer { closedir(directory) }
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                guard !name.hasPrefix(".") else { continue }
                if entry.pointee.d_type == UInt8(DT_DIR) { pending.append(path + "/" + name) }
                if name.hasSuffix(".swift") { found.append(path + "/" + name) }
            }
        }
        #expect(!found.isEmpty)
        return found
    }

    /// The package, seen from this file.
    private static var root: String {
        #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/" + $1 }
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
