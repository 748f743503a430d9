import Testing

@testable import Signaling

@Suite struct RoomICEServerTests {
    @Test func `thousands of servers from a rendezvous become a few`() {
        let flood = RoomICEServer(urls: (0..<9000).map { "stun:a\($0).example.org" })
        #expect(RoomICEServer.usableURLs(of: [flood, flood]) == (0..<4).map { "stun:a\($0).example.org" })
    }

    @Test func `what is no STUN server, or too long for a name, is left out`() {
        let long = "stun:" + String(repeating: "a", count: 256)
        let servers = [
            RoomICEServer(urls: ["turn:t.example.org", long]), RoomICEServer(urls: ["stun:s.example.org:3478"]),
        ]
        #expect(RoomICEServer.usableURLs(of: servers) == ["stun:s.example.org:3478"])
        #expect(RoomICEServer.usableURLs(of: []).isEmpty)
    }
}
