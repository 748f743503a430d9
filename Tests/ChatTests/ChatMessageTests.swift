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
            (.again(peer: 7), #"{"type":"again","peer":7}"#),
        ]
        for (message, text) in pairs {
            #expect(message.encoded == text)
            #expect(try ChatMessage(text) == message)
        }
    }

    @Test(arguments: [
        "", "[]", "1", "{}", #"{"type":1}"#, #"{"type":"later"}"#, #"{"type":"later","optional":false}"#,
        #"{"type":"bye","type":"bye"}"#, #"{"type":"hello"}"#,
        #"{"type":"hello","protocol":"martlet.chat","version":1,"agent":"","name":"","people":2}"#,
        #"{"type":"hello","protocol":"martlet.chat","version":1,"agent":"","name":"a","people":1}"#,
        #"{"type":"hello","protocol":"martlet.chat","version":1,"agent":"","name":"a","people":9}"#,
        #"{"type":"hello","protocol":"martlet.chat","version":1,"agent":"","name":"a","people":2.0}"#,
        #"{"type":"hello","protocol":"martlet.chat","version":-1,"agent":"","name":"a"}"#,
        #"{"type":"hello","protocol":"martlet.chat","version":1,"agent":"","name":"a","session":"short"}"#,
        #"{"type":"hello","protocol":"martlet.chat","version":1,"agent":"","name":"a","session":"AAECAwQFBgcICQoLDA0OD_"}"#,
        #"{"type":"hello","protocol":"martlet.chat","version":1,"agent":"","name":"a","commit":"00"}"#,
        #"{"type":"begin"}"#, #"{"type":"begin","have":-1}"#, #"{"type":"begin","have":1.5}"#,
        #"{"type":"begin","have":1e2}"#,
        #"{"type":"begin","have":9007199254740992}"#, #"{"type":"begin","have":99999999999999999999}"#,
        #"{"type":"begin","have":null}"#, #"{"type":"message","seq":0,"text":"a","age":0}"#,
        #"{"type":"message","seq":1,"text":"","age":0}"#, #"{"type":"message","seq":1,"text":"a"}"#,
        #"{"type":"message","seq":1,"text":1,"age":0}"#, #"{"type":"message","seq":1,"text":"a","age":-1}"#,
        #"{"type":"ack"}"#, #"{"type":"ack","seq":"1"}"#, #"{"type":"typing"}"#, #"{"type":"typing","is":1}"#,
        #"{"type":"name","name":""}"#, #"{"type":"name"}"#, #"{"type":"reveal","nonce":"00"}"#,
        #"{"type":"introduce","peer":0,"attempt":1,"name":"a","calls":true}"#,
        #"{"type":"introduce","peer":1,"attempt":0,"name":"a","calls":true}"#,
        #"{"type":"introduce","peer":1,"attempt":1,"name":"a"}"#,
        #"{"type":"signal","peer":1,"attempt":1,"payload":"{}"}"#,
        #"{"type":"signal","peer":1,"attempt":1}"#, #"{"type":"parted","peer":0}"#, #"{"type":"again"}"#,
        #"{"type":"error"}"#,
        #"{"type":"signal","peer":1,"attempt":1,"payload":{"a":[[[[[[[[[[1]]]]]]]]]]}}"#,
    ])
    func `what the protocol does not have is refused`(text: String) {
        let error = #expect(throws: ChatError.self) { try ChatMessage(text) }
        guard case .protocolViolation = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `what is too long is refused, and what just fits is taken`() throws {
        func message(_ text: String) -> String { ChatMessage.message(seq: 1, text: text, age: 0).encoded }
        // Escapes make six bytes of one.
        let longest = String(repeating: "\u{1B}", count: ChatLimits.textBytes)
        #expect(message(longest).utf8.count <= 65_536)
        #expect(try ChatMessage(message(longest)) == .message(seq: 1, text: longest, age: 0))
        #expect(throws: ChatError.protocolViolation("member text is invalid")) {
            try ChatMessage(message(longest + "x"))
        }
        let name = String(repeating: "👩", count: ChatLimits.nameCharacters)
        #expect(try ChatMessage(ChatMessage.name(name).encoded) == .name(name))
        #expect(throws: ChatError.self) { try ChatMessage(ChatMessage.name(name + "x").encoded) }
        #expect(throws: ChatError.self) {
            try ChatMessage(ChatMessage.name("e" + String(repeating: "\u{301}", count: 40)).encoded)
        }
        func signal(_ count: Int) -> String {
            let payload = #"{"a":"\#(String(repeating: "x", count: count - 8))"}"#
            return ChatMessage.signal(peer: .max >> 10, attempt: .max >> 10, payload: payload).encoded
        }
        #expect(throws: Never.self) { try ChatMessage(signal(ChatLimits.payloadBytes)) }
        #expect(throws: ChatError.self) { try ChatMessage(signal(ChatLimits.payloadBytes + 1)) }
        #expect(throws: ChatError.protocolViolation("a control message of 70011 bytes")) {
            try ChatMessage(#"{"type":"\#(String(repeating: "x", count: 70_000))"}"#)
        }
    }

    @Test func `unknown members and null for what may be missing are passed over`() throws {
        let text =
            #"{"type":"hello","protocol":"martlet.chat","version":2,"agent":null,"name":"a","people":null,"x":{"y":[]}}"#
        #expect(try ChatMessage(text) == .hello(.init(version: 2, agent: "", name: "a")))
        #expect(try ChatMessage(#"{"type":"later","optional":true,"seq":-1}"#) == .ignorable)
        #expect(try ChatMessage(#"{"type":"name","name":"\ud800"}"#) == .name("\u{FFFD}"))
    }

    @Test func `a session is 16 bytes, and is printed nowhere`() throws {
        let session = try #require(ChatSession(Self.session))
        #expect(session.text == Self.session)
        for printed in ["\(session)", String(reflecting: session), "\(ChatMessage.begin(session: session, have: 0))"] {
            #expect(!printed.contains(Self.session))
        }
        for text in ["", "AAECAwQFBgcICQoLDA0ODx", "AAECAwQFBgcICQoLDA0OD=", Self.session + "A"] {
            #expect(ChatSession(text) == nil)
        }
        #expect(ChatSession.random() != ChatSession.random())
    }
}
