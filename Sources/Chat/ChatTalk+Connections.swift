internal import Martlet
internal import NetworkIO
internal import Signaling
internal import Wire

/// One connection, from its greeting to its end.
extension ChatTalk {
    /// Whose connection it is.
    enum Visitor: Sendable {
        /// We visit the host.
        case host
        /// Somebody who came to our room.
        case stranger
        /// Another guest, by the host's number. Whoever of both has the smaller one calls.
        case fellow(Int64, calls: Bool)

        var role: ChatRole {
            switch self {
            case .host: .answerer
            case .stranger: .caller
            case .fellow(_, let calls): calls ? .caller : .answerer
            }
        }
    }

    /// How a connection ended.
    enum Ending: Sendable, Equatable {
        /// The other side has left for good, or we have.
        case parted
        /// Another connection of the same two has taken its place.
        case replaced
        /// - Parameter hasBegun: the two have talked over it.
        case failed(ChatError, hasBegun: Bool)
    }

    /// How long the beginning may take.
    private static let greetingPatience = Duration.seconds(20)
    /// How long somebody who broke a rule may take to hear of it.
    private static let noticePatience = Duration.seconds(2)
    /// People, those among them that are about to leave.
    private static let partnerLimit = 2 * ChatLimits.people.upperBound
    private static let timerStep = Duration.milliseconds(50)

    /// Talks over a connection until it ends, and closes it.
    func serve(_ peer: ChatPeer, _ visitor: Visitor) async -> Ending {
        lastTicket += 1
        let ticket = lastTicket
        guard !isLeaving else {
            close(peer)
            return .failed(.cancelled, hasBegun: false)
        }
        strangers[ticket] = peer
        let watch = ChatConnectionWatch(peer, within: Self.greetingPatience) { channel in
            await self.incoming(channel, ticket)
        }
        defer { watch.stop() }
        var reason = ChatError.vanished
        do throws(ChatError) {
            await queue.room()
            try admit(try await greet(peer, visitor, ticket), visitor, peer, ticket)
            try await talk(over: peer, ticket, watch)
        } catch {
            reason = error
        }
        strangers[ticket] = nil
        return await finish(peer, ticket, reason)
    }

    private static func error(of body: @Sendable () async throws(ChatError) -> Void) async -> ChatError? {
        do throws(ChatError) { try await body() } catch { return error }
        return nil
    }

    // MARK: Greeting

    private func greet(
        _ peer: ChatPeer, _ visitor: Visitor, _ ticket: Int
    ) async throws(ChatError) -> ChatGreeting {
        do { try await peer.channels.opened() } catch { throw .vanished }
        let session =
            switch visitor {
            case .stranger: ChatSession.random()
            case .host: partner(.host).map { partners[$0].pair.session } ?? .random()
            case .fellow(let number, _): partner(.fellow(number)).map { partners[$0].pair.session } ?? .random()
            }
        var greeting = ChatGreeting(
            visitor.role, name: settings.name, agent: settings.agent, people: people, session: session,
            certificates: await peer.connection.certificateFingerprints)
        let channel = peer.channels.control
        try await Self.send(greeting.opening, on: channel)
        while !greeting.isSettled {
            let message = try await Self.next(on: channel)
            noteError(message, ticket)
            try await Self.send(try greeting.receive(message), on: channel)
        }
        return greeting
    }

    /// Whoever has said why the connection ends need not be told.
    private func noteError(_ message: ChatMessage, _ ticket: Int) {
        if case .error = message { informed.insert(ticket) }
    }

    private static func send(_ messages: [ChatMessage], on channel: DataChannel) async throws(ChatError) {
        guard !messages.isEmpty else { return }
        do { try await channel.send(contentsOf: messages.map { .text($0.encoded) }) } catch { throw .vanished }
    }

    private static func next(on channel: DataChannel) async throws(ChatError) -> ChatMessage {
        let message: DataChannelMessage?
        do {
            var iterator = channel.messages.makeAsyncIterator()
            message = try await iterator.next()
        } catch { throw .vanished }
        guard let message else { throw .vanished }
        guard case .text(let text) = message else { throw .protocolViolation("a binary message") }
        return try ChatMessage(text)
    }

    // MARK: Places

