/// The bounds of the protocol (Docs/Protocols/Chat.md) and of what other people may make this side keep.
package enum ChatLimits {
    /// Bytes of UTF-8 of the text of one message.
    package static let textBytes = 10_000
    /// Messages that may be sent and without acknowledgement, in each direction of a pair.
    package static let windowMessages = 256
    /// Bytes of their texts.
    package static let windowBytes = 256 << 10
    /// Characters (Unicode scalars) of a name; at least 1.
    package static let nameCharacters = 40
    /// Terminal columns of what the other side's program calls itself.
    package static let agentColumns = 80
    /// People in a room.
    package static let people: ClosedRange<Int> = 2...8
    /// Bytes of the payload of a signal, as JSON.
    package static let payloadBytes = 60 << 10
    /// Unknown messages with `"optional":true` that are ignored on one connection.
    package static let ignoredMessages = 1_000
    /// The largest integer that every implementation holds exactly (a JavaScript number).
    package static let largestInteger: Int64 = (1 << 53) - 1
    /// The most that `age` is taken for: nothing in a chat is older, and clocks can be set back so far.
    package static let oldestAge = Duration.seconds(366 * 86_400)

    /// What one side keeps for one other person until it is acknowledged, sent or not.
    package static let keptMessages = 10_000
    /// Bytes of their texts.
    package static let keptBytes = 16 << 20
    /// Introductions and signals that wait to be sent to one other person.
    package static let keptSignals = 2_048
    /// Bytes of their payloads.
    package static let keptSignalBytes = 4 << 20
    /// What has come and waits to be shown; beyond these nothing more is read from the connection.
    package static let waitingEvents = 1_024
    /// Bytes of that.
    package static let waitingBytes = 1 << 20

    /// Between two times that `typing` is said while the person types.
    package static let typingInterval = Duration.seconds(2)
    /// How long `typing` holds.
    package static let typingHolds = Duration.seconds(6)
    /// Between two changes of a name.
    package static let nameInterval = Duration.seconds(1)
}
