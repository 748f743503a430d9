/// A session description as lines: what stands before the first `m=` line, then one list for each media section.
///
/// Knows the form of lines and nothing of their meaning: unknown types and attributes are kept as they came, in order.
/// Printing gives CRLF line ends; a parsed document prints to a text that parses to an equal document.
package struct SDPDocument: Equatable, Sendable {
    /// The session part, `v=` first.
    package var session: [SDPLine]
    /// The media sections; the first line of each is its `m=` line.
    package var media: [[SDPLine]]

    package init(session: [SDPLine], media: [[SDPLine]]) {
        self.session = session
        self.media = media
    }

    /// Reads a description (RFC 8866 section 5).
    ///
    /// Accepts CRLF and LF line ends, empty lines, and a last line without end. Of the mandatory lines only `v=0` is
    /// asked for here, as the first; whoever needs another line looks for it.
    ///
    /// - Throws: ``SDPError`` when a limit of ``SDPLimits`` is exceeded or a line is not `letter=text`.
    package init(parsing text: String) throws(SDPError) {
        // Counted first: the copy below is then bounded.
        guard text.utf8.count <= SDPLimits.descriptionBytes else {
            throw .descriptionTooLong(byteCount: text.utf8.count, limit: SDPLimits.descriptionBytes)
        }
        try self.init(parsing: Array(text.utf8))
    }

    /// Reads a description from bytes that need not be UTF-8; a line that is not throws
    /// ``SDPError/invalidText(line:)``.
    package init(parsing bytes: [UInt8]) throws(SDPError) {
        guard bytes.count <= SDPLimits.descriptionBytes else {
            throw .descriptionTooLong(byteCount: bytes.count, limit: SDPLimits.descriptionBytes)
        }
        self.init(session: [], media: [])
        var number = 0
        var start = bytes.startIndex
        while start < bytes.endIndex {
            number += 1
            guard number <= SDPLimits.lines else { throw .tooManyLines(limit: SDPLimits.lines) }
            let newline = bytes[start...].firstIndex(of: 0x0A) ?? bytes.endIndex
            // More than one CR happens when a text went through a program that turned LF into CRLF again.
            var end = newline
            while end > start, bytes[end - 1] == 0x0D { end -= 1 }
            if end > start { try append(try Self.line(bytes[start..<end], number: number)) }
            start = newline < bytes.endIndex ? newline + 1 : newline
        }
        guard !session.isEmpty else { throw .missingLine("v") }
    }

    /// The description with CRLF line ends.
    package var text: String {
        var bytes: [UInt8] = []
        for line in session + media.joined() {
            bytes.append(contentsOf: String(line.type).utf8)
            bytes.append(UInt8(ascii: "="))
            bytes.append(contentsOf: line.value.utf8)
            bytes.append(contentsOf: [0x0D, 0x0A])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func append(_ line: SDPLine) throws(SDPError) {
        if session.isEmpty {
            guard line.type == "v", line.value == "0" else {
                throw .malformedLine(line: line.number, expected: "v=0, with which a description begins")
            }
        }
        if line.type == "m" {
            guard media.count < SDPLimits.mediaSections else {
                throw .tooManyMediaSections(line: line.number, limit: SDPLimits.mediaSections)
            }
            media.append([line])
        } else if media.isEmpty {
            session.append(line)
        } else {
            media[media.count - 1].append(line)
        }
    }

    private static func line(_ bytes: ArraySlice<UInt8>, number: Int) throws(SDPError) -> SDPLine {
        guard bytes.count <= SDPLimits.lineBytes else {
            throw .lineTooLong(line: number, byteCount: bytes.count, limit: SDPLimits.lineBytes)
        }
        guard !bytes.contains(where: { $0 == 0 || $0 == 0x0D }) else { throw .forbiddenCharacter(line: number) }
        guard let letter = bytes.first, UInt8(ascii: "a")...UInt8(ascii: "z") ~= letter | 0x20,
            bytes.dropFirst().first == UInt8(ascii: "=")
        else { throw .malformedLine(line: number, expected: "a letter, an equals sign and a value") }
        guard let value = String(validating: bytes.dropFirst(2), as: UTF8.self) else {
            throw .invalidText(line: number)
        }
        return SDPLine(parsed: Unicode.Scalar(letter), value, number: number)
    }
}
