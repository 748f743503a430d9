internal import Chat
internal import JSON
internal import NetworkIO
internal import Synchronization
internal import Transfer

/// What the talk tells, one event after the other.
extension ChatNarrator {
    /// - Parameter path: how somebody is connected, in words.
    func joined(_ member: ChatMember, path: String?, words: [String]?) {
        state.withLock { state in
            state.members.removeAll { $0.member.id == member.id }
            state.members.append((member, true))
            (state.emptySince, state.hasMet) = (nil, true)
        }
        event("joined", member, [("agent", .string(member.agent)), ("path", path.map { .string($0) } ?? .null)])
        if let words { event("words", member, [("words", .array(words.map { .string($0) }))]) }
        let who = ChatLines.named(member.name)
        let agent = member.agent.isEmpty ? "" : " (\(member.agent))"
        log?.remark("\(who) is here\(agent).", at: .now())
        remark("\(who) is here\(agent)\(path.map { " · \($0)" } ?? "")")
        changed()
    }

    func handle(_ happening: ChatEvent) {
        switch happening {
        case .joined(let member): joined(member, path: nil, words: nil)
        case .lost(let member):
            set(member, isHere: false)
            event("lost", member)
            remark("The connection to \(ChatLines.named(member.name)) is lost; waiting for it to come back.")
        case .back(let member):
            set(member, isHere: true)
            event("back", member)
            remark("\(ChatLines.named(member.name)) is back.")
        case .left(let member, let parting): left(member, parting)
        case .renamed(let member, let from):
            state.withLock { state in
                for index in state.members.indices where state.members[index].member.id == member.id {
                    state.members[index].member = member
                }
            }
            event("renamed", member, [("from", .string(from))])
            remark("\(ChatLines.named(from)) is called \(ChatLines.named(member.name)) now.", isLogged: true)
        case .notConnected(let name, let reason):
            console.event("not-joined", ["name": .string(name), "message": .string(reason)])
            let who = name.isEmpty ? "Somebody" : ChatLines.named(name)
            remark("\(who) came, and no connection came about: \(reason).")
        case .message(let member, let text, let age):
            setTyping(member, false)
            show(text, of: member, age: age)
        case .sent(let number): sent(number)
        case .delivered(let number, let to, let of):
            console.event(
                "delivered",
                ["number": .integer(Int64(number)), "to": .integer(Int64(to)), "of": .integer(Int64(of))])
            deliver((number, to, of))
        case .typing(let member, let isTyping):
            setTyping(member, isTyping)
            event("typing", member, [("is", .bool(isTyping))])
        case .fileOffered(let number, let member, let offer): offered(number, member, offer.current)
        case .fileProgress(let number, let member, let happening): moved(number, member, happening)
        case .fileEnded(let number, let member, let result): ended(number, member, result)
        }
        changed()
    }

    private func set(_ member: ChatMember, isHere: Bool) {
        state.withLock { state in
            state.typing.remove(member.id)
            for index in state.members.indices where state.members[index].member.id == member.id {
                state.members[index] = (member, isHere)
            }
        }
    }

    private func setTyping(_ member: ChatMember, _ isTyping: Bool) {
        state.withLock { state in
            if isTyping { state.typing.insert(member.id) } else { state.typing.remove(member.id) }
        }
    }

    private func left(_ member: ChatMember, _ parting: ChatParting) {
        state.withLock { state in
            state.members.removeAll { $0.member.id == member.id }
            state.typing.remove(member.id)
            if state.members.isEmpty { state.emptySince = NetworkLoop.shared.now() }
        }
        let who = ChatLines.named(member.name)
        let (reason, text) =
            switch parting {
            case .left: ("left", "\(who) has left.")
            case .gaveUp: ("lost", "\(who) did not come back.")
            case .failed(let error):
                ("failed", "The talk with \(who) has ended: \(CommandFailure(error).sentence)")
            }
        event("left", member, [("reason", .string(reason))])
        remark(text, isLogged: true)
    }

    // MARK: Files

    /// We offer files to these.
    func offers(_ title: String, number: Int, to members: [ChatMember]) {
        state.withLock { state in
            state.files.add(number, isIncoming: false, title: title)
            for member in members { state.files.set(number, member, .offered, on: console) }
        }
        let names = Self.joined(members.map { ChatLines.named($0.name) })
        answer("\(title) is offered to \(names). /cancel \(number) takes it back.")
    }

