import SDP
import Testing

@Suite struct SDPDocumentTests {
    @Test(arguments: try Fixture.names())
    func `every browser description prints back to the bytes it was read from`(name: String) throws {
        let text = try Fixture.text(name)
        let document = try SDPDocument(parsing: text)
        #expect(document.text == text)
        #expect(try SDPDocument(parsing: document.text) == document)
    }

    @Test func `lines are split into the session part and media sections, in order`() throws {
        let document = try SDPDocument(
            parsing: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\na=one\r\nm=audio 9 P 0\r\na=two:2\r\nm=video 9 P 0\r\n")
        #expect(document.session.map(\.value) == ["0", "- 1 1 IN IP4 0.0.0.0", "one"])
        #expect(document.media.map { $0.map(\.value) } == [["audio 9 P 0", "two:2"], ["video 9 P 0"]])
        #expect(document.media[1][0].number == 6)
    }

    @Test func `LF, doubled CR, empty lines and a missing last line end are tolerated`() throws {
        let plain = try SDPDocument(parsing: "v=0\r\ns=-\r\nm=audio 9 P 0\r\n")
        #expect(try SDPDocument(parsing: "v=0\ns=-\nm=audio 9 P 0") == plain)
        #expect(try SDPDocument(parsing: "\n\nv=0\r\r\n\r\ns=-\r\nm=audio 9 P 0\r\n\r\n") == plain)
        #expect(plain.text == "v=0\r\ns=-\r\nm=audio 9 P 0\r\n")
    }

    @Test func `unknown types and attributes are kept as they came`() throws {
        let text = "v=0\r\nX=what is this\r\na=made-up:x:y z\r\nq=\r\na=\r\nm=audio 9 P 0\r\na=ünïcode:✓\r\n"
        let document = try SDPDocument(parsing: text)
        #expect(document.text == text)
        #expect(document.session[2].attribute?.name == "made-up")
        #expect(document.session[2].attribute?.value == "x:y z")
        #expect(document.media[0][1].attribute?.value == "✓")
    }

    @Test func `an attribute without a colon has no value`() {
        #expect(SDPLine(attribute: "ice-lite").attribute?.value == nil)
        #expect(SDPLine(attribute: "mid", "").attribute?.value == "")
        #expect(SDPLine("c", "IN IP4 0.0.0.0").attribute == nil)
    }

    @Test func `no value can begin another line`() {
        let line = SDPLine(attribute: "candidate", "1 1 udp\r\na=setup:active\u{0}")
        #expect(line.value == "candidate:1 1 udpa=setup:active")
    }

    @Test func `a description begins with v=0`() {
        #expect(throws: SDPError.missingLine("v")) { try SDPDocument(parsing: "") }
        #expect(throws: SDPError.missingLine("v")) { try SDPDocument(parsing: "\r\n\r\n") }
        for text in ["o=- 1 1 IN IP4 0.0.0.0", "v=1", "m=audio 9 P 0", "v=0 "] {
            #expect(throws: SDPError.malformedLine(line: 1, expected: "v=0, with which a description begins")) {
                try SDPDocument(parsing: text)
            }
        }
    }

    @Test func `a line without letter and equals sign is named by its number`() {
        for line in ["a", "=", "ab=c", "1=2", " a=b", "[=x"] {
            #expect(throws: SDPError.malformedLine(line: 2, expected: "a letter, an equals sign and a value")) {
                try SDPDocument(parsing: "v=0\r\n\(line)\r\n")
            }
        }
    }

    @Test func `NUL, a carriage return inside a line and bytes that are not UTF-8 are refused`() {
        #expect(throws: SDPError.forbiddenCharacter(line: 2)) { try SDPDocument(parsing: "v=0\na=x\u{0}y\n") }
        #expect(throws: SDPError.forbiddenCharacter(line: 2)) { try SDPDocument(parsing: "v=0\na=x\ry\n") }
        #expect(throws: SDPError.invalidText(line: 2)) {
            try SDPDocument(parsing: Array("v=0\na=".utf8) + [0xC3, 0x28, 0x0A])
        }
    }

    @Test func `length, line length, line count and section count are bounded`() throws {
        let limit = SDPLimits.descriptionBytes
        #expect(throws: SDPError.descriptionTooLong(byteCount: limit + 1, limit: limit)) {
            try SDPDocument(parsing: String(repeating: "\n", count: limit + 1))
        }
        let long = String(repeating: "x", count: SDPLimits.lineBytes)
        #expect(throws: SDPError.lineTooLong(line: 2, byteCount: long.utf8.count + 2, limit: SDPLimits.lineBytes)) {
            try SDPDocument(parsing: "v=0\na=\(long)")
        }
        _ = try SDPDocument(parsing: "v=0\na=\(long.dropLast(2))")
        #expect(throws: SDPError.tooManyLines(limit: SDPLimits.lines)) {
            try SDPDocument(parsing: "v=0\n" + String(repeating: "a=b\n", count: SDPLimits.lines))
        }
        let sections = SDPLimits.mediaSections
        #expect(throws: SDPError.tooManyMediaSections(line: sections + 2, limit: sections)) {
            try SDPDocument(parsing: "v=0\n" + String(repeating: "m=audio 9 P 0\n", count: sections + 1))
        }
    }
}
