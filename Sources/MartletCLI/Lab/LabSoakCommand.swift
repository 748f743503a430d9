internal import ArgumentParser
internal import JSON
internal import Lab

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// `martlet lab soak`: hours of the traffic on which the SCTP library can freeze, in virtual time.
struct LabSoakCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Run hours of difficult traffic through the engine, in virtual time.",
        usage: "martlet lab soak [options]",
        discussion: """
            martlet lab soak --hours 24

            Two stacks of ours in this process; a link that loses 0.1 to 1%; unordered messages
            of 128 to 256 KiB that may be given up, and reliable ones beside them, all on one
            connection. It fails when one of them does not move for a simulated minute, when
            what is sent does not arrive for two, when something wrong arrives, when memory
            grows, or when nothing returns for a minute.
            """)

    @Option(help: ArgumentHelp("Simulated hours, 0.001 to 1000.", valueName: "number"))
    var hours = 24.0

    @Option(help: ArgumentHelp("The dice of the link.", valueName: "number"))
    var seed: UInt64 = 1

    @OptionGroup var speech: OutputOptions

    static let environmentFlags =
        [EnvironmentFlag(lab: "hours", .value), EnvironmentFlag(lab: "seed", .value)] + OutputOptions.environmentFlags

    var speechOptions: OutputOptions { speech }

    private static let pause = Duration.milliseconds(500)

    func validate() throws {
        guard (0.001...1000).contains(hours) else { throw ValidationError("--hours is 0.001 to 1000") }
    }

    func perform(on console: Console) async throws(CommandFailure) {
        let watchdog = Self.watchdog(patience: .seconds(60), console, ending: endProcess)
        defer { watchdog.end() }
        do throws(LabError) { try await soak(watchdog, console) } catch {
            console.clearBar()
            throw CommandFailure(error)
        }
    }

    /// Watches over the library, and ends the process when it does not return: whoever hangs there can neither be
    /// cancelled nor freed.
    ///
    /// - Parameter end: gets the exit code.
    static func watchdog(
        patience: Duration, _ console: Console, ending end: @escaping @Sendable (Int32) -> Void
    ) -> Watchdog {
        Watchdog(patience: patience) {
            console.clearBar()
            let failure = CommandFailure(.other, "The SCTP library does not return any more: it has frozen.")
            console.report(failure)
            end(failure.status.rawValue)
        }
    }

    private func soak(_ watchdog: Watchdog, _ console: Console) async throws(LabError) {
        let soak = try watchdog.during { () throws(LabError) in try LabSoak(seed: seed) }
        defer { watchdog.during { soak.close() } }
        let length = Duration.seconds(hours * 3600)
        let clock = ContinuousClock()
        let began = clock.now
        var told = began
        var memory = MemoryWatch()
        while soak.elapsed < length {
            guard !Task.isCancelled else { throw .cancelled }
            // Not over what is told: whoever does not read it holds us up, and not the library.
            try watchdog.during { () throws(LabError) in try soak.advance(events: 1024) }
            await Task.yield()
            guard clock.now - told >= Self.pause else { continue }
            told = clock.now
            let bytes = ProcessUsage.current().peakMemoryBytes
            try memory.look(at: bytes, after: soak.elapsed)
            tell("lab-soak", soak, bytes, began.duration(to: told), console)
        }
        let bytes = ProcessUsage.current().peakMemoryBytes
        try memory.look(at: bytes, after: soak.elapsed)
        console.clearBar()
        let took = began.duration(to: clock.now)
        tell("lab-soak-end", soak, bytes, took, console)
        for line in Self.table(soak, took) { console.result(line) }
    }

    private func tell(_ event: String, _ soak: LabSoak, _ bytes: Int, _ took: Duration, _ console: Console) {
        let (sent, lost) = soak.datagrams
        let elapsed = Self.seconds(soak.elapsed)
        console.event(
            event,
            [
                ("simulated_seconds", .number(elapsed)), ("seconds", .number(Self.seconds(took))),
                ("datagrams", .integer(Int64(sent))), ("lost", .integer(Int64(lost))),
                ("forward_tsns", .integer(Int64(soak.forwardCount))), ("memory", .integer(Int64(bytes))),
                (
                    "channels",
                    .array(
                        soak.channels.map { channel in
                            .object([
                                "name": .string(channel.channel.name), "sent": .integer(Int64(channel.sent)),
                                "expired": .integer(Int64(channel.expired)),
                                "delivered": .integer(Int64(channel.delivered)),
                            ])
                        })
                ),
            ])
        guard console.hasBar, event == "lab-soak" else { return }
        let share = Int(elapsed * 100 / (hours * 3600))
        console.drawBar(
            "\(share)%  \(DurationText.text(soak.elapsed)) simulated  \(sent) datagrams  "
                + "\(Self.mebibytes(bytes)) MiB at most")
    }

    /// What came of it, for people.
    private static func table(_ soak: LabSoak, _ took: Duration) -> [String] {
        let (sent, lost) = soak.datagrams
        let rate = Int(seconds(soak.elapsed) / max(seconds(took), 0.001))
        return [
            "\(DurationText.text(soak.elapsed)) simulated in \(DurationText.text(took)), \(rate) times as fast; "
                + "\(mebibytes(ProcessUsage.current().peakMemoryBytes)) MiB of memory at most",
            "\(sent) datagrams, \(lost) of them lost; \(soak.forwardCount) FORWARD TSNs gave something up",
        ]
            + soak.channels.map { channel in
                let expired = channel.expired > 0 ? "; \(channel.expired) more expired before they could be sent" : ""
                return "  \(channel.channel.name): \(channel.delivered) of \(channel.sent) messages arrived\(expired)"
            }
    }

    private static func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
    private static func mebibytes(_ bytes: Int) -> Int { bytes / 1_048_576 }
}

/// `exit(3)`, out of reach of methods of that name.
private func endProcess(_ status: Int32) { exit(status) }