    /// Finds out who is there, and gives them the connection.
    private func admit(
        _ greeting: ChatGreeting, _ visitor: Visitor, _ peer: ChatPeer, _ ticket: Int
    ) throws(ChatError) {
        guard strangers.removeValue(forKey: ticket) != nil, !isLeaving else { throw .cancelled }
        let known: Int?
        switch visitor {
        case .host:
            people = greeting.peer?.people ?? people
            fellowConfiguration.iceServers = peer.iceServers
            known = partner(.host)
        case .stranger: known = partners.firstIndex { $0.pair.partner == greeting.peer?.session && !$0.isParted }
        case .fellow(let number, _): known = partner(.fellow(number))
        }
        let index: Int
        if let known {
            index = known
        } else {
            // Who is said to have parted, and has not yet, does not count, but not without a bound.
            guard partners.count(where: { !$0.isParted }) < people - 1, partners.count < Self.partnerLimit else {
                if isHost {
                    let name = ChatText.name(greeting.peer?.name ?? "")
                    queue.append(.notConnected(name: name, reason: "the room is full"))
                }
                throw .taken
            }
            index = add(greeting, visitor)
        }
        // One that stands looks alive only because nobody has noticed yet.
        if let old = detach(index) {
            replaced.insert(old.ticket)
            close(old.peer)
        }
        partners[index].alarm?.cancel()
        partners[index].alarm = nil
        let (changes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        partners[index].link = Link(ticket: ticket, peer: peer, changes: changes, wake: wake)
        partners[index].pair.begin(greeting)
        // It may have changed behind the hello.
        partners[index].pair.rename(settings.name)
    }

    private func add(_ greeting: ChatGreeting, _ visitor: Visitor) -> Int {
        lastMember += 1
        let key: Partner.Key =
            switch visitor {
            case .host: .host
            case .stranger: .guest(lastMember)
            case .fellow(let number, _): .fellow(number)
            }
        let introduces = if case .fellow = visitor { false } else { true }
        let session = greeting.own.session ?? .random()
        let (changes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let member = ChatMember(id: lastMember, name: ChatText.name(greeting.peer?.name ?? ""), agent: "")
        partners.append(
            Partner(
                key: key, member: member, pair: ChatPair(visitor.role, session: session, introduces: introduces),
                wake: wake, pump: Task { for await _ in changes { await self.showEvents(of: key) } }))
        return partners.count - 1
    }

    /// Takes a channel that the other side has opened.
    private func incoming(_ channel: DataChannel, _ ticket: Int) async {
        // It may be quicker than the task that shows what happens.
        await wait { talk in
            let isStranger = talk.strangers[ticket] != nil
            return !isStranger && talk.partner(at: ticket).map { talk.partners[$0].link?.isTold == true } ?? true
        }
        await queue.room()
        guard let index = partner(at: ticket), let link = partners[index].link else { return channel.close() }
        let id = partners[index].member.id
        await desk.incoming(channel, from: id, over: .init(connection: link.peer.connection, ticket: ticket))
    }

    func partner(_ key: Partner.Key) -> Int? {
        partners.firstIndex { $0.key == key }
    }

    /// The one whose connection it is now.
    func partner(at ticket: Int) -> Int? {
        partners.firstIndex { $0.link?.ticket == ticket }
    }

    // MARK: Talking

    /// Reads and writes until one of it ends.
    private func talk(over peer: ChatPeer, _ ticket: Int, _ watch: ChatConnectionWatch) async throws(ChatError) {
        guard let index = partner(at: ticket), let changes = partners[index].link?.changes else { throw .cancelled }
        touch(index)
        let error = await withTaskGroup(of: ChatError?.self) { group in
            group.addTask {
                await Self.error { () async throws(ChatError) in
                    while true { try await self.receive(try await Self.next(on: peer.channels.control), ticket, watch) }
                }
            }
            group.addTask {
                await Self.error { () async throws(ChatError) in
                    for await _ in changes { try await self.sendMessages(ticket, on: peer.channels.control) }
                    throw .cancelled
                }
            }
            group.addTask {
                var iterator = peer.channels.data.messages.makeAsyncIterator()
                if (try? await iterator.next()) != nil { return .protocolViolation("a message on the data channel") }
                // It has ended, alone or with the connection: nobody needs it.
                await peer.channels.control.closed()
                return .vanished
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        throw error ?? .vanished
    }

    private func receive(_ message: ChatMessage, _ ticket: Int, _ watch: ChatConnectionWatch) async throws(ChatError) {
        guard let index = partner(at: ticket) else { throw .cancelled }
        noteError(message, ticket)
        let wasOpen = partners[index].pair.isOpen
        try partners[index].pair.receive(message, at: NetworkLoop.shared.now())
        if !wasOpen, partners[index].pair.isOpen {
            watch.hasBegun()
            partners[index].link?.isOpen = true
            partners[index].hasBegun = true
        }
        touch(index)
        wakeWaiters()
        await wait { talk in
            guard let index = talk.partner(at: ticket) else { return true }
            return !talk.partners[index].pair.isFull
        }
    }

    private func sendMessages(_ ticket: Int, on channel: DataChannel) async throws(ChatError) {
        while let index = partner(at: ticket),
            let message = partners[index].pair.takeMessage(at: NetworkLoop.shared.now())
        {
            let number = partners[index].pair.lastGivenOut
            try await Self.send([message], on: channel)
            noteSent(number)
        }
        guard let index = partner(at: ticket) else { throw .cancelled }
        arm(index)
        // They have left, and have heard what they are to hear.
        if partners[index].isShownOut { throw .vanished }
    }

    /// Something has changed in a pair: there may be something to send or to show.
    func touch(_ index: Int) {
        partners[index].link?.wake.yield()
        partners[index].wake.yield()
        arm(index)
    }

    /// Looks again when the pair's time has come.
    func arm(_ index: Int) {
        guard let wanted = partners[index].pair.deadline else { return }
        // One that has passed is looked at soon, and no sooner: who is to look may be held up.
        let deadline = max(wanted, NetworkLoop.shared.now().advanced(by: Self.timerStep))
        if let timer = partners[index].timer, timer.deadline <= deadline { return }
        partners[index].timer?.task.cancel()
        let key = partners[index].key
        partners[index].timer = (
            deadline,
            Task {
                try? await NetworkClock().sleep(until: deadline, tolerance: nil)
                if !Task.isCancelled { self.ring(key) }
            }
        )
    }

    private func ring(_ key: Partner.Key) {
        guard let index = partner(key) else { return }
        partners[index].timer = nil
        touch(index)
    }

    // MARK: The end

    private func finish(_ peer: ChatPeer, _ ticket: Int, _ error: ChatError) async -> Ending {
        let notice = informed.remove(ticket) == nil ? error.notice : nil
        if replaced.remove(ticket) != nil {
            await peer.close()
            return .replaced
        }
        guard let index = partner(at: ticket) else {
            await part(from: peer, notice)
            return .failed(error, hasBegun: false)
        }
        let hasBegun = partners[index].link?.isOpen == true
        let hasParted = partners[index].pair.hasParted || isLeaving
        detach(index)
        if partners[index].isShownOut {
            remove(index)
        } else if !hasParted {
            lost(index, error)
        }
        wakeWaiters()
        await part(from: peer, notice)
        return hasParted ? .parted : .failed(error, hasBegun: hasBegun)
    }

    /// Lets what was said last arrive, and closes.
    private func part(from peer: ChatPeer, _ notice: ChatMessage?) async {
        let control = peer.channels.control
        await within(Self.noticePatience) {
            if let notice {
                // Who is gone cannot be told, and that is no further failure.
                try? await control.send(notice.encoded)
                await control.closed()
            } else {
                try? await control.drained()
            }
        }
        await peer.close()
    }

    /// Nothing more goes over the connection.
    @discardableResult
    func detach(_ index: Int) -> Link? {
        guard let link = partners[index].link else { return nil }
        partners[index].link = nil
        partners[index].pair.connectionLost()
        link.wake.finish()
        let id = partners[index].member.id
        Task { [desk] in await desk.disconnected(id, link.ticket) }
        return link
    }

    /// A connection was lost.
    private func lost(_ index: Int, _ error: ChatError) {
        let partner = partners[index]
        if error == .outdated { partners[index].pair.forget() }
        if !partner.hasBegun {
            queue.append(.notConnected(name: partner.member.name, reason: "the connection ended before the talk began"))
            return remove(index)
        }
        if case .guest = partner.key, error == .outdated {
            // Nobody knows them by their session any more: their place is free for who they come as.
            return leave(index, .gaveUp)
        }
        if error.isFinal || partner.isParted {
            return leave(index, error.isFinal ? .failed(error) : .gaveUp)
        }
        if partner.isJoined, !partner.isLost {
            partners[index].isLost = true
            queue.append(.lost(partner.member))
        }
        // Who visits looks for the way back itself.
        guard partner.key != .host else { return }
        if case .fellow(let peer) = partner.key { seek(peer) }
        let (key, wait) = (partner.key, settings.wait)
        partners[index].alarm = Task {
            try? await NetworkClock().sleep(for: wait)
            if !Task.isCancelled { self.giveUp(key) }
        }
    }

    private func giveUp(_ key: Partner.Key) {
        guard let index = partner(key), partners[index].link == nil else { return }
        leave(index, .gaveUp)
    }

    /// Somebody will not come back.
    func leave(_ index: Int, _ parting: ChatParting) {
        if partners[index].isJoined { queue.append(.left(partners[index].member, parting)) }
        remove(index)
    }

    /// The place is free.
    func remove(_ index: Int) {
        if let link = detach(index) {
            replaced.insert(link.ticket)
            close(link.peer)
        }
        let partner = partners.remove(at: index)
        partner.alarm?.cancel()
        partner.timer?.task.cancel()
        partner.wake.finish()
        Task { [desk] in await desk.left(partner.member.id) }
        tellParted(partner)
        wakeWaiters()
    }
}
