internal import Martlet
internal import Transfer

/// The files of a talk, in both directions (Docs/Protocols/Chat.md, Files): each transfer goes over a channel of its
/// own, and over the next connection where it was interrupted.
///
/// Memory: of each member at most 8 transfers run in each direction, each bounded by itself, and at most 32 of theirs
/// are remembered; of ours at most 64 that are not over. Of their events only the latest progress waits.
actor ChatFileDesk {
    /// A connection of a member.
    struct Link: Sendable {
        let connection: PeerConnection
        /// Of all connections of the talk.
        let ticket: Int
    }

    /// Somebody who is or was connected.
    struct Party: Sendable {
        var member: ChatMember
        var link: Link?
        /// By what they know us in their transfers. It is not the session of the talk.
        let session: String
        /// Channels of theirs that are open.
        var receivingCount = 0
    }

    /// A transfer of ours to one member.
    struct Sending: Sendable {
        let file: Int
        let member: Int
        let sources: SourceList
        /// By what the member knows it.
        let transfer: String
        /// Nil while it waits for the connection, or for another transfer to end.
        var run: Run?
    }

    /// A transfer of a member's.
    struct Receiving: Sendable {
        let file: Int
        let member: Int
        let transfer: String
        let consent = Consent()
        /// What the person was asked about last.
        var asked: IncomingOffer?
        /// What the person said to it.
        var answer: OfferDecision?
        /// The offer that waits for the answer.
        var waiter: CheckedContinuation<OfferDecision, Never>?
        /// Nil while it is interrupted.
        var run: Run?
    }

    /// A transfer over one connection.
    struct Run: Sendable {
        let number: Int
        let teller: ChatFileTeller
    }

    /// Channels of one side that are open at a time.
    static let channelLimit = 8
    /// Transfers of one member that are remembered over a loss.
    static let rememberedLimit = 32
    /// Transfers of ours that are not over.
    static let sendingLimit = 64
    /// How long after the end of a channel the end of its connection may be noticed.
    static let lossPatience = Duration.seconds(2)

    let reception: ChatReception
    let agent: String
    let queue: ChatEventQueue
    var parties: [Int: Party] = [:]
    var sendings: [Sending] = []
    var receivings: [Receiving] = []
    private var tasks: [Int: Task<Void, Never>] = [:]
    private(set) var isClosed = false
    private var lastFile = 0
    private var lastRun = 0

    init(_ reception: ChatReception, agent: String, queue: ChatEventQueue) {
        self.reception = reception
        self.agent = agent
        self.queue = queue
    }

    // MARK: People

    /// A connection of a member's has begun: what was interrupted goes on.
    func connected(_ member: ChatMember, _ link: Link) {
        guard !isClosed else { return }
        var party = parties[member.id] ?? Party(member: member, link: nil, session: ChatSession.random().text)
        (party.member, party.link, party.receivingCount) = (member, link, 0)
        parties[member.id] = party
        startWaiting(for: member.id)
    }

    /// A connection of a member's has ended.
    func disconnected(_ id: Int, _ ticket: Int) {
        if parties[id]?.link?.ticket == ticket { parties[id]?.link = nil }
    }

    func renamed(_ member: ChatMember) {
        parties[member.id]?.member = member
    }

    /// For good: what was under way with them is over.
    func left(_ id: Int) {
        guard let party = parties.removeValue(forKey: id) else { return }
        let error = TransferError(.peerVanished, "\(party.member.name) has left.")
        for sending in sendings where sending.member == id { end(sending, party.member, .failure(error)) }
        for receiving in receivings where receiving.member == id { end(receiving, party.member, .failure(error)) }
    }

    /// Stops everything, and returns when the others have been told, within some seconds.
    func close() async {
        isClosed = true
        for task in tasks.values { task.cancel() }
        for sending in sendings {
            sending.run?.teller.stop()
            sending.sources.release()
        }
        for receiving in receivings {
            receiving.run?.teller.stop()
            receiving.waiter?.resume(returning: .decline())
        }
        sendings = []
        receivings = []
        for task in tasks.values { await task.value }
    }

    // MARK: Verbs

    /// Offers files to some members.
    ///
    /// - Parameter announce: called before there are events of them.
    /// - Returns: their number in the talk.
    func send(
        _ sources: SourceList, to members: [Int], _ announce: @Sendable (Int, [ChatMember]) -> Void
    ) throws(ChatError) -> Int {
        let members = members.filter { parties[$0] != nil }
        guard !isClosed, !members.isEmpty, sendings.count + members.count <= Self.sendingLimit else { throw .full }
        let file = nextFile()
        for member in members {
            sendings.append(
                Sending(file: file, member: member, sources: sources, transfer: ChatSession.random().text))
        }
        announce(file, members.compactMap { parties[$0]?.member })
        for member in members { startWaiting(for: member) }
        return file
    }

    /// - Returns: whether there was such an offer, not answered yet.
    func answer(_ file: Int, _ decision: OfferDecision) -> Bool {
        guard let index = receivings.firstIndex(where: { $0.file == file }), receivings[index].answer == nil,
            receivings[index].asked != nil
        else {
            return false
        }
        receivings[index].answer = decision
        if case .accept(let policy) = decision, let offer = receivings[index].asked {
            receivings[index].consent.give(policy, to: offer.current)
        }
        receivings[index].waiter.take()?.resume(returning: decision)
        return true
    }

    /// - Returns: whether something was under way.
    func cancel(_ file: Int) -> Bool {
        let error = TransferError(.canceled, "The transfer was canceled.")
        var isFound = false
        for sending in sendings where sending.file == file {
            isFound = true
            if let member = parties[sending.member]?.member { end(sending, member, .failure(error)) }
            startWaiting(for: sending.member)
        }
        for receiving in receivings where receiving.file == file {
            isFound = true
            if let member = parties[receiving.member]?.member { end(receiving, member, .failure(error)) }
        }
        return isFound
    }

    // MARK: Runs

    func nextFile() -> Int {
        lastFile += 1
        return lastFile
    }

    /// Keeps a task until it has ended, so that ``close()`` waits for it.
    ///
    /// - Returns: its number.
    func start(_ body: @escaping @Sendable (ChatFileDesk, _ run: Int) async -> Void) -> Int {
        lastRun += 1
        let number = lastRun
        tasks[number] = Task {
            await body(self, number)
            self.tasks[number] = nil
        }
        return number
    }

    func end(_ sending: Sending, _ member: ChatMember, _ result: Result<TransferReport, TransferError>) {
        guard let index = index(of: sending) else { return }
        stop(sendings.remove(at: index).run)
        if !sendings.contains(where: { $0.file == sending.file }) { sending.sources.release() }
        queue.append(.fileEnded(sending.file, member, result))
    }

    func end(_ receiving: Receiving, _ member: ChatMember, _ result: Result<TransferReport, TransferError>) {
        guard let index = receivings.firstIndex(where: { $0.file == receiving.file }) else { return }
        let removed = receivings.remove(at: index)
        stop(removed.run)
        removed.waiter?.resume(returning: .decline())
        queue.append(.fileEnded(receiving.file, member, result))
    }

    func stop(_ run: Run?) {
        guard let run else { return }
        run.teller.stop()
        tasks[run.number]?.cancel()
    }

    func index(of sending: Sending) -> Int? {
        sendings.firstIndex { $0.file == sending.file && $0.member == sending.member }
    }

    /// Whether a transfer that ended with its channel may go on: the connection is lost too.
    func isLost(_ link: Link, of member: Int) async -> Bool {
        let deadline = ContinuousClock.now.advanced(by: Self.lossPatience)
        while parties[member]?.link?.ticket == link.ticket, !isClosed {
            if await link.connection.connectionState != .connected { return true }
            guard ContinuousClock.now < deadline else { return false }
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return false }
        }
        return true
    }
}
