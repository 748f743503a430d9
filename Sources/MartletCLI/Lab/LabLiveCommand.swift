internal import ArgumentParser
internal import Lab
internal import Wire

/// `martlet lab live`: four channels at once, over a link that one turns at.
struct LabLiveCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "live",
        abstract: "Turn at a link, and watch what four kinds of channels make of it.",
        usage: "martlet lab live [options]",
        discussion: """
            martlet lab live        four channels side by side, messages to ourselves
            martlet lab live --peer page   to a page, which shows the same and turns too

            Arrow keys choose what to turn at and turn it: loss, bursts, delay, jitter and
            rate of the link, number and size of messages. q ends. Each channel has a
            connection and a link of its own, so that none disturbs the others.
            Without a terminal it prints a line for each channel every ten seconds.
            """)

    @Option(
        help: ArgumentHelp(
            "Who the messages go to: self, page or terminal, which come by a link, or chromium or firefox, which are opened.",
            valueName: "who"))
    var peer = LabPeer.own

    @Flag(help: "A browser that is opened shows no window.")
    var headless = false

    @Option(help: ArgumentHelp("Loss of packets to begin with: 5%.", valueName: "share"))
    var loss: String?

    @Option(help: ArgumentHelp("Time on the way to begin with, each way: 50ms.", valueName: "time"))
    var delay: String?

    @Option(help: ArgumentHelp("Added to the delay, at random, up to so much.", valueName: "time"))
    var jitter: String?

    @Option(help: ArgumentHelp("The rate of the line to begin with: 1Mbit/s. (default: no limit)", valueName: "rate"))
    var bandwidth: String?

    @Option(help: ArgumentHelp("Bytes of a message to begin with: 300, 16kB.", valueName: "bytes"))
    var size: String?

    @Option(help: ArgumentHelp("Messages a second to begin with, 1 to 500.", valueName: "number"))
    var rate: String?

    @Option(help: ArgumentHelp("End after messages have flowed for so long: 30s, 5m.", valueName: "time"))
    var duration: DurationArgument?

    @OptionGroup var server: ServerOptions
    @OptionGroup var speech: OutputOptions

    static let environmentFlags =
        [EnvironmentFlag(lab: "peer", .value), EnvironmentFlag(lab: "headless", .switch)]
        + ["loss", "delay", "jitter", "bandwidth", "size", "rate", "duration"].map { EnvironmentFlag(lab: $0, .value) }
        + ServerOptions.environmentFlags + OutputOptions.environmentFlags

    /// What it begins with: what the options say, read as those of experiments are.
    func settings() throws(CommandFailure) -> LabLiveSettings {
        var settings = LabLiveSettings()
        let written: [(LabSetting, String?)] = [
            (.loss, loss), (.delay, delay), (.jitter, jitter), (.bandwidth, bandwidth), (.size, size), (.rate, rate),
        ]
        var draft = LabPlanDraft()
        draft.set(.channel, LabWritten("ordered", at: "--channel"))
        for case (let setting, let text?) in written {
            draft.set(setting, LabWritten(text, at: "--\(setting.rawValue)"))
        }
        let scenarios: [LabScenario]
        do throws(LabPlanError) { scenarios = try draft.plan(medium: .shaped).scenarios } catch {
            throw CommandFailure(error)
        }
        guard scenarios.count == 1, let scenario = scenarios.first else {
            throw CommandFailure(.usage, "The live view begins with one value of each.", remedy: "--loss 5%")
        }
        let path = scenario.link.forward
        if loss != nil { settings.link.loss = path.loss }
        if delay != nil { settings.link.delay = path.delay.seconds * 1_000 }
        if jitter != nil { settings.link.jitter = path.jitter.seconds * 1_000 }
        if bandwidth != nil { settings.link.rate = path.rate.map { Double($0) } }
        if size != nil { settings.messageBytes = scenario.traffic.messageBytes }
        if rate != nil { settings.rate = scenario.traffic.rate ?? .infinity }
        guard settings == settings.clamped else {
            throw CommandFailure(
                .usage,
                "The live view takes delays up to 5 s, 10 kbit/s to 1 Gbit/s, 1 to 500 messages a second of at most 65,536 bytes.",
                remedy: "martlet lab for everything else")
        }
        return settings
    }

    func perform(on console: Console) async throws(CommandFailure) {
        let settings = try settings()
        guard peer.isRemote else {
            return try await show(PairLivePartner(agent: Program.agent), settings, on: console)
        }
        let room = LabRoom(
            options: server, client: try server.client(), peer: peer, isHeadless: headless, console: console)
        try await room.during { conductor throws(CommandFailure) in
            try await show(await RemoteLivePartner(conductor, agent: Program.agent), settings, on: console)
        }
    }

    private func show(
        _ partner: some LabLivePartner, _ settings: LabLiveSettings, on console: Console
    ) async throws(CommandFailure) {
        let live = LabLive(partner: partner, settings: settings)
        let outcome: Result<Void, LabError>
        do throws(LabError) {
            try await LabLiveShow(
                live, partner: partner.agents.partner, on: console, duration: duration?.duration
            ).run()
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await partner.close()
        if case .failure(let error) = outcome { throw CommandFailure(error) }
    }
}

extension LabLiveCommand {
    var speechOptions: OutputOptions { speech }
}
