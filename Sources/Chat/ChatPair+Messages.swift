internal import DequeModule
package import Wire

/// What comes and what goes.
extension ChatPair {
    // MARK: Receiving

    /// Takes a message of the connection, behind its greeting.
    ///
    /// - Throws: what ends the connection; ``ChatError/notice`` is what the other side is to hear.
    package mutating func receive(_ message: ChatMessage, at now: NetworkTime) throws(ChatError) {
        if case .error(let code, let text) = message {
            throw ChatError(
                reportedByPeer: code, message: text, isOutdated: goesOn && (phase == .beginning || isFresh))
        }
        let isBeginning = phase == .beginning
        defer { if !isBeginning { isFresh = false } }
        switch message {
        case .begin(let session, let have) where phase == .beginning: try begin(session, have)
        case .bye: try part()
        case .ignorable:
            ignoredCount += 1
            guard ignoredCount <= ChatLimits.ignoredMessages else {
                throw .protocolViolation("too many unknown messages")
            }
        case .hello, .otherHello: throw .protocolViolation("a second hello")
        case .reveal: throw .protocolViolation("a reveal out of place")
        case .begin: throw .protocolViolation("a second begin")
        case _ where phase != .open: throw .protocolViolation("a message before begin")
        case .ack(let seq):
            if let number = try outbox.acknowledge(seq) { inbox.noteDelivered(through: number) }
        case _ where hasHeardBye: throw .protocolViolation("a message after bye")
        case .message(let seq, let text, let age): try inbox.receive(seq: seq, text: text, age: age, at: now)
        case .typing(let isTyping): inbox.noteTyping(isTyping, at: now)
        case .name(let name): inbox.noteName(ChatText.name(name))
        case .introduce, .signal, .parted, .again: try receiveSignal(message)
        case .error: break
        }
    }

    private mutating func begin(_ session: ChatSession?, _ have: Int64) throws(ChatError) {
        if role == .answerer {
            guard let session else { throw .protocolViolation("member session is missing") }
            if partner != session {
                if partner != nil { startAnew() }
                partner = session
                (isNew, goesOn) = (true, false)
            }
            prelude.append(.begin(session: nil, have: inbox.heard))
        }
        // Somebody new cannot have anything.
        guard !isNew || have == 0 else { throw .protocolViolation("have is \(have) of somebody new") }
        try outbox.resume(behind: have)
        phase = .open
        isFresh = true
        // Said once more where something was acknowledged: the last one may have been lost with the connection.
        acknowledgedSaid = 0
        inbox.receive(.begun(name: greeted.name, agent: greeted.agent, isNew: isNew), byteCount: 0)
        isNew = false
    }

    private mutating func part() throws(ChatError) {
        guard !hasHeardBye else { throw .protocolViolation("a second bye") }
        hasHeardBye = true
        inbox.noteParting()
    }

    private mutating func receiveSignal(_ message: ChatMessage) throws(ChatError) {
        guard introduces else { throw .protocolViolation("an introduction by a guest") }
        switch (message, role) {
        case (.introduce(let peer, let attempt, let name, let calls), .answerer):
            inbox.receive(
                .introduced(peer: peer, attempt: attempt, name: ChatText.name(name), calls: calls), byteCount: 0)
        case (.parted(let peer), .answerer): inbox.receive(.parted(peer: peer), byteCount: 0)
        case (.again(let peer), .caller): inbox.receive(.again(peer: peer), byteCount: 0)
        case (.signal(let peer, let attempt, let payload), _):
            inbox.receive(.signal(peer: peer, attempt: attempt, payload: payload), byteCount: payload.utf8.count)
        default: throw .protocolViolation("an introduction in the wrong direction")
        }
    }

    /// The next event to be shown; what was taken before counts as shown.
    package mutating func takeEvent(at now: NetworkTime) -> ChatPairEvent? {
        inbox.take(at: now)
    }

    /// What was taken last was shown, and is acknowledged.
    package mutating func acknowledgeTaken() {
        inbox.acknowledgeTaken()
    }

    // MARK: Sending

    /// The next message to be sent over the connection, if there is one.
    package mutating func takeMessage(at now: NetworkTime) -> ChatMessage? {
        if let message = prelude.popFirst() { return message }
        guard phase == .open else { return nil }
        if inbox.acknowledged > acknowledgedSaid {
            acknowledgedSaid = inbox.acknowledged
            return .ack(seq: inbox.acknowledged)
        }
        guard bye != .said else { return nil }
        if let message = signals.popFirst() {
            if case .signal(_, _, let payload) = message { signalBytes -= payload.utf8.count }
            return message
        }
        if name != nameSaid, nameDue <= now {
            (nameSaid, nameSaidAt) = (name, now)
            return .name(name)
        }
        if let message = outbox.next(at: now) {
            // A message ends what was said of typing.
            typingSaidAt = nil
            return message
        }
        if bye == .wanted, !outbox.hasUnsent {
            bye = .said
            return .bye
        }
        return takeTyping(at: now)
    }

    private mutating func takeTyping(at now: NetworkTime) -> ChatMessage? {
        guard let isTyping = typing, !isTyping || typingDue <= now else { return nil }
        typing = nil
        if isTyping {
            typingSaidAt = now
            return .typing(true)
        }
        guard typingSaidAt != nil else { return nil }
        typingSaidAt = nil
        return .typing(false)
    }

    private var nameDue: NetworkTime { nameSaidAt?.advanced(by: ChatLimits.nameInterval) ?? .zero }
    private var typingDue: NetworkTime { typingSaidAt?.advanced(by: ChatLimits.typingInterval) ?? .zero }

    var sendingDeadline: NetworkTime? {
        let name = name != nameSaid ? nameDue : nil
        guard typing == true else { return name }
        return name.map { min($0, typingDue) } ?? typingDue
    }
}
