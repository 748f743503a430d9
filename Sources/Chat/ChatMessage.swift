package import Transfer

/// A message of the talk channel, one JSON object. Source: Docs/Protocols/Chat.md.
package enum ChatMessage: Sendable, Equatable {
    /// How a side introduces itself.
    package struct Hello: Sendable, Equatable {
        package var version: Int64
        /// As it came: not fit to be shown.
        package var agent: String
        /// 1 to 40 Unicode scalars, as they came: not fit to be shown.
        package var name: String
        /// How many may be in the room; a caller's.
        package var people: Int?
        /// By what it is known again; an answerer's.
        package var session: ChatSession?
        /// What this side's `reveal` will be of, when it takes part in the words to compare.
        package var commit: TreeDigest?

        package init(
            version: Int64 = ChatMessage.version, agent: String, name: String, people: Int? = nil,
            session: ChatSession? = nil, commit: TreeDigest? = nil
        ) {
            self.version = version
            self.agent = agent
            self.name = name
            self.people = people
            self.session = session
            self.commit = commit
        }
    }

    package static let protocolName = "martlet.chat"
    /// The only version there is.
    package static let version: Int64 = 1

    case hello(Hello)
    /// The `hello` of a side that is there for something else.
    case otherHello(protocol: String)
    /// What the hello's `commit` is of: 16 bytes.
    case reveal(nonce: [UInt8])
    /// `session` is the caller's; the answerer says none.
    case begin(session: ChatSession?, have: Int64)
    /// `text` is 1 to 10,000 bytes; `seq` counts from 1; `age` in milliseconds.
    case message(seq: Int64, text: String, age: Int64)
    case ack(seq: Int64)
    case typing(Bool)
    case name(String)
    case bye
    case error(code: String, message: String)
    /// Peers and attempts are at least 1.
    case introduce(peer: Int64, attempt: Int64, name: String, calls: Bool)
    /// `payload` is the text of one JSON object, of at most 60 KiB.
    case signal(peer: Int64, attempt: Int64, payload: String)
    case parted(peer: Int64)
    /// A guest has no connection to that other guest, and asks to be introduced again.
    case again(peer: Int64)
    /// A later version's message that may be ignored.
    case ignorable
}
