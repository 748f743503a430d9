internal import NetworkIO
internal import Signaling

/// What happens in the pairs, on its way to the person.
extension ChatTalk {
    /// Shows what has happened with somebody, one after the other.
    func showEvents(of key: Partner.Key) async {
        while let index = partner(key), let event = partners[index].pair.takeEvent(at: NetworkLoop.shared.now()) {
            guard await show(event, of: index) else { return }
            if let index = partner(key) {
                partners[index].pair.acknowledgeTaken()
                partners[index].link?.wake.yield()
            }
            wakeWaiters()
        }
        if let index = partner(key) { arm(index) }
    }

    /// - Returns: false when everything is over.
    private func show(_ event: ChatPairEvent, of index: Int) async -> Bool {
        let member = partners[index].member
        switch event {
        case .begun(let name, let agent, let isNew): return await begun(index, name: name, agent: agent, isNew)
        case .message(let text, let age): return await queue.tell(.message(member, text: text, age: age))
        case .delivered(let number): return await delivered(number, to: index)
        case .typing(let isTyping): return await queue.tell(.typing(member, isTyping))
        case .renamed(let name): return await rename(index, name)
        case .introduced(let peer, let attempt, let name, let calls):
            approach(peer, attempt: attempt, name: name, calls: calls)
        case .signal(let peer, let attempt, let payload):
            await carry(payload, between: partners[index].key, and: peer, attempt: attempt)
        case .parted(let peer): parted(peer)
        case .again(let peer): introduceAgain(partners[index].key, to: peer)
        case .left:
            partners[index].isParted = true
            let key = partners[index].key
            guard await queue.tell(.left(member, .left)) else { return false }
            guard let index = self.partner(key) else { return true }
            partners[index].isShownOut = true
            // The last acknowledgement goes first.
            if let link = partners[index].link { link.wake.yield() } else { remove(index) }
        }
        return true
    }

    /// A connection of somebody's stands.
    private func begun(_ index: Int, name: String, agent: String, _ isNew: Bool) async -> Bool {
        let key = partners[index].key
        var index = index
        var events: [ChatEvent] = []
        let isChange = isNew && partners[index].isJoined
        if isChange {
            // Nobody came back: somebody else is there.
            events.append(.left(partners[index].member, .gaveUp))
            await desk.left(partners[index].member.id)
            if key == .host { forgetFellows() }
            // Others may have gone meanwhile, and then it stands elsewhere.
            guard let now = partner(key) else { return true }
            index = now
        }
        let isFirst = !partners[index].isJoined
        let shown = uniqueName(name, but: index)
        let old = partners[index].member
        partners[index].member = ChatMember(id: old.id, name: shown, agent: agent)
        let member = partners[index].member
        partners[index].isJoined = true
        if isFirst || isChange {
            events.append(.joined(member))
        } else {
            if partners[index].isLost { events.append(.back(member)) }
            if old.name != shown { events.append(.renamed(member, from: old.name)) }
        }
        partners[index].isLost = false
        if isFirst { sayUnheard(to: index) }
        if let link = partners[index].link, link.isOpen {
            await desk.connected(member, ChatFileDesk.Link(connection: link.peer.connection, ticket: link.ticket))
            if let index = partner(at: link.ticket) { partners[index].link?.isTold = true }
            wakeWaiters()
        }
        for event in events { guard await queue.tell(event) else { return false } }
        guard let index = partner(key) else { return true }
        if partners[index].link != nil {
            if isHost { introduce(index) }
        } else if !partners[index].isLost {
            // It has ended meanwhile, before anybody knew of it.
            partners[index].isLost = true
            return await queue.tell(.lost(partners[index].member))
        }
        return true
    }

    private func rename(_ index: Int, _ name: String) async -> Bool {
        let old = partners[index].member.name
        let shown = uniqueName(name, but: index)
        guard shown != old else { return true }
        partners[index].member.name = shown
        let member = partners[index].member
        await desk.renamed(member)
        return await queue.tell(.renamed(member, from: old))
    }

    /// A name that neither we nor any other member has.
    private func uniqueName(_ name: String, but index: Int) -> String {
        var taken: Set<String> = [ChatText.name(settings.name).lowercased()]
        for (other, partner) in partners.enumerated() where other != index && partner.isJoined {
            taken.insert(partner.member.name.lowercased())
        }
        var unique = name
        var number = 2
        while taken.contains(unique.lowercased()) {
            unique = "\(name) (\(number))"
            number += 1
        }
        return unique
    }

    private func delivered(_ number: Int, to index: Int) async -> Bool {
        partners[index].deliveredNumber = number
        let hearers = partners.filter { $0.isHearer && $0.firstNumber < number }
        let count = hearers.count { $0.deliveredNumber >= number }
        wakeWaiters()
        return await queue.tell(.delivered(number: number, to: count, of: hearers.count))
    }
}
