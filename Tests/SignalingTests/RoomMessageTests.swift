import Signaling
import Testing

struct RoomMessageTests {
    @Test func `every request is as the protocol writes it`() throws {
        let (room, seven, token) = (try Samples.room(), try #require(RoomNumber(7)), try #require(RoomToken("to_k-n1")))
        let cases: [(RoomRequest, String)] = [
            (.create(room: room, size: 2), #"{"type":"create","room":"abcdefghijkmnpqr","size":2}"#),
            (
                .create(room: room, size: 2, number: .any),
                #"{"type":"create","room":"abcdefghijkmnpqr","size":2,"number":true}"#
            ),
            (
                .create(room: room, size: 2, number: .preferred(seven), token: token),
                #"{"type":"create","room":"abcdefghijkmnpqr","size":2,"number":7,"token":"to_k-n1"}"#
            ),
            (.join(room: room), #"{"type":"join","room":"abcdefghijkmnpqr"}"#),
            (.joinNumber(seven), #"{"type":"join","number":7}"#),
            (.message(to: try Samples.peer("p2"), body: "a\"b"), #"{"type":"message","to":"p2","body":"a\"b"}"#),
            (.drop(try Samples.peer("p2")), #"{"type":"drop","peer":"p2"}"#), (.bye, #"{"type":"bye"}"#),
        ]
        for (request, text) in cases {
            #expect(request.text == text)
            #expect(try RoomRequest(parsing: text) == request)
        }
    }

    @Test func `every notice is as the protocol writes it`() throws {
        let room = try Samples.room()
        let (one, two) = (try Samples.peer("p1"), try Samples.peer("p2"))
        let token = try #require(RoomToken("t"))
        let server = RoomICEServer(urls: ["stun:host:3478"], username: "u", credential: "c")
        let cases: [(RoomNotice, String)] = [
            (
                .created(room: room, peer: one, token: token, iceServers: []),
                #"{"type":"created","room":"abcdefghijkmnpqr","peer":"p1","token":"t","iceServers":[]}"#
            ),
            (
                .created(room: room, peer: one, number: RoomNumber(999_999), token: token, iceServers: []),
                #"{"type":"created","room":"abcdefghijkmnpqr","peer":"p1","number":999999,"token":"t","iceServers":[]}"#
            ),
            (
                .joined(room: room, peer: two, host: one, peers: [one], iceServers: [server]),
                #"{"type":"joined","room":"abcdefghijkmnpqr","peer":"p2","host":"p1","peers":["p1"],"iceServers":"#
                    + #"[{"urls":["stun:host:3478"],"username":"u","credential":"c"}]}"#
            ),
            (.peerJoined(two), #"{"type":"peer-joined","peer":"p2"}"#),
            (.peerLeft(two), #"{"type":"peer-left","peer":"p2"}"#),
            (.message(from: one, body: "x"), #"{"type":"message","from":"p1","body":"x"}"#),
            (.full, #"{"type":"full"}"#),
            (.error(code: .noSuchRoom, message: "m"), #"{"type":"error","code":"no-such-room","message":"m"}"#),
        ]
        for (notice, text) in cases {
            #expect(notice.text == text)
            #expect(try RoomNotice(parsing: text) == notice)
        }
    }

    @Test func `unknown members are ignored`() throws {
        #expect(try RoomRequest(parsing: #"{"x":[{}],"type":"bye","y":1.5}"#) == .bye)
    }

    @Test(
        arguments: [
            ("[]", .notAnObject), ("1", .notAnObject), ("{", .notAnObject), ("", .notAnObject),
            (String(repeating: "[", count: 100_000), .notAnObject), (#"{"type":"bye","type":"bye"}"#, .notAnObject),
            ("{}", .badMember("type")), (#"{"type":1}"#, .badMember("type")),
            (#"{"type":"dance"}"#, .unknownType("dance")),
            (#"{"type":"create","room":"abcdefghijkmnpqr"}"#, .badMember("size")),
            (#"{"type":"create","room":"abcdefghijkmnpqr","size":"2"}"#, .badMember("size")),
            (#"{"type":"create","room":"abcdefghijkmnpqr","size":2.5}"#, .badMember("size")),
            (#"{"type":"create","room":"ABCDEFGHIJKMNPQR","size":2}"#, .badMember("room")),
            (#"{"type":"join","room":"short"}"#, .badMember("room")),
            (#"{"type":"join","room":null}"#, .badMember("room")),
            (#"{"type":"join"}"#, .badMember("room")),
            (#"{"type":"join","number":0}"#, .badMember("number")),
            (#"{"type":"join","number":1000000}"#, .badMember("number")),
            (#"{"type":"join","number":"7"}"#, .badMember("number")),
            (#"{"type":"join","number":true}"#, .badMember("number")),
            (#"{"type":"create","room":"abcdefghijkmnpqr","size":2,"number":-1}"#, .badMember("number")),
            (#"{"type":"create","room":"abcdefghijkmnpqr","size":2,"number":1.5}"#, .badMember("number")),
            (#"{"type":"create","room":"abcdefghijkmnpqr","size":2,"token":""}"#, .badMember("token")),
            (#"{"type":"create","room":"abcdefghijkmnpqr","size":2,"token":"a b"}"#, .badMember("token")),
            (#"{"type":"create","room":"abcdefghijkmnpqr","size":2,"token":7}"#, .badMember("token")),
            (#"{"type":"message","to":"p2"}"#, .badMember("body")),
            (#"{"type":"message","to":"p 2","body":""}"#, .badMember("to")),
            (#"{"type":"message","to":"","body":""}"#, .badMember("to")),
            (#"{"type":"message","to":"p2","body":{}}"#, .badMember("body")),
        ] as [(String, RoomMessageError)])
    func `bad requests are refused with the reason`(text: String, expected: RoomMessageError) {
        #expect(throws: expected) { try RoomRequest(parsing: text) }
    }

    @Test func `a wish for no number may be written in three ways`() throws {
        let room = try Samples.room()
        for member in [#""number":false,"#, #""number":null,"token":null,"#, ""] {
            let text = #"{"type":"create",\#(member)"room":"abcdefghijkmnpqr","size":2}"#
            #expect(try RoomRequest(parsing: text) == .create(room: room, size: 2))
        }
    }

    @Test func `numbers of rooms have one text each`() {
        for text in ["1", "7", "42", "999999"] { #expect(RoomNumber(text)?.description == text) }
        for text in ["", "0", "07", "1000000", "+7", "7 ", "٧", "-1"] { #expect(RoomNumber(text) == nil) }
    }

    @Test func `a token is never printed`() throws {
        let token = try #require(RoomToken("qwerty"))
        let request = RoomRequest.create(room: try Samples.room(), size: 2, token: token)
        for text in ["\(token)", String(reflecting: token), "\(request)", String(reflecting: request)] {
            #expect(!text.contains("qwerty"))
        }
        #expect(RoomToken(String(repeating: "a", count: 64)) != nil)
        #expect(RoomToken(String(repeating: "a", count: 65)) == nil)
    }

    @Test func `unpaired surrogates and nesting deeper than 16 are no JSON here`() throws {
        func request(_ value: String) -> String { #"{"x":\#(value),"type":"bye"}"# }
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try RoomRequest(parsing: request(#""\ud83d\ude00""#)) == .bye)
        #expect(throws: RoomMessageError.notAnObject) { try RoomRequest(parsing: request(#""\ud83d""#)) }
        #expect(throws: RoomMessageError.notAnObject) { try RoomRequest(parsing: request(#""\ude00""#)) }
        // The message itself is one level.
        #expect(try RoomRequest(parsing: request(nested(15))) == .bye)
        #expect(throws: RoomMessageError.notAnObject) { try RoomRequest(parsing: request(nested(16))) }
    }

    @Test func `a notice with more peers than a room holds is refused`() {
        let peers = (1...32).map { "\"p\($0)\"" }.joined(separator: ",")
        let text = #"{"type":"joined","room":"abcdefghijkmnpqr","peer":"p20","host":"p1","peers":["# + peers + "]}"
        #expect(throws: RoomMessageError.badMember("peers")) { try RoomNotice(parsing: text) }
    }

    @Test func `payloads are as the protocol writes them`() throws {
        let cases: [(RoomPayload, String)] = [
            (.offer(sdp: "v=0\r\n"), #"{"type":"offer","sdp":"v=0\r\n"}"#),
            (.answer(sdp: "v=0"), #"{"type":"answer","sdp":"v=0"}"#),
            (.candidate(line: "candidate:1", mid: "0"), #"{"type":"candidate","candidate":"candidate:1","mid":"0"}"#),
            (.candidate(line: "", mid: nil), #"{"type":"candidate","candidate":"","mid":null}"#),
            (.failed(code: "c", message: "m"), #"{"type":"failed","code":"c","message":"m"}"#),
            (.unknown(type: "later"), #"{"type":"later"}"#),
        ]
        for (payload, text) in cases {
            #expect(payload.text == text)
            #expect(try RoomPayload(parsing: text) == payload)
        }
        #expect(throws: RoomMessageError.badMember("sdp")) { try RoomPayload(parsing: #"{"type":"offer"}"#) }
        #expect(throws: RoomMessageError.badMember("mid")) {
            try RoomPayload(parsing: #"{"type":"candidate","candidate":"","mid":0}"#)
        }
    }
}
