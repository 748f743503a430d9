internal import Signaling
internal import Testing

@testable internal import Lab

@Suite struct LabControlMessageTests {
    private static let messages: [(LabControlMessage, String)] = [
        (
            .hello(version: 1, agent: "Firefox on Linux"),
            #"{"type":"hello","protocol":"martlet.lab","version":1,"agent":"Firefox on Linux"}"#
        ),
        (.error(code: "protocol", message: "no"), #"{"type":"error","code":"protocol","message":"no"}"#),
        (.ping(7), #"{"type":"ping","n":7}"#),
        (.pong(7, at: 9_007_199_254_740_991), #"{"type":"pong","n":7,"at":9007199254740991}"#),
        (.clock(ahead: -5), #"{"type":"clock","ahead":-5,"optional":true}"#),
        (
            .run(
                LabRunRequest(
                    run: 3, of: 12, from: .partner, channel: LabChannel(ordered: false, maxRetransmits: 0),
                    traffic: .init(bytes: 24, rate: 0.5, milliseconds: 3_000))),
            #"{"type":"run","run":3,"of":12,"from":"partner","channel":{"ordered":false,"maxRetransmits":0},"#
                + #""traffic":{"bytes":24,"rate":0.5,"milliseconds":3000}}"#
        ),
        (
            .run(
                LabRunRequest(
                    run: 4, of: nil, from: .conductor, channel: LabChannel(maxPacketLifeTime: 65_535),
                    traffic: .init(bytes: 262_144, rate: nil, milliseconds: nil))),
            #"{"type":"run","run":4,"from":"conductor","channel":{"ordered":true,"maxPacketLifeTime":65535},"#
                + #""traffic":{"bytes":262144}}"#
        ),
        (
            .signal(run: 3, payload: .candidate(line: "candidate:1", mid: "0")),
            #"{"type":"signal","run":3,"payload":{"type":"candidate","candidate":"candidate:1","mid":"0"}}"#
        ),
        (.ready(run: 3), #"{"type":"ready","run":3}"#),
        (.failed(run: 3, message: "no path"), #"{"type":"failed","run":3,"message":"no path"}"#),
        (.start(run: 3), #"{"type":"start","run":3}"#),
        (
            .sent(run: 3, offered: 10, accepted: 9, over: true),
            #"{"type":"sent","run":3,"offered":10,"accepted":9,"over":true}"#
        ),
        (
            .received(
                run: 3, messages: [.init(sequence: 0, at: 12), .init(sequence: 4_294_967_295, at: 13)], damaged: 0),
            #"{"type":"received","run":3,"messages":[0,12,4294967295,13]}"#
        ),
        (
            .received(
                run: 3,
                messages: [
                    .init(sequence: 0, at: 12, waited: 0), .init(sequence: 0, at: 13),
                    .init(sequence: 1, at: 13, waited: 7),
                ],
                damaged: 1),
            #"{"type":"received","run":3,"messages":[0,12,0,13,1,13],"waited":[0,null,7],"damaged":1}"#
        ),
        (.received(run: 3, messages: [], damaged: 2), #"{"type":"received","run":3,"messages":[],"damaged":2}"#),
        (.stop(run: 3), #"{"type":"stop","run":3}"#),
        (.stopped(run: 3), #"{"type":"stopped","run":3}"#),
        (
            .stopped(run: 3, packets: LabPackets(dataChunks: 100_000_000_000, retransmitted: 7)),
            #"{"type":"stopped","run":3,"packets":{"dataChunks":100000000000,"retransmitted":7}}"#
        ),
        (
            .live(
                runs: [1, 2, 3, 4],
                link: LabLiveLink(loss: 0.25, burst: 1.5, delay: 40.5, jitter: 0.5, rate: 1e6 + 0.5),
                traffic: .init(bytes: 100, rate: 60.5, milliseconds: nil)),
            #"{"type":"live","runs":[1,2,3,4],"link":{"loss":0.25,"burst":1.5,"delay":40.5,"jitter":0.5,"#
                + #""rate":1000000.5},"traffic":{"bytes":100,"rate":60.5}}"#
        ),
        (.turn(link: nil, traffic: nil), #"{"type":"turn"}"#),
        (.ignorable, #"{"type":"ignorable","optional":true}"#),
    ]

    @Test func `messages are what the protocol's document shows, there and back`() throws {
        for (message, text) in Self.messages {
            #expect(message.encoded == text)
            #expect(try LabControlMessage(text) == message)
        }
    }

    @Test func `every beginning of a message is none`() {
        for (_, text) in Self.messages {
            for count in 0..<text.utf8.count {
                #expect(throws: LabError.self) { try LabControlMessage(String(text.prefix(count))) }
            }
        }
    }

    @Test func `a greeting of another protocol is told apart`() throws {
        #expect(
            try LabControlMessage(#"{"type":"hello","protocol":"martlet.chat","version":1}"#)
                == .otherHello(protocol: "martlet.chat"))
    }

    @Test(arguments: [
        #"{"type":"what"}"#, #"{"type":"pong","n":1}"#, #"{"type":"pong","n":1,"at":-1}"#,
        #"{"type":"pong","n":1,"at":9007199254740992}"#, #"{"type":"pong","n":1,"at":1.5}"#, #"{"type":"clock"}"#,
        #"{"type":"ready","run":0}"#, #"{"type":"ready","run":4294967296}"#,
        #"{"type":"sent","run":1,"offered":1,"accepted":2,"over":false}"#,
        #"{"type":"received","run":1,"messages":[1]}"#, #"{"type":"received","run":1,"messages":[-1,1]}"#,
        #"{"type":"received","run":1,"messages":[1,-1]}"#, #"{"type":"received","run":1,"messages":[4294967296,1]}"#,
        #"{"type":"received","run":1,"messages":[1,9007199254740992]}"#,
        #"{"type":"received","run":1,"messages":[1,1],"waited":[]}"#,
        #"{"type":"received","run":1,"messages":[1,1],"waited":[1,1]}"#,
        #"{"type":"received","run":1,"messages":[],"waited":[1]}"#,
        #"{"type":"received","run":1,"messages":[1,1],"waited":1}"#,
        #"{"type":"received","run":1,"messages":[1,1],"waited":[-1]}"#,
        #"{"type":"received","run":1,"messages":[1,1],"waited":[0.5]}"#,
        #"{"type":"received","run":1,"messages":[1,1],"waited":["1"]}"#,
        #"{"type":"received","run":1,"messages":[1,1],"waited":[9007199254740992]}"#,
        #"{"type":"stopped","run":1,"packets":7}"#, #"{"type":"stopped","run":1,"packets":{"dataChunks":1}}"#,
        #"{"type":"stopped","run":1,"packets":{"dataChunks":1,"retransmitted":2}}"#,
        #"{"type":"stopped","run":1,"packets":{"dataChunks":1,"retransmitted":-1}}"#,
        #"{"type":"stopped","run":1,"packets":{"dataChunks":100000000001,"retransmitted":0}}"#,
        #"{"type":"signal","run":1,"payload":"offer"}"#, #"{"type":"signal","run":1,"payload":{"type":"offer"}}"#,
        #"{"type":"run","run":1,"from":"me","channel":{"ordered":true},"traffic":{"bytes":24}}"#,
        #"{"type":"run","run":1,"from":"partner","channel":{},"traffic":{"bytes":24}}"#,
        #"{"type":"run","run":1,"from":"partner","channel":{"ordered":true,"maxRetransmits":65536},"traffic":{"bytes":24}}"#,
        #"{"type":"run","run":1,"from":"partner","channel":{"ordered":true,"maxRetransmits":1,"maxPacketLifeTime":1},"#
            + #""traffic":{"bytes":24}}"#,
        #"{"type":"run","run":1,"from":"partner","channel":{"ordered":true},"traffic":{"bytes":23}}"#,
        #"{"type":"run","run":1,"from":"partner","channel":{"ordered":true},"traffic":{"bytes":262145}}"#,
        #"{"type":"run","run":1,"from":"partner","channel":{"ordered":true},"traffic":{"bytes":24,"rate":0}}"#,
        #"{"type":"run","run":1,"from":"partner","channel":{"ordered":true},"traffic":{"bytes":24,"rate":1e-300}}"#,
        #"{"type":"run","run":1,"from":"partner","channel":{"ordered":true},"traffic":{"bytes":24,"rate":1e10}}"#,
        #"{"type":"run","run":1,"from":"partner","channel":{"ordered":true},"traffic":{"bytes":24,"milliseconds":0}}"#,
        #"{"type":"run","run":1,"from":"partner","channel":{"ordered":true},"traffic":{"bytes":24,"milliseconds":86400001}}"#,
        #"{"type":"live","runs":[],"link":{},"traffic":{"bytes":24}}"#,
        #"{"type":"live","runs":[1,1,1,1],"link":{},"traffic":{"bytes":24}}"#,
        #"{"type":"turn","link":{"loss":1.1}}"#, #"{"type":"turn","link":{"delay":5001}}"#,
        #"{"type":"turn","link":{"rate":9999}}"#, #"{"type":"turn","link":{"burst":0.5}}"#,
        #"{"type":"turn","link":7}"#,
    ])
    func `what cannot be is refused`(_ text: String) {
        #expect(throws: LabError.self) { try LabControlMessage(text) }
    }

    @Test func `what the other side leaves out of what it may say is not known`() throws {
        #expect(
            try LabControlMessage(#"{"type":"received","run":3,"messages":[1,12],"waited":null}"#)
                == .received(run: 3, messages: [LabArrival(sequence: 1, at: 12)], damaged: 0))
        #expect(try LabControlMessage(#"{"type":"stopped","run":3,"packets":null}"#) == .stopped(run: 3))
    }

    @Test func `a list of arrivals holds two thousand`() throws {
        func list(_ count: Int) -> String {
            let messages = (0..<count).map { LabArrival(sequence: UInt32($0), at: LabControlMessage.largestInteger) }
            return LabControlMessage.received(run: 1, messages: messages, damaged: 0).encoded
        }
        #expect(list(2_000).utf8.count <= LabControlMessage.byteLimit)
        #expect(throws: Never.self) { try LabControlMessage(list(2_000)) }
        #expect(throws: LabError.protocolViolation("member messages is invalid")) { try LabControlMessage(list(2_001)) }
    }
}
