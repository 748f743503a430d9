internal import DequeModule
internal import Transfer
package import Wire

/// One other person, over any number of connections, as a value without channel and clock: what was said is numbered,
/// kept until it was acknowledged, and said again where it was not heard, so that nothing is lost, doubled or out of
/// order. Source: Docs/Protocols/Chat.md.
///
/// Use: ``begin(_:fresh:)`` with the greeting of each connection, ``receive(_:at:)`` for what comes, and after every
/// call of any kind take messages to be sent (``takeMessage(at:)``) and events to be shown (``takeEvent(at:)``) until
/// there are none, and look again at ``deadline``. A message is acknowledged when the next event is asked for, or by
/// ``acknowledgeTaken()``.
///
/// Its memory is bounded by ``ChatLimits``: what we said by `keptMessages` and `keptBytes`, signals by `keptSignals`
/// and `keptSignalBytes`; of what comes, at most the window and `waitingEvents` (``isFull``).
package struct ChatPair: Sendable {
    enum Phase: Sendable, Equatable {
        /// There is no connection.
        case apart
        /// The other side's `begin` is waited for.
        case beginning
        case open
    }

    package let role: ChatRole
    /// The other side, or this one, is the room's host, through whom guests find each other.
    package let introduces: Bool
    /// By what the other side knows this one.
    package private(set) var session: ChatSession
    /// By what this side knows the other; nil before it said so.
    package internal(set) var partner: ChatSession?
    /// Of the connection that stands, or stood last: what both people may compare.
    package private(set) var words: [String]?

    var phase = Phase.apart
    /// Nothing has come since `begin` on this connection: an error is about the numbers.
    var isFresh = false
    /// The two have not talked before: their connection begins, or began, with somebody new.
    var isNew = false
    /// What both say in `begin` goes back to an earlier connection.
    var goesOn = false
    var ignoredCount = 0
    /// What the other side calls itself, as its hello said.
    var greeted: (name: String, agent: String) = ("", "")
    /// The other side has left, or we have.
    var hasHeardBye = false
    var bye = Farewell.none

    var inbox = ChatInbox()
    var outbox = ChatOutbox()

    enum Farewell: Sendable, Equatable {
        case none, wanted, said
    }

    // MARK: What is to be sent beside messages

    var prelude = Deque<ChatMessage>()
    var acknowledgedSaid: Int64 = 0
    var signals = Deque<ChatMessage>()
    var signalBytes = 0
    /// Of our person: the name wanted, the one that was said, and when.
    var name = ""
    var nameSaid = ""
    var nameSaidAt: NetworkTime?
    var typing: Bool?
    var typingSaidAt: NetworkTime?

    /// - Parameters:
    ///   - role: of this side.
    ///   - session: this side's for this one other person.
    ///   - introduces: one of both is the room's host.
    package init(_ role: ChatRole, session: ChatSession = .random(), introduces: Bool) {
        self.role = role
        self.session = session
        self.introduces = introduces
    }

    // MARK: State

    /// A connection stands over which messages go.
    package var isOpen: Bool { phase == .open }
    /// Somebody left for good; no connection begins any more.
    package var isOver: Bool { hasHeardBye || bye == .said }
    /// The other side has said `bye`.
    package var hasParted: Bool { hasHeardBye }
    /// Everything that was said was acknowledged.
    package var isDelivered: Bool { outbox.isEmpty }
    /// The talk's number of the message that was given out last to be sent; nil before the first.
    package var lastGivenOut: Int? { outbox.givenOut }
    /// Our `bye` was given out to be sent, behind everything else.
    package var hasSaidBye: Bool { bye == .said }
    /// So much waits to be shown that nothing more may be read from the connection.
    package var isFull: Bool { inbox.isFull }

    /// When to look again though nothing has come: for messages (a name, typing) or events; nil is never.
    package var deadline: NetworkTime? {
        [inbox.deadline, phase == .open ? sendingDeadline : nil].compactMap { $0 }.min()
    }

    // MARK: Connections

    /// A connection begins; one that stood is forgotten. Of a greeting in the other role nothing can begin.
    ///
    /// - Parameters:
    ///   - greeting: settled, and of the same role.
    ///   - fresh: this side's new session, where the caller finds somebody else than before.
    package mutating func begin(_ greeting: ChatGreeting, fresh: ChatSession = .random()) {
        guard let peer = greeting.peer, greeting.role == role else { return }
        connectionLost()
        phase = .beginning
        ignoredCount = greeting.ignoredCount
        words = greeting.words
        greeted = (ChatText.name(peer.name), Printable.line(peer.agent, columns: ChatLimits.agentColumns))
        (nameSaid, nameSaidAt) = (greeting.own.name, nil)
        if name.isEmpty { name = nameSaid }
        // The answerer does not know yet whether it is known: it believes so where it remembers somebody.
        goesOn = partner != nil
        guard role == .caller else { return }
        if partner != peer.session {
            if partner != nil { forget(fresh) }
            partner = peer.session
            (isNew, goesOn) = (true, false)
        }
        if let reveal = greeting.reveal { prelude.append(reveal) }
        prelude.append(.begin(session: session, have: inbox.heard))
    }

    /// The connection is lost, or was closed: what was not acknowledged is said over the next.
    package mutating func connectionLost() {
        phase = .apart
        isFresh = false
        goesOn = false
        prelude = []
        signals = []
        signalBytes = 0
        typing = nil
        typingSaidAt = nil
        acknowledgedSaid = 0
        inbox.noteLoss()
    }

    /// The other side remembers something else (``ChatError/outdated``), or is to be met as somebody new: what was not
    /// acknowledged is numbered from 1 again.
    package mutating func forget(_ fresh: ChatSession = .random()) {
        session = fresh
        partner = nil
        startAnew()
    }

    mutating func startAnew() {
        inbox.startAnew()
        outbox.startAnew()
        acknowledgedSaid = 0
    }

    // MARK: What our side says

    /// Keeps texts to be said, now or over a later connection.
    ///
    /// - Parameters:
    ///   - pieces: of 1 to 10,000 bytes each, see ``ChatText/pieces(of:byteCount:)``.
    ///   - numbers: the talk's, one for each, rising.
    /// - Throws: `full`, and then nothing is kept.
    package mutating func say(_ pieces: [String], numbers: [Int], at now: NetworkTime) throws(ChatError) {
        guard hasRoom(for: pieces) else { throw .full }
        typing = nil
        for (piece, number) in zip(pieces, numbers) { outbox.append(piece, number: number, at: now) }
    }

    package func hasRoom(for pieces: [String]) -> Bool {
        outbox.hasRoom(messages: pieces.count, bytes: pieces.reduce(0) { $0 + $1.utf8.count })
    }

    /// Our person types, at this moment, or no longer. To be called for each key; what is said is bounded here.
    package mutating func setTyping(_ isTyping: Bool) {
        if phase == .open { typing = isTyping }
    }

    /// Our person wants to be called otherwise.
    ///
    /// - Parameter name: 1 to 40 characters, see ``ChatText/ownName(_:)``.
    package mutating func rename(_ name: String) {
        self.name = name
    }

    /// Our person leaves for good: said behind everything else.
    package mutating func leave() {
        if bye == .none { bye = .wanted }
    }

    /// Says to a guest that another is there; the host's.
    ///
    /// - Throws: `full` when the guest does not take what was sent before.
    package mutating func introduce(peer: Int64, attempt: Int64, name: String, calls: Bool) throws(ChatError) {
        try signal(.introduce(peer: peer, attempt: attempt, name: name, calls: calls), byteCount: 0)
    }

    /// Says what helps two guests to connect.
    ///
    /// - Parameter payload: the text of a JSON object, at most 60 KiB.
    /// - Throws: `full` when the other side does not take what was sent before.
    package mutating func signal(peer: Int64, attempt: Int64, payload: String) throws(ChatError) {
        try signal(.signal(peer: peer, attempt: attempt, payload: payload), byteCount: payload.utf8.count)
    }

    /// Says to a guest that another is gone for good; the host's.
    ///
    /// - Throws: `full` when the guest does not take what was sent before.
    package mutating func parted(peer: Int64) throws(ChatError) {
        try signal(.parted(peer: peer), byteCount: 0)
    }

    /// Asks to be introduced to another guest again; a guest's.
    ///
    /// - Throws: `full` when the host does not take what was sent before.
    package mutating func again(peer: Int64) throws(ChatError) {
        try signal(.again(peer: peer), byteCount: 0)
    }

    /// Nothing of it outlives a connection, and nothing is kept while there is none.
    private mutating func signal(_ message: ChatMessage, byteCount: Int) throws(ChatError) {
        guard phase != .apart else { return }
        guard signals.count < ChatLimits.keptSignals, signalBytes + byteCount <= ChatLimits.keptSignalBytes else {
            throw .full
        }
        signals.append(message)
        signalBytes += byteCount
    }
}
