internal import Chat
internal import Synchronization
internal import Transfer

/// What a person asks for with a slash.
extension Conversation {
    func perform(_ verb: ChatVerb, _ argument: String) async {
        switch verb {
        case .quit: await quit()
        case .help: narrator.list(ChatVerb.helpLines)
        case .send: await send(argument)
        case .accept: await answer(verb, argument) { await accept($0) }
        case .decline: await answer(verb, argument) { await decline($0) }
        case .cancel: await answer(verb, argument) { await cancel($0) }
        case .verify: await verify()
        case .path:
            let paths = await paths()
            if paths.isEmpty { narrator.answer("Nobody is here.") }
            for (name, path) in paths { narrator.answer("\(ChatLines.named(name)): \(path)") }
        case .name: await rename(argument)
        case .who: who()
        }
    }

    private func verify() async {
        let words = await talk.words()
        if words.isEmpty { return narrator.answer("Nobody is here.") }
        for (member, words) in words {
            if let words {
                narrator.answer(
                    "Words to compare with \(ChatLines.named(member.name)): \(words.joined(separator: " "))")
            } else {
                narrator.answer("\(ChatLines.named(member.name))’s side has no words to compare.")
            }
        }
        narrator.answer("If both see the same words, nobody stands in between.")
    }

    private func rename(_ name: String) async {
        guard let name = ChatText.ownName(name) else {
            return narrator.answer("/name NAME: what you want to be called.")
        }
        await talk.rename(name)
        narrator.state.withLock { $0.ownName = name }
        narrator.answer("You are \(ChatLines.shown(name: name)) now.")
    }

    private func who() {
        let (own, members) = narrator.state.withLock { ($0.ownName, $0.members) }
        narrator.answer("You are \(ChatLines.shown(name: own)).")
        for (member, isHere) in members {
            let agent = member.agent.isEmpty ? "" : " (\(member.agent))"
            narrator.answer("\(ChatLines.named(member.name))\(agent)\(isHere ? "" : " is away; it is waited for")")
        }
        if members.isEmpty { narrator.answer("Nobody else is here.") }
    }

    // MARK: Files

    private func send(_ argument: String) async {
        guard let paths = ShellWords.split(argument, home: Environment.value("HOME")) else {
            return narrator.answer("A quotation mark is missing.")
        }
        guard !paths.isEmpty else { return narrator.answer("/send FILE…: the files and folders to offer.") }
        let sources: SourceList
        do throws(TransferError) {
            sources = try SourceList(paths.map(Source.path)) { [narrator] in narrator.remark($0) }
        } catch { return narrator.answer(error.message) }
        do throws(ChatError) {
            guard narrator.state.withLock({ !$0.members.isEmpty }) else {
                return narrator.answer("Nobody is here to send to.")
            }
            try await talk.sendFiles(sources) { [narrator] number, members in
                narrator.offers(ChatFiles.title(sources), number: number, to: members)
            }
        } catch {
            narrator.answer(error == .full ? "Too many files are under way." : CommandFailure(error).sentence)
        }
    }

    func accept(_ number: Int) async {
        guard await talk.accept(number) else { return narrator.answer("There is no such offer any more.") }
        narrator.state.withLock { $0.files.answered(number) }
    }

    func decline(_ number: Int) async {
        if await talk.decline(number) { narrator.state.withLock { $0.files.answered(number) } }
    }

    private func cancel(_ number: Int) async {
        guard await talk.cancel(number) else { return narrator.answer("There is no such transfer any more.") }
    }

    /// Finds out which of several is meant.
    private func answer(_ verb: ChatVerb, _ argument: String, _ act: (Int) async -> Void) async {
        let numbers = narrator.state.withLock { verb == .cancel ? $0.files.all : $0.files.open }
        if let number = Int(argument), numbers.contains(number) { return await act(number) }
        guard let first = numbers.first else {
            return narrator.answer(verb == .cancel ? "No files are under way." : "Nothing is offered.")
        }
        guard argument.isEmpty, numbers.count == 1 else {
            for number in numbers {
                let title = narrator.state.withLock { $0.files[number]?.title } ?? ""
                narrator.answer("/\(verb.rawValue) \(number): \(title)")
            }
            return
        }
        await act(first)
    }
}
