import Chat
import Martlet
import Wire

/// One side of a pair, played by hand.
struct ChatSide {
    var pair: ChatPair
    var greeting: ChatGreeting?
    /// Whether the greeting is over, and the pair hears what comes.
    var hasGreeted = false
    var name: String
    /// Texts that this side has shown, in order; and everything else that happened.
    var shown: [String] = []
    var events: [ChatPairEvent] = []
    /// What it said, and the number up to which that was delivered.
    var said: [String] = []
    var delivered = 0
    var beginnings: [Bool] = []
    /// Texts on their way to the other side.
    var outgoing: [String] = []

    init(_ role: ChatRole, name: String, introduces: Bool = true, using random: inout some RandomNumberGenerator) {
        pair = ChatPair(role, session: .random(using: &random), introduces: introduces)
        self.name = name
    }

    mutating func connect(_ certificates: CertificateFingerprints?) {
        disconnect()
        let greeting = ChatGreeting(
            pair.role, name: name, agent: "test", people: 2, session: pair.session, certificates: certificates)
        self.greeting = greeting
        outgoing = greeting.opening.map(\.encoded)
    }

    mutating func disconnect() {
        pair.connectionLost()
        greeting = nil
        hasGreeted = false
        outgoing = []
    }

    mutating func say(_ text: String, at now: NetworkTime) throws(ChatError) {
        try pair.say([text], numbers: [said.count + 1], at: now)
        said.append(text)
        send(at: now)
    }

    mutating func receive(_ text: String, at now: NetworkTime) throws(ChatError) {
        let message = try ChatMessage(text)
        if !hasGreeted, var greeting {
            outgoing += try greeting.receive(message).map(\.encoded)
            self.greeting = greeting
            if greeting.isSettled {
                hasGreeted = true
                pair.begin(greeting)
            }
        } else {
            try pair.receive(message, at: now)
        }
        send(at: now)
    }

    mutating func send(at now: NetworkTime) {
        while let message = pair.takeMessage(at: now) { outgoing.append(message.encoded) }
    }

    /// Shows one event.
    ///
    /// - Returns: false when there is none.
    mutating func show(at now: NetworkTime) -> Bool {
        let event = pair.takeEvent(at: now)
        switch event {
        case .message(let text, _): shown.append(text)
        case .delivered(let number): delivered = max(delivered, number)
        case .begun(_, _, let isNew): beginnings.append(isNew)
        case .some(let event): events.append(event)
        case nil: break
        }
        send(at: now)
        return event != nil
    }
}

/// Two sides and a connection between them that delivers when it is told to, and can be lost at any time with
/// everything that is under way.
struct TwoSides {
    var caller: ChatSide
    var answerer: ChatSide
    var now = NetworkTime.zero
    var isConnected = false
    /// Messages that were delivered on all connections.
    var deliveredCount = 0

    static let callerSees = CertificateFingerprints(
        local: [UInt8](repeating: 1, count: 32), remote: [UInt8](repeating: 2, count: 32))
    static let answererSees = CertificateFingerprints(
        local: [UInt8](repeating: 2, count: 32), remote: [UInt8](repeating: 1, count: 32))

    init(introduces: Bool = true, using random: inout some RandomNumberGenerator) {
        caller = ChatSide(.caller, name: "anna", introduces: introduces, using: &random)
        answerer = ChatSide(.answerer, name: "ben", introduces: introduces, using: &random)
    }

    mutating func connect() {
        caller.connect(Self.callerSees)
        answerer.connect(Self.answererSees)
        isConnected = true
    }

    mutating func lose() {
        caller.disconnect()
        answerer.disconnect()
        isConnected = false
    }

    /// Delivers the oldest message in one direction.
    ///
    /// - Returns: false when there is none.
    mutating func deliver(toCaller: Bool) throws(ChatError) -> Bool {
        if toCaller {
            guard !answerer.outgoing.isEmpty else { return false }
            try caller.receive(answerer.outgoing.removeFirst(), at: now)
        } else {
            guard !caller.outgoing.isEmpty else { return false }
            try answerer.receive(caller.outgoing.removeFirst(), at: now)
        }
        deliveredCount += 1
        return true
    }

    /// Delivers and shows until nothing moves any more, or so many messages were delivered.
    mutating func settle(untilDelivered limit: Int = .max) throws(ChatError) {
        var moves = true
        while moves {
            moves = false
            for toCaller in [false, true] where deliveredCount < limit {
                if try deliver(toCaller: toCaller) { moves = true }
            }
            if deliveredCount >= limit { return }
            while caller.show(at: now) { moves = true }
            while answerer.show(at: now) { moves = true }
        }
    }
}