    private func offered(_ number: Int, _ member: ChatMember, _ offer: Offer) {
        let title = ChatFiles.title(offer)
        let isSeveral = state.withLock { state in
            state.files.add(number, isIncoming: true, title: title)
            state.files.set(number, member, .offered, on: console)
            return state.files.open.count > 1
        }
        let items = offer.items.prefix(OfferList.mostEventItems).map { item -> JSONValue in
            .object([
                "name": .string(item.components.joined(separator: "/")),
                "bytes": item.size.map { .integer($0) } ?? .null,
            ])
        }
        event(
            "file-offer", member,
            [
                ("file", .integer(Int64(number))), ("items", .array(Array(items))),
                ("count", .integer(Int64(offer.items.count))), ("bytes", .integer(offer.totalBytes)),
                ("complete", .bool(offer.isComplete)),
            ])
        let suffix = isSeveral ? " \(number)" : ""
        let what = isInteractive ? " /accept\(suffix) or /decline\(suffix)" : ""
        remark("\(ChatLines.named(member.name)) offers \(title).\(what)")
    }

    private func moved(_ number: Int, _ member: ChatMember, _ happening: TransferEvent) {
        let file = state.withLock { state -> ChatFiles.File? in
            switch happening {
            case .accepted, .resumed, .progress: state.files.set(number, member, .moving, on: console)
            default: break
            }
            return state.files[number]
        }
        guard let file else { return }
        switch happening {
        case .accepted:
            file.sides[member.id]?.view.handle(.accepted)
            if !file.isIncoming { remark("\(ChatLines.named(member.name)) takes \(file.title).") }
        case .resumed(_, let bytes):
            file.sides[member.id]?.view.handle(.accepted)
            remark("\(file.title) goes on: \(ByteCount.text(bytes)) are there already.")
        case .progress(let progress):
            file.sides[member.id]?.view.handle(happening)
            event(
                "file-bytes", member,
                [
                    ("file", .integer(Int64(number))), ("bytes", .integer(progress.completedBytes)),
                    ("total", progress.isTotalKnown ? .integer(progress.totalBytes) : .null),
                ])
        case .text(let text): show(text, of: member, age: .zero)
        default: break
        }
    }

    private func ended(_ number: Int, _ member: ChatMember, _ result: Result<TransferReport, TransferError>) {
        let file = state.withLock { state in
            defer { state.files.end(number, member) }
            return state.files[number]
        }
        let title = file?.title ?? "The files"
        let isIncoming = file?.isIncoming ?? false
        var members: [(String, JSONValue)] = [("file", .integer(Int64(number)))]
        switch result {
        case .success(let report):
            let failed = report.items.filter { $0.error != nil }
            members += [
                ("items", .integer(Int64(report.items.count - failed.count))),
                ("bytes", .integer(report.completedBytes)), ("failed", .integer(Int64(failed.count))),
                (
                    "paths",
                    .array(
                        report.items.prefix(OfferList.mostEventItems).compactMap { $0.localPath.map { .string($0) } })
                ),
            ]
            remark(isIncoming ? Self.arrival(title, report) : "\(ChatLines.named(member.name)) has \(title).")
            for item in failed.prefix(Notices.mostTold) {
                let error = item.error.map { item.failureWords($0) } ?? item.name
                console.isJSON ? () : console.warn("Not \(isIncoming ? "received" : "sent"): \(error)")
            }
        case .failure(let error):
            members += [("error", .string(error.code.rawValue)), ("message", .string(error.message))]
            switch error.code {
            case .declined:
                remark(isIncoming ? "You declined \(title)." : "\(ChatLines.named(member.name)) declined \(title).")
            case .canceled: remark("\(title): the transfer was canceled.")
            default: remark("\(title): \(error.message)")
            }
        }
        event("file-end", member, members)
    }

    private static func arrival(_ title: String, _ report: TransferReport) -> String {
        let paths = report.items.compactMap(\.localPath)
        guard let path = paths.first else { return "\(title) has arrived." }
        let top = path.split(separator: "/").first.map(String.init) ?? path
        let isAlone = paths.count == 1 || paths.allSatisfy { $0 == top || $0.hasPrefix("\(top)/") }
        return "\(title) has arrived\(isAlone ? ": \(Printable.line(paths.count == 1 ? path : "\(top)/"))" : ".")"
    }
}
