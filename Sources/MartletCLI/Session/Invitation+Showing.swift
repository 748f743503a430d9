internal import JSON
internal import Signaling

extension Invitation {
    /// Shows the ways to us.
    ///
    /// - Parameter isSending: whether the other side may also be a terminal.
    func show(isSending: Bool, _ options: ServerOptions, on console: Console) {
        console.event(
            "link",
            [
                "link": .string(best.text), "local": .string(local.text),
                "all": .array((outward + [local]).map { .string($0.text) }),
            ])
        // Without the link the command would be of no use, however quiet.
        if console.isQuiet { return console.result(best.text) }
        // Where nothing wraps, lines may be as long as they are.
        let columns = console.facts.errorIsTerminal ? console.facts.size().columns : .max
        for line in lines(isSending: isSending, columns: columns) { console.say(line) }
        if options.qr ?? console.hasBar { Self.draw(best, on: console) }
        if outward.isEmpty {
            console.say("Only this machine can connect\(options.local ? "." : ": it has no network address.")")
        }
    }

    private static func draw(_ link: RoomLink, on console: Console) {
        guard let matrix = QRMatrix(link.text) else { return }
        let code = QRCode(matrix: matrix)
        // A code with broken lines is of no use.
        guard code.columns <= console.facts.size().columns else { return }
        for line in code.lines(console.facts.hasColour ? .explicit : .drawn) { console.say(line) }
    }
}
