internal import JSON
internal import Signaling

extension Invitation {
    /// Shows the ways to us.
    ///
    /// - Parameter isSending: whether the other side may also be a terminal.
    func show(isSending: Bool, _ options: ServerOptions, on console: Console) {
        tellCode(isSending: isSending, on: console)
        console.event(
            "link",
            [
                "link": .string(best.text), "local": .string(localLink.text),
                "all": .array(links.map { .string($0.text) }),
            ])
        // Without the link the command would be of no use, however quiet.
        if console.isQuiet { return console.result(best.text) }
        // Where nothing wraps, lines may be as long as they are.
        let columns = console.facts.errorIsTerminal ? console.facts.size().columns : .max
        let lines = lines(isSending: isSending, columns: columns)
        for line in lines { console.draw(line) }
        if options.qr ?? console.hasBar { Self.draw(best, below: options.qr == nil ? lines.count : nil, on: console) }
        if servers.isEmpty {
            console.say("Only this machine can connect\(options.local ? "." : ": it has no network address.")")
        }
    }

    /// The server is back and has given the room another number: the code is another one, and the old one is dead.
    func showOtherCode(isSending: Bool, on console: Console) {
        tellCode(isSending: isSending, on: console)
        guard let code else { return }
        let now = isSending ? command : code.text
        console.say("The old code is dead, because the server has given another number. Now it is: \(now)")
    }

    private func tellCode(isSending: Bool, on console: Console) {
        guard let code else { return }
        console.event(
            "code",
            [
                "code": .string(code.text), "number": .integer(Int64(code.number.value)),
                "server": .string(bestServer.address), "page": .string(bestServer.pageAddress),
                "command": isSending ? .string(command) : .null,
            ])
    }

    /// Lines of the terminal that others have: what is sent, and what happens next.
    private static let otherLineCount = 3

    /// - Parameter lineCount: the lines that must not leave the terminal because of the code; nil when it was asked
    ///   for.
    private static func draw(_ link: RoomLink, below lineCount: Int?, on console: Console) {
        guard let matrix = QRMatrix(link.text) else { return }
        let code = QRCode(matrix: matrix)
        let (columns, rows) = console.facts.size()
        // A code with broken lines is of no use.
        guard code.columns <= columns else { return }
        if let lineCount, lineCount + code.rowCount + otherLineCount > rows { return }
        for line in code.lines(console.facts.hasColour ? .explicit : .drawn) { console.draw(line) }
    }
}
