/// Why a session description was refused. Lines count from 1, media sections from 0, both in the order of the text.
package enum SDPError: Error, Equatable, Sendable {
    /// The whole text is longer than ``SDPLimits/descriptionBytes``.
    case descriptionTooLong(byteCount: Int, limit: Int)
    /// One line is longer than ``SDPLimits/lineBytes``.
    case lineTooLong(line: Int, byteCount: Int, limit: Int)
    /// More lines than ``SDPLimits/lines``.
    case tooManyLines(limit: Int)
    /// More `m=` lines than ``SDPLimits/mediaSections``.
    case tooManyMediaSections(line: Int, limit: Int)
    /// More acceptable `a=fingerprint` lines in one place than ``SDPLimits/fingerprints``.
    case tooManyFingerprints(line: Int, limit: Int)
    /// The bytes of the line are not UTF-8.
    case invalidText(line: Int)
    /// A NUL, or a carriage return inside the line (RFC 8866 section 9, byte-string).
    case forbiddenCharacter(line: Int)
    /// The line is not what stands in `expected`.
    case malformedLine(line: Int, expected: String)
    /// The value of a known attribute is not what stands in `expected`.
    case malformedAttribute(name: String, line: Int, expected: String)
    /// An attribute that may stand once was given twice with different values.
    case conflictingAttribute(name: String, line: Int)
    /// Two media sections bear the same `a=mid` (RFC 5888 section 4).
    case duplicateMid(String, line: Int)
    /// A line that every description has (`v=`, `o=`) is missing.
    case missingLine(String)
    /// The media section, or the section whose transport it shares, lacks an attribute.
    case missingAttribute(name: String, section: Int)
    /// No fingerprint by SHA-256, SHA-384 or SHA-512: the peer could not be authenticated (RFC 8827 section 6.5).
    case noUsableFingerprint(section: Int)
    /// `a=setup` cannot be answered, or does not answer what was offered (RFC 8842 section 5.3).
    case unacceptableSetup(Setup, section: Int)
    /// There is no media section with that number.
    case noSuchSection(Int)
    /// A later description does not fit what was agreed, or an answer does not fit its offer.
    case mismatch(Mismatch, section: Int)

    /// In what a description departs from the one it has to fit (RFC 3264 sections 6 and 8).
    package enum Mismatch: Equatable, Sendable {
        /// The number of media sections: equal in an answer, never less in a second offer.
        case sectionCount
        /// The kind of medium, or a data channel section became something else.
        case medium
        case mid
        /// The answer accepts a section that the offer had refused.
        case port
        /// The answer groups sections that the offer did not group (RFC 9143 section 7.3).
        case bundleGroup
    }
}

extension SDPError: CustomStringConvertible {
    /// One sentence; contains nothing the peer wrote except a checked `mid`.
    package var description: String {
        switch self {
        case .descriptionTooLong(let count, let limit): "description of \(count) bytes, at most \(limit) are accepted"
        case .lineTooLong(let line, let count, let limit):
            "line \(line) has \(count) bytes, at most \(limit) are accepted"
        case .tooManyLines(let limit): "more than \(limit) lines"
        case .tooManyMediaSections(let line, let limit): "line \(line): more than \(limit) media sections"
        case .tooManyFingerprints(let line, let limit): "line \(line): more than \(limit) fingerprints"
        case .invalidText(let line): "line \(line) is not UTF-8"
        case .forbiddenCharacter(let line): "line \(line) contains a NUL or a carriage return"
        case .malformedLine(let line, let expected): "line \(line) is not \(expected)"
        case .malformedAttribute(let name, let line, let expected): "line \(line): a=\(name) is not \(expected)"
        case .conflictingAttribute(let name, let line): "line \(line): a=\(name) contradicts an earlier one"
        case .duplicateMid(let mid, let line): "line \(line): a second media section with mid \(mid)"
        case .missingLine(let type): "the line \(type)= is missing"
        case .missingAttribute(let name, let section): "media section \(section) has no a=\(name)"
        case .noUsableFingerprint(let section):
            "media section \(section) has no fingerprint by sha-256, sha-384 or sha-512"
        case .unacceptableSetup(let setup, let section):
            "media section \(section): a=setup:\(setup.rawValue) is not acceptable here"
        case .noSuchSection(let section): "there is no media section \(section)"
        case .mismatch(let what, let section): "media section \(section) does not fit what was agreed: \(what)"
        }
    }
}
