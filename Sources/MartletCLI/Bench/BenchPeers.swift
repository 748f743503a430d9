internal import Dispatch
internal import FoundationEssentials
internal import Martlet
internal import NetworkIO

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The two lines of JSON that the processes exchange before they are connected.
private struct Line: Codable {
    var type: String
    var sdp: String

    static func encode(_ description: SessionDescription) throws -> String {
        let line = Line(type: description.type.rawValue, sdp: description.sdp)
        return String(decoding: try JSONEncoder().encode(line), as: UTF8.self)
    }

    static func decode(_ text: String?) throws -> SessionDescription {
        guard let text, let line = try? JSONDecoder().decode(Line.self, from: Data(text.utf8)),
            let type = SessionDescription.Kind(rawValue: line.type)
        else { throw BenchFailure(description: "the other process did not send its description") }
        return SessionDescription(type: type, sdp: line.sdp)
    }
}

struct BenchFailure: Error, CustomStringConvertible {
    var description: String
}

extension BenchFailure {
    init(_ error: ChildProcessError) {
        switch error {
        case .notStarted(let program, let reason):
            description = "\(program) could not be started: \(reason)"
        case .notReading: description = "the other process does not read"
        case .ended, .lineTooLong, .silent: description = "the other process did not send its description"
        case .cancelled: description = "it was canceled"
        }
    }
}

/// Starts the receiving process, connects to it and sends.
struct BenchSender {
    let byteCount: Int
    let messageByteCount: Int

    func run() async throws -> BenchReport {
        do {
            let child = try ChildProcess([Self.ownPath, "bench", "--receiver"])
            let result: Result<BenchReport, any Error>
            do { result = .success(try await measure(child)) } catch { result = .failure(error) }
            await child.end()
            return try result.get()
        } catch let error as ChildProcessError {
            throw BenchFailure(error)
        }
    }

    private func measure(_ child: ChildProcess) async throws -> BenchReport {
        let connection = try PeerConnection()
        let channel = try await connection.createDataChannel("bench")
        try await connection.setLocalDescription()
        try await child.write(line: try Line.encode(try await connection.gatheredLocalDescription()))
        try await connection.setRemoteDescription(try Line.decode(await child.readLine()))
        try await channel.opened()

        let before = ProcessUsage.current()
        let start = ContinuousClock.now
        try await channel.send("\(byteCount)")
        let block = [UInt8](repeating: 0x6D, count: messageByteCount)
        var left = byteCount
        while left > 0 {
            // Some messages at a time: crossing to the loop costs more than queueing.
            var batch: [DataChannelMessage] = []
            while left > 0, batch.count < 16 {
                batch.append(.binary(left >= block.count ? block : Array(block.prefix(left))))
                left -= min(left, block.count)
            }
            try await channel.send(contentsOf: batch)
        }
        var result: BenchSide?
        for try await message in channel.messages {
            guard case .text(let text) = message else { continue }
            result = try JSONDecoder().decode(BenchSide.self, from: Data(text.utf8))
            break
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let after = ProcessUsage.current()
        await connection.close()
        guard let receiver = result else {
            throw BenchFailure(description: "the receiving process ended before it reported")
        }
        guard receiver.bytes == byteCount else {
            throw BenchFailure(description: "the receiver got \(receiver.bytes) of \(byteCount) bytes")
        }
        let sender = BenchSide(bytes: byteCount, seconds: seconds, usage: after, since: before)
        return BenchReport(
            messageBytes: messageByteCount, megabytesPerSecond: receiver.megabytesPerSecond, sender: sender,
            receiver: receiver)
    }

    /// This program, once more.
    private static var ownPath: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return CommandLine.arguments[0] }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Answers on standard input and output, takes what comes and reports it over the channel.
struct BenchReceiver {
    func run() async throws {
        let connection = try PeerConnection()
        try await connection.setRemoteDescription(try Line.decode(readLine()))
        // Whoever started this one is gone when its input ends. Not by `readLine`, which holds what `fflush` waits for.
        DispatchQueue.global().async {
            var byte: UInt8 = 0
            while systemRead(0, &byte) > 0 {}
            endProcess(1)
        }
        try await connection.setLocalDescription()
        writeToStandardOutput(line: try Line.encode(try await connection.gatheredLocalDescription()))
        for await event in connection.events {
            guard case .dataChannel(let channel) = event else { continue }
            try await receive(channel)
            await channel.closed()
            break
        }
        await connection.close()
    }

    private func receive(_ channel: DataChannel) async throws {
        var expected: Int?
        var received = 0
        var start = ContinuousClock.now
        var before = ProcessUsage.current()
        for try await message in channel.messages {
            switch message {
            case .text(let text):
                expected = Int(text)
                start = ContinuousClock.now
                before = ProcessUsage.current()
            case .binary(let bytes):
                received += bytes.count
            }
            if let expected, received >= expected { break }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let side = BenchSide(bytes: received, seconds: seconds, usage: .current(), since: before)
        try await channel.send(String(decoding: try JSONEncoder().encode(side), as: UTF8.self))
    }
}

/// `exit(3)` and `read(2)`, out of reach of methods of those names.
private func endProcess(_ status: Int32) { exit(status) }

private func systemRead(_ descriptor: Int32, _ byte: inout UInt8) -> Int { read(descriptor, &byte, 1) }
