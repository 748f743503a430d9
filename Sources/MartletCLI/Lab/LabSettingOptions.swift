internal import ArgumentParser
internal import Lab

/// The options that describe scenarios. Where LIST stands, several values may stand between commas, and all lists are
/// crossed.
struct LabSettingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Channels: ordered, unordered, with :rtx=N (maxRetransmits) or :life=N (maxPacketLifeTime, ms). (default: all, the classic four)",
            valueName: "list"))
    var channel: String?

    @Option(
        help: ArgumentHelp(
            "Loss of packets, independent of each other: 10%, or as a share below 1, 0.1. A bare 10 is refused.",
            valueName: "list"))
    var loss: String?

    @Option(
        help: ArgumentHelp(
            "Loss in bursts: 3:10% are 3 packets in a row on average, and 10% of all lost.", valueName: "mean:share"))
    var burst: String?

    @Option(help: ArgumentHelp("Time on the way, each way: 20ms, 100ms; 60s at most.", valueName: "list"))
    var delay: String?

    @Option(help: ArgumentHelp("Added to the delay, at random, up to so much; 60s at most.", valueName: "list"))
    var jitter: String?

    @Option(
        help: ArgumentHelp("1%:30ms lets 1% of the packets come 30 ms later than the others.", valueName: "share:time"))
    var reorder: String?

    @Option(help: ArgumentHelp("Packets that arrive twice: 1%.", valueName: "list"))
    var duplicate: String?

    @Option(
        help: ArgumentHelp(
            "The rate of the line: 5Mbit/s, or 625kB/s. 5M could be either, and is refused.", valueName: "list"))
    var bandwidth: String?

    @Option(help: ArgumentHelp("Room before that rate: 64kB. (default: 200 ms of it)", valueName: "list"))
    var queue: String?

    @Option(
        help: ArgumentHelp(
            """
            3s+500ms: nothing passes from 3 s on, for 500 ms. Several hold together. 20s at most, with a browser 12s: \
            a longer one ends the connection.
            """, valueName: "start+length"))
    var blackout: String?

    @Option(help: ArgumentHelp("What is otherwise on the way back: loss=0,delay=10ms.", valueName: "key=value"))
    var back: String?

    @Option(help: ArgumentHelp("Bytes of a message, 24 to 262144: 200, 16kB. (default: 200)", valueName: "list"))
    var size: String?

    @Option(
        help: ArgumentHelp(
            "Messages a second, 0.01 to 100000: 60, or max for as fast as possible. (default: 50)", valueName: "list"))
    var rate: String?

    @Option(help: ArgumentHelp("How long messages are sent: 10s, 2m; 1h at most. (default: 10s)", valueName: "time"))
    var duration: String?

    @Option(help: ArgumentHelp("What comes later than this is late. (default: 200ms)", valueName: "time"))
    var late: String?

    @Option(help: ArgumentHelp("Who sends: here or peer. (default: here)", valueName: "side"))
    var from: String?

    @Option(
        help: ArgumentHelp(
            "Repeat: 3 are the seeds 1, 2, 3; 4,8,15 and 100-149 are themselves. 1000 at most. (default: 1)",
            valueName: "seeds"))
    var seeds: String?

    /// What was given, in the order of the help.
    var written: [(setting: LabSetting, text: LabWritten)] {
        let values: [(LabSetting, String?)] = [
            (.channel, channel), (.loss, loss), (.burst, burst), (.delay, delay), (.jitter, jitter),
            (.reorder, reorder),
            (.duplicate, duplicate), (.bandwidth, bandwidth), (.queue, queue), (.blackout, blackout), (.back, back),
            (.size, size), (.rate, rate), (.duration, duration), (.late, late), (.from, from), (.seeds, seeds),
        ]
        return values.compactMap { setting, value in
            value.map { (setting, LabWritten($0, at: "--\(setting.rawValue)")) }
        }
    }

    /// The variables bear the lab's name: several of these names mean something else elsewhere.
    static let environmentFlags = LabSetting.allCases.map { EnvironmentFlag(lab: $0.rawValue, .value) }
}

extension EnvironmentFlag {
    /// A flag of the lab, `--loss` by MARTLET_LAB_LOSS.
    init(lab name: String, _ kind: Kind) {
        self.init(name, kind, variable: EnvironmentFlag("lab-\(name)", kind).variable)
    }
}
