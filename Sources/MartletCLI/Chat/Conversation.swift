internal import Chat
internal import Martlet
internal import NetworkIO
internal import Synchronization
internal import Transfer
internal import Wire

/// A talk with what belongs to it on this side: who types, what is shown, what is done with files, and how it ends.
final class Conversation: Sendable {
    struct Manners: Sendable {
        /// Files are saved without asking.
        var acceptsAll: Bool
        /// The end of the input is the end of the talk, once all is delivered.
        var endsWithInput: Bool
    }

    private struct State {
        var hasLeft = false
        /// The person was told that files are under way, and may leave anyway.
        var isWarned = false
        var failure: CommandFailure?
    }

    let talk: ChatTalk
    let narrator: ChatNarrator
    private let manners: Manners
    private let console: Console
    private let state = Mutex(State())
    private let inputIsOver = Latch()

    init(_ settings: ChatSettings, folder: ChatFolder, manners: Manners, narrator: ChatNarrator) {
        self.manners = manners
        self.narrator = narrator
        console = narrator.console
        let reception = ChatReception(existing: .rename) { () throws(TransferError) in try folder.open() }
        let happened = Happened()
        talk = ChatTalk(settings, receive: reception) { event in await happened.handle(event) }
        happened.conversation = self
    }

    /// Talks until one of both sides ends it.
    ///
    /// - Parameters:
    ///   - limit: how long nobody may be there; nil where that is the talk's affair.
    ///   - body: brings the talk together.
    func run(
        expiring limit: Duration? = nil,
        _ body: @escaping @Sendable (ChatTalk) async throws(ChatError) -> Void
    ) async throws(CommandFailure) {
        let screen = narrator.isInteractive ? makeScreen() : nil
        let input = Task { await read(screen) }
        let drawing = Task { await keepDrawing(screen) }
        let expiry = Task { await expire(after: limit) }
        let outcome: Result<Void, ChatError>
        do throws(ChatError) { outcome = .success(try await body(talk)) } catch { outcome = .failure(error) }
        for task in [drawing, expiry] { task.cancel() }
        inputIsOver.set()
        input.cancel()
        _ = await input.value
        try end(outcome)
    }

    private func end(_ outcome: Result<Void, ChatError>) throws(CommandFailure) {
        if Task.isCancelled { throw CommandFailure(.interrupted, "The talk was ended.") }
        let (hasLeft, failure) = state.withLock { ($0.hasLeft, $0.failure) }
        if let failure { throw failure }
        if case .failure(let error) = outcome, !hasLeft { throw CommandFailure(error) }
        guard !manners.endsWithInput || narrator.isAllDelivered else {
            throw CommandFailure(
                .vanished, "Not all that was said was delivered: the other side vanished.",
                remedy: "the same command again")
        }
    }

    /// Leaves for good.
    func leave(_ failure: CommandFailure? = nil) async {
        state.withLock { state in
            state.hasLeft = true
            state.failure = state.failure ?? failure
        }
        inputIsOver.set()
        await talk.leave()
    }

    /// Waits for somebody to come, and for somebody to come back when all have left.
    private func expire(after limit: Duration?) async {
        guard let limit else { return }
        while !Task.isCancelled {
            let now = NetworkLoop.shared.now()
            let (since, hasMet) = narrator.state.withLock { ($0.emptySince, $0.hasMet) }
            let left = since.map { now.duration(to: $0.advanced(by: limit)) } ?? limit
            if left <= .zero {
                let time = DurationText.text(limit)
                guard !hasMet else {
                    narrator.remark("Nobody has come back within \(time).")
                    return await leave()
                }
                return await leave(
                    CommandFailure(
                        .nobodyCame, "Nobody came within \(time); the link is stale now.",
                        remedy: "the same command again, with a longer --expire"))
            }
            try? await Task.sleep(for: left)
        }
    }

    // MARK: What happens

    /// Hands on what the talk tells; the talk is there before whoever listens.
    private final class Happened: Sendable {
        private let state = Mutex<Weak>(Weak())

        private struct Weak {
            weak var conversation: Conversation?
        }

        var conversation: Conversation? {
            get { state.withLock { $0.conversation } }
            set { state.withLock { $0.conversation = newValue } }
        }

        func handle(_ event: ChatEvent) async {
            await conversation?.handle(event)
        }
    }

