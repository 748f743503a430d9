internal import JSON
internal import Martlet
internal import NetworkIO
internal import Signaling
internal import Wire

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The two texts that people carry: shows ours, asks for theirs.
struct OfflineExchange: Sendable {
    let options: OfflineOptions
    let server: ServerOptions
    /// Standard output is for data.
    let keepsOutputFree: Bool
    let console: Console

    /// How long each of the two waits for the other.
    var patience: Duration { server.expire.duration }

    /// When our description is of no use any more, in seconds since 1970.
    var expires: Int64 { Self.now + patience.components.seconds }

    static var now: Int64 { Int64(time(nil)) }

    /// Says once what this way of connecting rests on.
    func begin() {
        console.say(
            """
            No server takes part. Two texts are carried by hand, an offer and its answer; whoever can exchange them \
            on their way can stand in between. So carry them over a way that you trust, and compare the three words \
            that both sides show at the end.
            """)
    }

    // MARK: Ours

    func show(_ paste: OfflinePaste) {
        let text = paste.text
        console.event(
            "description",
            [
                "kind": .string(paste.kind.rawValue), "form": .string(Self.form(of: text).rawValue),
                "text": .string(text), "expires": paste.expires.map { .integer($0) } ?? .null,
            ])
        // Without the text the command would be of no use, however quiet.
        if console.isQuiet { return keepsOutputFree ? console.warn(text) : console.result(text) }
        console.say(
            paste.kind == .offer
                ? "This is the offer; the other side's “martlet receive --offline”, or a page of Martlet, asks for it:"
                : "This is the answer; the other side asks for it:")
        console.draw("")
        console.draw(text)
        console.draw("")
        if server.qr ?? console.hasBar { drawCode(text) }
    }

    /// What could not be said compactly is complete.
    private static func form(of text: String) -> OfflinePaste.Form { text.hasPrefix("{") ? .complete : .compact }

    /// Lines of the terminal that others have: the text, and the question below.
    private static let otherLineCount = 5

    private func drawCode(_ text: String) {
        guard let matrix = QRMatrix(text) else {
            if server.qr == true { console.say("It is too long for a QR code.") }
            return
        }
        let code = QRCode(matrix: matrix)
        let (columns, rows) = console.facts.size()
        // A code with broken lines is of no use; one that pushes the text away is so only when it was not asked for.
        guard code.columns <= columns else {
            if server.qr == true { console.say("Its QR code is wider than this terminal.") }
            return
        }
        if server.qr == nil, code.rowCount + Self.otherLineCount + text.utf8.count / columns > rows { return }
        for line in code.lines(console.facts.hasColour ? .explicit : .drawn) { console.draw(line) }
    }

    // MARK: Theirs

    /// Asks until there is one that fits.
    ///
    /// - Parameter check: throws what is wrong with a paste.
    func ask(
        for kind: OfflineKind, _ check: @Sendable (OfflinePaste) throws(OfflineError) -> Void
    ) async throws(CommandFailure) -> OfflinePaste {
        let deadline = NetworkLoop.shared.now().advanced(by: patience)
        let isTerminal = console.facts.inputIsTerminal
        console.event("waiting", ["seconds": .integer(patience.components.seconds), "for": .string(kind.rawValue)])
        while true {
            if isTerminal { console.prompt("Paste the \(kind.rawValue) here: ") }
            let input = PasteInput(isTerminal: isTerminal, deadline: deadline) { [console] in
                console.warn("This is not all of it: paste the rest, or press the return key to begin again.")
            }
            let problem: OfflineError
            switch await input.read() {
            case .paste(let paste):
                do throws(OfflineError) {
                    try check(paste)
                    if console.facts.inputIsTerminal { console.say("Thank you, it is whole.") }
                    return paste
                } catch { problem = error }
            case .refused(let error): problem = error
            case .ended(let error): throw CommandFailure(error, endedBefore: kind)
            case .timedOut:
                throw CommandFailure(
                    .nobodyCame, "No \(kind.rawValue) was pasted within \(DurationText.text(patience)).",
                    remedy: "the same command again, with a longer --expire")
            case .cancelled: throw CommandFailure(any: CancellationError())
            }
            guard isTerminal else { throw CommandFailure(problem, awaited: kind) }
            console.warn("Not accepted: \(problem).")
        }
    }

    // MARK: The connection

    /// For a side that is there: its person may yet have to press a button.
    private static let connectingTime = Duration.seconds(180)

    /// Shows an offer, asks for its answer and connects.
    func offer(
        prepare: @escaping PeerConnector.Preparation<TransferChannels>
    ) async throws(CommandFailure) -> TransferPeer {
        let meeting: OfflineMeeting<TransferChannels>
        do throws(PeerConnectorError) {
            meeting = try await .offer(
                expires: expires, form: options.form, configuration: .init(patience: Self.connectingTime),
                prepare: prepare)
        } catch { throw CommandFailure(error) }
        show(meeting.paste)
        let answer: OfflinePaste
        do throws(CommandFailure) {
            answer = try await ask(for: .answer) { paste throws(OfflineError) in
                try paste.checkIsAnswer(to: meeting.paste.identifier, at: Self.now)
            }
        } catch {
            await meeting.close()
            throw error
        }
        console.say("Connecting …")
        do throws(PeerConnectorError) { return try await meeting.connect(answer, within: Self.connectingTime) } catch {
            throw CommandFailure(error)
        }
    }

    /// Asks for an offer, shows the answer and waits for the other side.
    func answer(
        prepare: @escaping PeerConnector.Preparation<TransferChannels>
    ) async throws(CommandFailure) -> TransferPeer {
        let offer = try await ask(for: .offer) { paste throws(OfflineError) in try paste.checkIsOffer(at: Self.now) }
        // Whoever wrote JSON may be somebody who reads nothing else.
        let form = offer.form == .complete ? .complete : options.form
        let meeting: OfflineMeeting<TransferChannels>
        do throws(PeerConnectorError) {
            meeting = try await .answer(offer, expires: expires, form: form, patience: patience, prepare: prepare)
        } catch { throw CommandFailure(error) }
        show(meeting.paste)
        console.say("Waiting for the other side, which connects when it has the answer. (Ctrl-C ends it)")
        console.event("waiting", ["seconds": .integer(patience.components.seconds), "for": .string("connection")])
        do throws(PeerConnectorError) { return try await meeting.connect(within: patience) } catch {
            throw CommandFailure(error)
        }
    }
}
