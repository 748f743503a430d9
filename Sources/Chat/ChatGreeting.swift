package import Martlet
internal import Transfer

/// Which of the two sides of a pair one is: the caller speaks first, the answerer says by what it is known.
package enum ChatRole: Sendable, Equatable {
    case caller, answerer
}

/// The beginning of a connection, until it is known who is there: `hello` and `reveal`, as a value without channel and
/// clock. Bounded: it keeps nothing but the other's `hello`. Source: Docs/Protocols/Chat.md, "A connection begins".
package struct ChatGreeting: Sendable {
    package let role: ChatRole
    /// What this side says of itself.
    package let own: ChatMessage.Hello
    /// What the other side says of itself, as it came; nil before.
    package private(set) var peer: ChatMessage.Hello?
    package private(set) var ignoredCount = 0
    private var exchange: WordExchange?

    /// - Parameters:
    ///   - name: of our person, 1 to 40 characters; see ``ChatText/ownName(_:)``.
    ///   - people: how many may be in the room; said by the caller.
    ///   - session: by what this side is known again; said by the answerer.
    ///   - certificates: of the connection, when words are to be made of them.
    package init(
        _ role: ChatRole, name: String, agent: String, people: Int, session: ChatSession,
        certificates: CertificateFingerprints?, nonce: [UInt8] = WordExchange.randomNonce()
    ) {
        self.role = role
        exchange = certificates.map {
            WordExchange(role: role == .caller ? .sender : .receiver, certificates: $0, nonce: nonce)
        }
        own = ChatMessage.Hello(
            agent: agent, name: name, people: role == .caller ? people : nil,
            session: role == .answerer ? session : nil, commit: exchange?.commitment)
    }

    /// What is said before anything was heard.
    package var opening: [ChatMessage] { role == .caller ? [.hello(own)] : [] }

    /// It is known who is there: the next is `begin`.
    package var isSettled: Bool { peer != nil && exchange?.isOwed != true }

    /// What the two people may compare; nil where one of the sides takes no part.
    package var words: [String]? { exchange?.words?.words }

    /// What the caller says before its `begin`.
    package var reveal: ChatMessage? {
        exchange.flatMap { $0.isShared ? .reveal(nonce: $0.nonce) : nil }
    }

    /// Takes what the other side says before `begin`.
    ///
    /// - Returns: what is said to that, in order.
    /// - Throws: what ends the connection.
    package mutating func receive(_ message: ChatMessage) throws(ChatError) -> [ChatMessage] {
        switch message {
        case .error(let code, let text): throw ChatError(reportedByPeer: code, message: text, isOutdated: false)
        case .otherHello(let name): throw .notAChat(name)
        case .hello(let hello): return try greet(hello)
        case _ where peer == nil: throw .protocolViolation("a message before hello")
        case .reveal(let nonce):
            do throws(TransferError) {
                guard exchange?.isOwed == true else { throw TransferError(.protocolViolation, "") }
                try exchange?.open(nonce)
            } catch {
                throw error.code == .unverified ? .unverified : .protocolViolation("a reveal out of place")
            }
            return []
        case .bye: throw .vanished
        case _ where exchange?.isOwed == true: throw .protocolViolation("a message before reveal")
        case .ignorable:
            ignoredCount += 1
            guard ignoredCount <= ChatLimits.ignoredMessages else {
                throw .protocolViolation("too many unknown messages")
            }
            return []
        default: throw .protocolViolation("a message before begin")
        }
    }

    private mutating func greet(_ hello: ChatMessage.Hello) throws(ChatError) -> [ChatMessage] {
        guard peer == nil else { throw .protocolViolation("a second hello") }
        guard hello.version >= ChatMessage.version else { throw .version }
        switch role {
        case .caller: guard hello.session != nil else { throw .protocolViolation("member session is missing") }
        case .answerer: guard hello.people != nil else { throw .protocolViolation("member people is missing") }
        }
        peer = hello
        exchange?.take(hello.commit)
        guard role == .answerer else { return [] }
        return [.hello(own)] + (reveal.map { [$0] } ?? [])
    }
}

extension ChatError {
    /// What the other side says about a failure.
    ///
    /// - Parameter isOutdated: it says so of the numbers of `begin`.
    init(reportedByPeer code: String, message: String, isOutdated: Bool) {
        let text = Printable.line(message, columns: 500)
        switch code {
        case "protocol": self = isOutdated ? .outdated : .refused(text)
        case "taken": self = .taken
        case "version": self = .version
        case "cannot-verify": self = .unverified
        default: self = .failed(text)
        }
    }
}
