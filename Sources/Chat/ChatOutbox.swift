internal import DequeModule
internal import Wire

/// What we said to one other person and has not been acknowledged: numbered, sent within the window, and sent again
/// over the next connection where it was not heard.
///
/// Keeps at most ``ChatLimits/keptMessages`` messages and ``ChatLimits/keptBytes`` bytes of text.
struct ChatOutbox: Sendable {
    private struct Entry: Sendable {
        /// The talk's number, for ticks.
        var number: Int
        var text: String
        var byteCount: Int
        var writtenAt: NetworkTime
    }

    /// Not acknowledged; the first has the number `acknowledged + 1`.
    private var entries = Deque<Entry>()
    private var byteCount = 0
    /// Everything up to this number is with the other person.
    private(set) var acknowledged: Int64 = 0
    /// The last number that was sent, or heard of in `have`, on this connection.
    private var sent: Int64 = 0
    /// Bytes of what is sent and not acknowledged.
    private var sentBytes = 0
    /// The last number that was ever sent.
    private var said: Int64 = 0
    /// The talk's number of the message that was given out last.
    private(set) var givenOut: Int?

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }
    /// Something waits that was not sent on this connection.
    var hasUnsent: Bool { unsentIndex < entries.count }
    /// Of `entries`: what is sent next. Within `Int`: `sent` is never more than the number of entries behind.
    private var unsentIndex: Int { Int(sent - acknowledged) }

    /// Whether so much more may be kept.
    func hasRoom(messages: Int, bytes: Int) -> Bool {
        entries.count + messages <= ChatLimits.keptMessages && byteCount + bytes <= ChatLimits.keptBytes
    }

    /// Keeps a message to be sent. There is room for it.
    mutating func append(_ text: String, number: Int, at now: NetworkTime) {
        let count = text.utf8.count
        entries.append(Entry(number: number, text: text, byteCount: count, writtenAt: now))
        byteCount += count
    }

    /// The next message, if there is one and the window lets it be sent; it counts as sent.
    mutating func next(at now: NetworkTime) -> ChatMessage? {
        guard unsentIndex < min(entries.count, ChatLimits.windowMessages) else { return nil }
        let entry = entries[unsentIndex]
        guard sentBytes + entry.byteCount <= ChatLimits.windowBytes else { return nil }
        sent += 1
        sentBytes += entry.byteCount
        said = max(said, sent)
        givenOut = entry.number
        let age = max(0, min(entry.writtenAt.duration(to: now).wholeMilliseconds, ChatLimits.largestInteger))
        return .message(seq: sent, text: entry.text, age: age)
    }

    /// A connection begins on which the other side has everything up to `have`.
    ///
    /// - Throws: `protocolViolation` when the other side has put back an old state, `outdated` when this one has.
    mutating func resume(behind have: Int64) throws(ChatError) {
        guard have >= acknowledged else { throw .protocolViolation("have is \(have) behind an ack of \(acknowledged)") }
        guard have <= said else { throw .outdated }
        sent = have
        sentBytes = entries.prefix(unsentIndex).reduce(0) { $0 + $1.byteCount }
    }

    /// The other side has shown everything up to `seq`.
    ///
    /// - Returns: the talk's number of the last message of these; nil when there is nothing new.
    mutating func acknowledge(_ seq: Int64) throws(ChatError) -> Int? {
        guard seq >= acknowledged, seq <= sent else { throw .protocolViolation("ack of \(seq)") }
        var last: Int?
        while acknowledged < seq, let entry = entries.popFirst() {
            acknowledged += 1
            byteCount -= entry.byteCount
            sentBytes -= entry.byteCount
            last = entry.number
        }
        return last
    }

    /// Somebody else is there: everything that is kept is numbered from 1 and has not been sent.
    mutating func startAnew() {
        (acknowledged, sent, said, sentBytes) = (0, 0, 0, 0)
    }
}
