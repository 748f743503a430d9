internal import ArgumentParser
internal import Lab

/// `martlet lab live`: four channels at once, over a link that one turns at.
struct LabLiveCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "live",
        abstract: "Turn at a link, and watch what four kinds of channels make of it.",
        usage: "martlet lab live [options]",
        discussion: """
            martlet lab live        four channels side by side, messages to ourselves

            Arrow keys choose what to turn at and turn it: loss, bursts, delay, jitter and
            rate of the link, number and size of messages. q ends. Each channel has a
            connection and a link of its own, so that none disturbs the others.
            Without a terminal it prints a line for each channel every ten seconds.
            """)

    @Option(help: ArgumentHelp("End after messages have flowed for so long: 30s, 5m.", valueName: "duration"))
    var duration: DurationArgument?

    @OptionGroup var speech: OutputOptions

    static let environmentFlags = [EnvironmentFlag("duration", .value)] + OutputOptions.environmentFlags

    func perform(on console: Console) async throws(CommandFailure) {
        let partner = PairLivePartner(agent: Program.agent)
        let live = LabLive(partner: partner, settings: LabLiveSettings())
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
