import Testing

@testable import Chat

/// The texts of the messages, as Docs/Protocols/Chat.md has them.
struct ChatMessageTests {
    private static let session = "AAECAwQFBgcICQoLDA0ODw"

    @Test func `the messages are as in the document`() throws {
        let session = try #require(ChatSession(Self.session))
        let pairs: [(ChatMessage, String)] = [
            (
                .hello(.init(agent: "a", name: "anna", people: 2)),
                #"{"type":"hello","protocol":"martlet.chat","version":1,"agent":"a","name":"anna","people":2}"#
            ),
            (
                .hello(.init(agent: "a", name: "anna", session: session)),
                #"{"type":"hello","protocol":"martlet.chat","version":1,"agent":"a","name":"anna","session":""#
                    + Self.session + #""}"#
            ),
            (.begin(session: nil, have: 3), #"{"type":"begin","have":3}"#),
            (.message(seq: 1, text: "a\nb", age: 5), #"{"type":"message","seq":1,"text":"a\nb","age":5}"#),
            (.ack(seq: 0), #"{"type":"ack","seq":0}"#),
            (.typing(true), #"{"type":"typing","is":true}"#),
            (.name("b"), #"{"type":"name","name":"b"}"#),
            (.bye, #"{"type":"bye"}"#),
            (
                .introduce(peer: 1, attempt: 2, name: "c", calls: true),
                #"{"type":"introduce","peer":1,"attempt":2,"name":"c","calls":true}"#
            ),
            (
                .signal(peer: 1, attempt: 2, payload: #"{"type":"offer","sdp":"v=0"}"#),
                #"{"type":"signal","peer":1,"attempt":2,"payload":{"type":"offer","sdp":"v=0"}}"#
            ),
            (.parted(peer: 7), #"{"type":"parted","peer":7}"#),
        ]
        for (message, text) in pairs {
            #expect(message.encoded == text)
            #expect(try ChatMessage(text) == message)
        }
    }
}
