package import Martlet
internal import NetworkIO
package import Signaling
package import Transfer
internal import Wire

/// Everybody we talk with: as host of a room whoever comes, as guest the host and whom it introduces, each over a
/// connection of its own.
///
/// Memory: at most seven others, each bounded by its ``ChatPair`` (16 MiB of what we said, 1 MiB of what waits to be
/// shown); what was said while nobody was there, as much once more; 16 connections on which nobody has greeted yet;
/// events by ``ChatEventQueue`` and files by ``ChatFileDesk``.
package actor ChatTalk {
    /// Somebody else, from the first `begin` until the place is given up.
    struct Partner {
        /// Who that is, for as long as it is the same person.
        enum Key: Hashable, Sendable {
            /// The host of the room that we visit.
            case host
            /// A guest of our room.
            case guest(Int)
            /// Another guest of the room that we visit, by the host's number.
            case fellow(Int64)
        }

        let key: Key
        var member: ChatMember
        var pair: ChatPair
        /// Nil while the connection is lost.
        var link: Link?
        /// They have been told of.
        var isJoined = false
        /// That they are lost has been told.
        var isLost = false
        /// A connection has begun, this one or an earlier one.
        var hasBegun = false
        /// They will not come back.
        var isParted = false
        /// They have left, and everything that they said was shown.
        var isShownOut = false
        /// The number of the last message that they were not there for.
        var firstNumber = 0
        /// The number of the last message of ours that they have.
        var deliveredNumber = 0
        /// Gives up the place.
        var alarm: Task<Void, Never>?
        /// Looks again at the pair's deadline.
        var timer: (deadline: NetworkTime, task: Task<Void, Never>)?
        /// Of the task that shows what happens.
        let wake: AsyncStream<Void>.Continuation
        let pump: Task<Void, Never>

        /// What is said is for them too: they are here or may come back. Who is said to have parted, and is still
        /// connected, hears it.
        var isHearer: Bool { isJoined && !(isParted && (link == nil || pair.hasParted)) }
    }

    /// A connection over which messages go.
    struct Link {
        let ticket: Int
        let peer: ChatPeer
        /// There may be something to send.
        let changes: AsyncStream<Void>
        let wake: AsyncStream<Void>.Continuation
        /// Both have said `begin`.
        var isOpen = false
        /// It was told, and files may go over it.
        var isTold = false
    }

    var settings: ChatSettings
    let queue = ChatEventQueue()
    let desk: ChatFileDesk
    private let onEvent: @Sendable (ChatEvent) async -> Void
    /// In the order of coming.
    var partners: [Partner] = []
    /// Connections on which nobody has greeted yet.
    var strangers: [Int: ChatPeer] = [:]
    /// Connections in whose place another one has come, and which have not ended yet.
    var replaced: Set<Int> = []
    /// Connections whose other side has said why they end.
    var informed: Set<Int> = []
    /// Attempts to connect to fellow guests, by the host's number.
    var approaches: [Int64: Approach] = [:]
    var lastApproach = 0
    /// With the servers of the room that we visit.
    var fellowConfiguration: PeerConnectionConfiguration
    /// Those who ask for the connection to a fellow guest, by the host's number.
    var seekers: [Int64: Task<Void, Never>] = [:]
    /// The host's count of the introductions of two guests.
    var introductions: [Introduced: IntroductionCount] = [:]
    /// Said while nobody was there.
    private(set) var unheard: [(text: String, number: Int, writtenAt: NetworkTime)] = []
    private(set) var unheardBytes = 0
    var lastNumber = 0
    /// The last of these that a connection has taken.
    private var sentNumber = 0
    var lastMember = 0
    var lastTicket = 0
    var isLeaving = false
    private var isOver = false
    var isHost = false
    /// Guests on their way, not connected yet.
    var arrivals = 0
    /// How many may be in the room.
    var people: Int
    /// What this side is doing; ends at ``leave()``.
    private var work: Task<Result<Void, ChatError>, Never>?
    private var consumer: Task<Void, Never>?
    private var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    private var lastWaiter = 0

    /// How long leaving may take.
    private static let farewell = Duration.seconds(2)

    /// - Parameter onEvent: told what happens, one after the other. A message is acknowledged when it has returned.
    package init(
        _ settings: ChatSettings, receive: ChatReception, onEvent: @escaping @Sendable (ChatEvent) async -> Void
    ) {
        var settings = settings
        settings.name = ChatText.ownName(settings.name) ?? "somebody"
        settings.people = min(ChatLimits.people.upperBound, max(ChatLimits.people.lowerBound, settings.people))
        self.settings = settings
        self.onEvent = onEvent
        people = settings.people
        fellowConfiguration = settings.configuration
        desk = ChatFileDesk(receive, agent: settings.agent, queue: queue)
    }

    // MARK: Coming together

    /// Serves whoever comes, until ``leave()`` or cancellation, or until nobody can come any more and all have left.
    package func host(_ room: HostedRoom) async throws(ChatError) {
        isHost = true
        try await work { talk in await talk.receiveGuests(of: room) }
    }

    /// Talks as guest, until the host says bye, ``leave()`` or cancellation.
    ///
    /// - Parameter connect: enters the room, the first time and again after a loss.
    /// - Throws: `unreachable` when the room could not be had, `vanished` when the way back failed for so long, and
    ///   what ended the talk otherwise.
    package func visit(
        _ connect: @escaping @Sendable (_ isFirst: Bool) async throws(PeerConnectorError) -> ChatPeer
    ) async throws(ChatError) {
        try await work { talk in await talk.visitHost(connect) }
    }

    private func work(
        _ body: @escaping @Sendable (ChatTalk) async -> Result<Void, ChatError>
    ) async throws(ChatError) {
        guard !isLeaving, work == nil else { throw .cancelled }
        consumer = Task { [queue, onEvent] in await queue.run(onEvent) }
        let task = Task { await body(self) }
        work = task
        let outcome = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            Task { await self.leave() }
        }
        await end()
        if Task.isCancelled { throw .cancelled }
        try outcome.get()
    }

    /// Says bye to all, within two seconds; then ``host(_:)`` and ``visit(_:)`` return.
    package func leave() async {
        if !isLeaving {
            isLeaving = true
            for index in partners.indices {
                partners[index].pair.leave()
                touch(index)
            }
            wakeWaiters()
            for peer in strangers.values { close(peer) }
            let links = partners.compactMap(\.link)
            await within(Self.farewell) { [desk] in
                await withTaskGroup { group in
                    group.addTask { await desk.close() }
                    for link in links { group.addTask { await link.peer.channels.control.closed() } }
                }
            }
            work?.cancel()
        }
        _ = await work?.value
    }

    /// Everything is over: what is left is closed.
    private func end() async {
        isLeaving = true
        wakeWaiters()
        await within(Self.farewell) { [desk, queue] in
            await desk.close()
            await queue.drained()
        }
        for approach in approaches.values { approach.attempt?.cancel() }
        for seeker in seekers.values { seeker.cancel() }
        approaches = [:]
        for partner in partners {
            partner.alarm?.cancel()
            partner.timer?.task.cancel()
            if let peer = partner.link?.peer { close(peer) }
            partner.wake.finish()
        }
        for peer in strangers.values { close(peer) }
        partners = []
        isOver = true
        queue.finish()
        wakeWaiters()
    }

    func within(_ limit: Duration, _ body: @escaping @Sendable () async -> Void) async {
        // Not a group: what does not end is left alone.
        let (ended, told) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let tasks = [
            Task {
                await body()
                told.finish()
            },
            Task {
                try? await NetworkClock().sleep(for: limit)
                told.finish()
            },
        ]
        // Not cancelled with the task, which is why we are here.
        await Task { for await _ in ended {} }.value
        for task in tasks { task.cancel() }
    }

    /// Closes a connection without waiting for it.
    func close(_ peer: ChatPeer) {
        Task { await peer.close() }
    }

    // MARK: Talking

    /// Says something to everybody, or to whoever comes first.
    ///
    /// - Returns: the numbers of the messages that it was cut into, for ``ChatEvent/delivered(number:to:of:)``.
    /// - Throws: ``ChatError/full`` when too much waits for somebody: see ``hasRoom(for:)``.
    package func say(_ text: String) throws(ChatError) -> [Int] {
        let pieces = ChatText.pieces(of: text)
        let numbers = pieces.indices.map { lastNumber + 1 + $0 }
        let now = NetworkLoop.shared.now()
        guard isRoom(for: pieces) else { throw .full }
        let present = partners.indices.filter { partners[$0].isHearer }
        if present.isEmpty {
            unheard += zip(pieces, numbers).map { ($0, $1, now) }
            unheardBytes += pieces.reduce(0) { $0 + $1.utf8.count }
        }
        for index in present {
            try partners[index].pair.say(pieces, numbers: numbers, at: now)
            touch(index)
        }
        lastNumber += pieces.count
        return numbers
    }

    /// A connection has taken all that is given out to it.
    func noteSent(_ number: Int?) {
        guard let number, number > sentNumber else { return }
        sentNumber = number
        queue.append(.sent(number: number))
    }

    /// Somebody is there again: whoever comes first hears what was said to nobody.
    func sayUnheard(to index: Int) {
        // Before anybody else was told of them.
        partners[index].firstNumber = (unheard.first?.number).map { $0 - 1 } ?? lastNumber
        for entry in unheard {
            try? partners[index].pair.say([entry.text], numbers: [entry.number], at: entry.writtenAt)
        }
        unheard = []
        unheardBytes = 0
        touch(index)
    }

    /// Returns when ``say(_:)`` has room for this text, or the talk has ended.
    package func hasRoom(for text: String) async {
        let pieces = ChatText.pieces(of: text)
        await wait { talk in talk.isLeaving || talk.isRoom(for: pieces) }
    }

    private func isRoom(for pieces: [String]) -> Bool {
        let hearers = partners.filter(\.isHearer)
        guard hearers.isEmpty else { return hearers.allSatisfy { $0.pair.hasRoom(for: pieces) } }
        return unheard.count + pieces.count <= ChatLimits.keptMessages
            && unheardBytes + pieces.reduce(0) { $0 + $1.utf8.count } <= ChatLimits.keptBytes
    }

    /// Returns when all that was said has been acknowledged by everybody who is to hear it, or the talk has ended.
    package func delivered() async {
        await wait { talk in
            talk.isLeaving || talk.unheard.isEmpty && talk.partners.allSatisfy(\.pair.isDelivered)
        }
    }

    /// What the person does; may be called at each key.
    package func setTyping(_ isTyping: Bool) {
        for index in partners.indices {
            partners[index].pair.setTyping(isTyping)
            touch(index)
        }
    }

    /// Changes our name. Nothing happens where nothing is left of it.
    package func rename(_ name: String) {
        guard let name = ChatText.ownName(name) else { return }
        settings.name = name
        for index in partners.indices {
            partners[index].pair.rename(name)
            touch(index)
        }
    }

    // MARK: People

    /// In the order of coming; also those who are lost and may come back.
    package func members() -> [ChatMember] {
        partners.filter(\.isJoined).map(\.member)
    }

    /// The words to compare with each who is connected; nil where there are none.
    package func words() -> [(ChatMember, [String]?)] {
        partners.filter { $0.isJoined && $0.link != nil }.map { ($0.member, $0.pair.words) }
    }

    /// How each is connected; nil for those who are lost.
    package func paths() async -> [(ChatMember, SelectedPath?)] {
        var paths: [(ChatMember, SelectedPath?)] = []
        for partner in partners where partner.isJoined {
            paths.append((partner.member, await partner.link?.peer.connection.selectedPath()))
        }
        return paths
    }

    // MARK: Files

    /// Offers files to everybody who is here, or may come back.
    ///
    /// - Parameter announce: told to whom they are offered, before anything is told of them by events.
    /// - Returns: their number in the talk.
    /// - Throws: ``ChatError/full`` when nobody is here or too many are under way.
    @discardableResult
    package func sendFiles(
        _ sources: SourceList, announce: @Sendable (_ file: Int, _ members: [ChatMember]) -> Void = { _, _ in }
    ) async throws(ChatError) -> Int {
        try await desk.send(sources, to: partners.filter(\.isHearer).map(\.member.id), announce)
    }

    /// Says yes to an offer.
    ///
    /// - Parameter existing: in place of the reception's.
    /// - Returns: whether there is such an offer, not answered yet.
    package func accept(_ file: Int, existing: ExistingFilePolicy? = nil) async -> Bool {
        await desk.answer(file, .accept(existing: existing ?? desk.reception.existing))
    }

    package func decline(_ file: Int) async -> Bool {
        await desk.answer(file, .decline(reason: ""))
    }

    /// Stops a transfer in either direction, at everybody.
    package func cancel(_ file: Int) async -> Bool {
        await desk.cancel(file)
    }

    // MARK: Waiting

    /// Returns when it is so, everything is over, or the task is cancelled.
    func wait(until isReached: @Sendable (isolated ChatTalk) -> Bool) async {
        while !isReached(self), !isOver, !Task.isCancelled {
            lastWaiter += 1
            let number = lastWaiter
            await withTaskCancellationHandler {
                await withCheckedContinuation { waiters[number] = $0 }
            } onCancel: {
                Task { await self.wakeWaiter(number) }
            }
        }
    }

    private func wakeWaiter(_ number: Int) {
        waiters.removeValue(forKey: number)?.resume()
    }

    /// Something has changed that somebody may wait for.
    func wakeWaiters() {
        let woken = waiters.values
        waiters = [:]
        for waiter in woken { waiter.resume() }
    }
}
