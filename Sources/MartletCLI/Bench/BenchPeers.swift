internal import FoundationEssentials
internal import Martlet

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

/// Starts the receiving process, connects to it and sends.
struct BenchSender {
    let byteCount: Int
    let messageByteCount: Int

    func run() async throws -> BenchReport {
        let child = try ChildProcess(arguments: ["bench", "--receiver"])
        let connection = try PeerConnection()
        let channel = try await connection.createDataChannel("bench")
        try await connection.setLocalDescription()
        try child.write(line: try Line.encode(try await connection.gatheredLocalDescription()))
        try await connection.setRemoteDescription(try Line.decode(child.readLine()))
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
}

/// Answers on standard input and output, takes what comes and reports it over the channel.
struct BenchReceiver {
    func run() async throws {
        let connection = try PeerConnection()
        try await connection.setRemoteDescription(try Line.decode(readLine()))
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