    private func handle(_ event: ChatEvent) async {
        switch event {
        case .joined(let member):
            let words = console.isJSON ? await talk.words().first { $0.0.id == member.id }?.1 : nil
            narrator.joined(member, path: await path(to: member), words: words)
        case .fileOffered(let number, _, _):
            narrator.handle(event)
            if manners.acceptsAll {
                Task { await accept(number) }
            } else if !narrator.isInteractive {
                // Nobody can be asked.
                narrator.remark("It is declined: -y takes files where there is no terminal.")
                Task { await decline(number) }
            }
        default: narrator.handle(event)
        }
    }

    private func path(to member: ChatMember) async -> String? {
        let own = ((try? NetworkInterface.all(includingLoopback: true)) ?? []).map(\.address)
        let path = await talk.paths().first { $0.0.id == member.id }?.1
        return path.map { PathDescription($0, ownAddresses: own).text }
    }

    /// Each with how it is connected, in words.
    func paths() async -> [(name: String, path: String)] {
        let own = ((try? NetworkInterface.all(includingLoopback: true)) ?? []).map(\.address)
        return await talk.paths().map { member, path in
            (member.name, path.map { PathDescription($0, ownAddresses: own).text } ?? "not connected at the moment")
        }
    }

    // MARK: The person

    private func makeScreen() -> ChatScreen {
        let screen = ChatScreen(on: console) { [narrator] columns in narrator.above(columns: columns) }
        narrator.whenChanged { [weak screen] in screen?.draw() }
        return screen
    }

    private func read(_ screen: ChatScreen?) async {
        guard let screen else { return await readLines() }
        let name = narrator.state.withLock { $0.ownName }
        narrator.answer("You are \(ChatLines.shown(name: name)); /name NAME changes that, /help lists the rest.")
        let (typing, told) = AsyncStream.makeStream(of: Bool.self, bufferingPolicy: .bufferingNewest(1))
        let teller = Task { [talk] in for await isTyping in typing { await talk.setTyping(isTyping) } }
        await screen.run(until: inputIsOver) { [weak self] action in
            switch action {
            case .typed(let isMessage): told.yield(isMessage)
            case .entered(let text): await self?.perform(ChatInput(text))
            case .ended: await self?.perform(.command(.quit, argument: ""))
            }
        }
        told.finish()
        await teller.value
        // The terminal has gone away.
        if !inputIsOver.isSet { await leave() }
    }

    /// Lines of a pipe: each is said, whatever it is.
    private func readLines() async {
        let isPerson = console.facts.inputIsTerminal && !console.isJSON
        let lines = PipedLines()
        while let line = await lines.next(until: inputIsOver) {
            if isPerson {
                await perform(ChatInput(line))
            } else if !line.isEmpty {
                await say(line)
            }
        }
        guard !inputIsOver.isSet, manners.endsWithInput || isPerson else { return }
        if manners.endsWithInput { await talk.delivered() }
        await leave()
    }

    /// - Returns: when it is on its way, or waits for somebody.
    private func say(_ text: String) async {
        while !inputIsOver.isSet, !Task.isCancelled {
            do throws(ChatError) {
                if let number = try await talk.say(text).last { narrator.said(text, number: number) }
                return
            } catch {
                guard error == .full else { return }
                guard !narrator.isInteractive else {
                    return narrator.answer(
                        "This was not said: too much waits for somebody who is away. The arrow up brings it back.")
                }
                await talk.hasRoom(for: text)
            }
        }
    }

    private func perform(_ input: ChatInput) async {
        if input != .command(.quit, argument: "") { state.withLock { $0.isWarned = false } }
        switch input {
        case .nothing: break
        case .message(let text): await say(text)
        case .command(let verb, let argument): await perform(verb, argument)
        case .unknown(let word, let proposal):
            let hint = proposal.map { "Perhaps /\($0.rawValue)?" } ?? "/help lists them; //\(word) would say it."
            narrator.answer("There is no command /\(Printable.line(word, columns: 40)). \(hint)")
        }
        narrator.changed()
    }

    /// `/quit`, twice where files are under way.
    func quit() async {
        let isBusy = narrator.state.withLock { $0.files.isBusy }
        let isWarned = state.withLock { state in
            defer { state.isWarned = true }
            return state.isWarned
        }
        guard !isBusy || isWarned else {
            return narrator.answer("Files are under way, and would end with the talk. /quit once more leaves.")
        }
        await leave()
    }

    // MARK: Drawing

    /// Bars move by themselves.
    private func keepDrawing(_ screen: ChatScreen?) async {
        guard let screen else { return }
        while !Task.isCancelled {
            if narrator.state.withLock({ $0.files.isMoving }) { screen.draw() }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }
}
