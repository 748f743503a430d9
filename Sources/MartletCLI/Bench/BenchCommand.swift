internal import ArgumentParser
internal import FoundationEssentials
internal import Martlet

/// `martlet bench`: how fast this machine moves data between two processes of the engine over loopback.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure the engine between two processes on this machine.",
        discussion: """
            One reliable ordered channel over loopback UDP, DTLS and SCTP at 1191-byte packets: what a transfer between \
            two programs can reach where the network is no limit. Prints speed, CPU seconds per GiB and peak memory of \
            each side.
            """)

    @Option(help: "How much to send, in MiB.")
    var size = 1024

    @Option(help: "Bytes in each message, 1 to 262144.")
    var messageSize = 65_536

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    @Flag(help: .hidden)
    var receiver = false

    func validate() throws {
        guard (1...1_048_576).contains(size) else { throw ValidationError("--size is 1 to 1048576 MiB") }
        guard (1...262_144).contains(messageSize) else { throw ValidationError("--message-size is 1 to 262144") }
    }

    func run() async throws {
        if receiver {
            try await BenchReceiver().run()
        } else {
            let report = try await BenchSender(byteCount: size * 1_048_576, messageByteCount: messageSize).run()
            print(json ? try report.json : report.table)
        }
    }
}

/// What one process used.
struct BenchSide: Codable {
    var bytes: Int
    var seconds: Double
    var cpuSecondsPerGiB: Double
    var peakMemoryMiB: Double

    init(bytes: Int, seconds: Double, usage: ProcessUsage, since start: ProcessUsage) {
        self.bytes = bytes
        self.seconds = seconds
        cpuSecondsPerGiB = (usage.cpuSeconds - start.cpuSeconds) / max(Double(bytes) / 1_073_741_824, 1e-9)
        peakMemoryMiB = Double(usage.peakMemoryBytes) / 1_048_576
    }

    var megabytesPerSecond: Double { Double(bytes) / 1e6 / max(seconds, 1e-9) }
}

struct BenchReport: Codable {
    var messageBytes: Int
    var megabytesPerSecond: Double
    var sender: BenchSide
    var receiver: BenchSide

    var json: String {
        get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
    }

    var table: String {
        func row(_ name: String, _ side: BenchSide) -> String {
            "  \(name)  \(Self.tenths(side.cpuSecondsPerGiB)) CPU s/GiB   \(Self.tenths(side.peakMemoryMiB)) MiB peak memory"
        }
        return """
            \(Self.tenths(megabytesPerSecond)) MB/s: \(sender.bytes / 1_048_576) MiB in messages of \(messageBytes) bytes, \
            reliable and ordered, over loopback
            \(row("sender  ", sender))
            \(row("receiver", receiver))
            """
    }

    private static func tenths(_ value: Double) -> String {
        let scaled = Int((value * 10).rounded())
        return "\(scaled / 10).\(scaled % 10)"
    }
}
