import JSON
import Signaling
import Synchronization
import Testing
import Wire

@testable import MartletCLI

@Suite struct ServiceLogTests {
    private final class Output: Sendable {
        let text = Mutex("")
        let second = Mutex<Int64>(0)

        func log(isJSON: Bool = false, isQuiet: Bool = false, hasWholeAddresses: Bool = false) -> ServiceLog {
            ServiceLog(
                isJSON: isJSON, isQuiet: isQuiet, hasWholeAddresses: hasWholeAddresses,
                write: { line in self.text.withLock { $0 += line } },
                now: { (self.second.withLock { $0 }, "2026-11-21T20:00:00.000Z") })
        }

        func lines(_ log: ServiceLog) -> [Substring] {
            log.flush()
            return text.withLock { $0 }.split(separator: "\n", omittingEmptySubsequences: true)
        }
    }

    private let output = Output()

    private func records(from address: IPAddress) throws -> [RoomRecord] {
        let room = try #require(RoomIdentifier("abcdefghijkmnpqr"))
        return [
            .made(room, hasNumber: true, from: address), .takenBack(room, from: address),
            .joined(room, byNumber: true, from: address), .refused(code: "busy", from: address),
            .ended(room, .left, lifetime: .seconds(3), guests: 1, messages: 2, bytes: 300),
        ]
    }

    @Test(arguments: [false, true])
    func `rooms are named by a tag that holds their lines together and is another in each process`(isJSON: Bool) throws
    {
        let log = output.log(isJSON: isJSON)
        for record in try records(from: try #require(IPAddress("192.0.2.77"))) { log.record(record) }
        let lines = output.lines(log)
        #expect(lines.count == 5)
        let tags = lines.compactMap { line in
            (isJSON ? line.split(separator: "\"room\":\"") : line.split(separator: " room=")).dropFirst().last?.prefix(
                6)
        }
        #expect(tags.count == 4)
        #expect(Set(tags).count == 1)
        let other = Output()
        let (otherLog, first) = (other.log(isJSON: isJSON), try #require(try records(from: IPAddress(v4: 0)).first))
        otherLog.record(first)
        #expect(!other.lines(otherLog)[0].contains(try #require(tags.first)))
        for line in lines {
            // Neither the room nor a part of it, nor who it was.
            for secret in ["abcdef", "kmnpqr", "192.0.2.77"] { #expect(!line.contains(secret), "\(line)") }
        }
        #expect(lines[0].contains("192.0.2.0/24"))
    }

    @Test(arguments: [
        ("203.0.113.77", "203.0.113.0/24"), ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"), ("::1", "::/48"), ("255.255.255.255", "255.255.255.0/24"),
    ])
    func `addresses are cut to their network unless all is wanted`(address: String, network: String) throws {
        let address = try #require(IPAddress(address))
        let log = output.log()
        log.record(.refused(code: "busy", from: address))
        #expect(output.lines(log)[0].hasSuffix(" code=busy from=\(network)"))
        let whole = Output()
        let wholeLog = whole.log(hasWholeAddresses: true)
        wholeLog.record(.refused(code: "busy", from: address))
        #expect(whole.lines(wholeLog)[0].hasSuffix(" from=\(address)"))
    }

    @Test(arguments: [
        ("fine-1.0", "fine-1.0"), ("two words", #""two words""#), ("", #""""#), ("a=b", #""a=b""#),
        ("x\nlevel=info event=forged", #""x\u{a}level=info event=forged""#), ("\r\u{1B}[2J", #""\u{d}\u{1b}[2J""#),
        (#"" event="forged"#, #""\" event=\"forged""#), (#"\"#, #""\\""#), ("\u{202E}gpj.exe", #""\u{202e}gpj.exe""#),
        ("\u{0}\u{7F}\u{85}\u{2028}", #""\u{0}\u{7f}\u{85}\u{2028}""#), ("ä", #""\u{e4}""#),
    ])
    func `hostile text stays one value of one line`(text: String, written: String) throws {
        let log = output.log()
        log.warn("test", [("value", .text(text)), ("last", .truth(true))])
        #expect(
            output.lines(log) == ["time=2026-11-21T20:00:00.000Z level=warning event=test value=\(written) last=yes"])
        let json = Output()
        let jsonLog = json.log(isJSON: true)
        jsonLog.warn("test", [("value", .text(text)), ("number", .number(-7))])
        let line = try #require(json.lines(jsonLog).first)
        #expect(json.lines(jsonLog).count == 1)
        #expect(!line.unicodeScalars.contains { $0.value < 0x20 })
        #expect(
            try JSONValue(parsing: line, depthLimit: 4, unpairedSurrogates: .refused).object?["value"]?.string == text)
    }

    @Test func `a flood is counted, not written, and the next second tells how much`() {
        let log = output.log()
        for _ in 0..<(ServiceLog.mostLines + 300) { log.info("joined") }
        #expect(output.lines(log).count == ServiceLog.mostLines)
        output.second.withLock { $0 = 1 }
        log.info("joined")
        #expect(output.lines(log).suffix(2).first?.hasSuffix("event=lines-omitted count=300") == true)
        #expect(output.lines(log).count == ServiceLog.mostLines + 2)
    }

    @Test func `quiet leaves warnings`() throws {
        let log = output.log(isQuiet: true)
        for record in try records(from: IPAddress(v4: 1)) { log.record(record) }
        log.warn("few-files", [("limit", .number(1024))])
        #expect(output.lines(log) == ["time=2026-11-21T20:00:00.000Z level=warning event=few-files limit=1024"])
    }
}
