// A WebRTC peer whose signaling is its standard input and output, to put any other stack across from Martlet.
//
//   swift run SignalingPeer offer|answer [--mode echo|blast] [--label L] [--unordered] [--max-retransmits N]
//       [--max-packet-life-time MS] [--protocol P] [--negotiated ID] [--bytes N] [--message-size N] [--stun HOST:PORT]
//
// One line of JSON {"type","sdp"} goes out and one comes in, complete descriptions both. `echo` returns every message
// as it came until the connection ends. `blast` (on one side; the other may be `echo --no-echo`, a sink) sends bytes
// and prints what arrived, as JSON.

import FoundationEssentials
import Martlet

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct Description: Codable {
    var type: String
    var sdp: String
}

struct Report: Codable {
    var label: String
    var ordered: Bool
    var maxRetransmits: UInt16?
    var maxPacketLifeTime: UInt16?
    var `protocol`: String
    var id: UInt16?
    var sentBytes = 0
    var receivedMessages = 0
    var receivedBytes = 0
    var seconds = 0.0
}

struct Usage: Error, CustomStringConvertible {
    var description: String
}

struct Arguments {
    var isOfferer = false
    var mode = "echo"
    var echoes = true
    var label = "peer"
    var options = DataChannelOptions()
    var byteCount = 16 * 1024 * 1024
    var messageSize = 65_536
    var stun: [ICEServer] = []

    init(_ words: [String]) throws {
        var words = words[...]
        func value(_ name: String) throws -> String {
            guard let word = words.popFirst() else { throw Usage(description: "\(name) needs a value") }
            return word
        }
        func number<Value: FixedWidthInteger>(_ name: String) throws -> Value {
            guard let number = Value(try value(name)) else { throw Usage(description: "\(name) needs a number") }
            return number
        }
        guard let role = words.popFirst(), ["offer", "answer"].contains(role) else {
            throw Usage(description: "the first argument is offer or answer")
        }
        isOfferer = role == "offer"
        while let word = words.popFirst() {
            switch word {
            case "--mode": mode = try value(word)
            case "--no-echo": echoes = false
            case "--label": label = try value(word)
            case "--unordered": options.ordered = false
            case "--max-retransmits": options.maxRetransmits = try number(word)
            case "--max-packet-life-time": options.maxPacketLifeTime = try number(word)
            case "--protocol": options.protocol = try value(word)
            case "--negotiated": (options.negotiated, options.id) = (true, try number(word))
            case "--bytes": byteCount = try number(word)
            case "--message-size": messageSize = max(1, try number(word))
            case "--stun": stun = [ICEServer(urls: ["stun:\(try value(word))"])]
            default: throw Usage(description: "unknown option \(word)")
            }
        }
        guard ["echo", "blast"].contains(mode) else { throw Usage(description: "--mode is echo or blast") }
    }
}

func emit(_ value: some Encodable) throws {
    print(String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
    fflush(nil)
}

func complain(_ text: String) {
    var line = Array((text + "\n").utf8)
    write(2, &line, line.count)
}

func readDescription() throws -> SessionDescription {
    guard let line = readLine(), let description = try? JSONDecoder().decode(Description.self, from: Data(line.utf8)),
        let kind = SessionDescription.Kind(rawValue: description.type)
    else { throw Usage(description: "expected one line of JSON with a description on standard input") }
    return SessionDescription(type: kind, sdp: description.sdp)
}

/// Exchanges descriptions; returns the channel that the exchange was for.
func connect(_ connection: PeerConnection, _ arguments: Arguments) async throws -> DataChannel {
    var channel: DataChannel?
    if arguments.isOfferer || arguments.options.negotiated {
        channel = try await connection.createDataChannel(arguments.label, arguments.options)
    }
    if arguments.isOfferer {
        try await connection.setLocalDescription(try await connection.createOffer())
    } else {
        try await connection.setRemoteDescription(try readDescription())
        try await connection.setLocalDescription(try await connection.createAnswer())
    }
    let local = try await connection.gatheredLocalDescription()
    try emit(Description(type: local.type.rawValue, sdp: local.sdp))
    if arguments.isOfferer { try await connection.setRemoteDescription(try readDescription()) }
    if let channel { return channel }
    for await event in connection.events {
        if case .dataChannel(let incoming) = event { return incoming }
        if case .connectionStateChange(.failed) = event { break }
    }
    throw Usage(description: "the connection ended before the other side opened a channel")
}

func echo(_ channel: DataChannel, echoes: Bool, into report: inout Report) async throws {
    for try await message in channel.messages {
        report.receivedMessages += 1
        report.receivedBytes += message.byteCount
        if echoes { try await channel.send(contentsOf: CollectionOfOne(message)) }
    }
}

func blast(_ channel: DataChannel, _ arguments: Arguments, into report: inout Report) async throws {
    async let arrived = count(channel, upTo: arguments.byteCount)
    let block = [UInt8](repeating: 0x6D, count: arguments.messageSize)
    while report.sentBytes < arguments.byteCount {
        let size = min(block.count, arguments.byteCount - report.sentBytes)
        try await channel.send(size == block.count ? block : Array(block.prefix(size)))
        report.sentBytes += size
    }
    try await channel.drained()
    (report.receivedMessages, report.receivedBytes) = try await arrived
}

/// Counts what comes back until it is all there or nothing has come for three seconds.
func count(_ channel: DataChannel, upTo byteCount: Int) async throws -> (messages: Int, bytes: Int) {
    var (messages, bytes) = (0, 0)
    let quiet = Duration.seconds(3)
    var iterator = channel.messages.makeAsyncIterator()
    while bytes < byteCount {
        let watchdog = Task {
            try await Task.sleep(for: quiet)
            channel.close()
        }
        let message = try await iterator.next()
        watchdog.cancel()
        guard let message else { break }
        messages += 1
        bytes += message.byteCount
    }
    return (messages, bytes)
}

do {
    let arguments = try Arguments(Array(CommandLine.arguments.dropFirst()))
    let connection = try PeerConnection(configuration: .init(iceServers: arguments.stun))
    let channel = try await connect(connection, arguments)
    try await channel.opened()
    var report = Report(
        label: channel.label, ordered: channel.ordered, maxRetransmits: channel.maxRetransmits,
        maxPacketLifeTime: channel.maxPacketLifeTime, protocol: channel.protocol, id: channel.id)
    let start = ContinuousClock.now
    do {
        if arguments.mode == "echo" {
            try await echo(channel, echoes: arguments.echoes, into: &report)
        } else {
            try await blast(channel, arguments, into: &report)
        }
    } catch let error as MartletError where arguments.mode == "echo" {
        // The other side went away without closing the channel; the report says what came until then.
        complain("ended: \(error)")
    }
    let elapsed = ContinuousClock.now - start
    report.seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
    try emit(report)
    await connection.close()
} catch {
    complain("error: \(error)")
    exit(1)
}
