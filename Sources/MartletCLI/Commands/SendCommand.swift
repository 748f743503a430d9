internal import ArgumentParser
internal import Signaling

/// `martlet send`: offers files to one receiver.
struct SendCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send files to a browser or to another terminal.",
        usage: "martlet send [options] FILE…",
        discussion: """
            martlet send film.mkv         prints a link and a QR code, and waits
            martlet send *.jpg notes.txt  several files at once
            martlet send --local a.iso    only to this machine

            The link is for one receiver, and whoever holds it gets the files. It is
            stale when they are received, or when the command ends.
            """,
        aliases: ["tx"])

    @Argument(help: ArgumentHelp("The files to send.", valueName: "file"), completion: .file())
    var files: [String]

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    static let environmentFlags = ServerOptions.environmentFlags + OutputOptions.environmentFlags

    func perform(on console: Console) async throws(CommandFailure) {
        let side = try SendingSide(paths: files, console: console)
        console.say(side.summary)
        try await WaitingRoom.run(
            side, isSending: true, server, on: console, invitation: "Waiting for somebody to open the link.")
    }
}
