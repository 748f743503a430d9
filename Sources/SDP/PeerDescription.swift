/// What a session description says, as far as a data channel peer needs to know; the rest stays in raw attributes.
///
/// Tolerant of everything it does not use. A used attribute that is malformed throws, and so does one that contradicts
/// an earlier one at the same level; whether something needed is missing is asked by ``transport(ofSection:in:)``,
/// because a section that nobody accepts may lack anything.
package struct PeerDescription: Equatable, Sendable {
    package let origin: SessionOrigin
    /// The `mid` lists of the BUNDLE groups, each with the tagged section first (RFC 9143 section 7.1).
    package let bundleGroups: [[String]]
    /// The peer answers checks and makes none (RFC 8445 section 2.5).
    package let isICELite: Bool
    /// In the order of the `m=` lines.
    package let sections: [MediaSection]
    /// Session-level attributes in order, known and unknown.
    package let attributes: [SDPAttribute]

    /// Reads a description.
    ///
    /// - Throws: ``SDPError`` with the line for anything that ``SDPDocument`` refuses or a used attribute's bad value.
    package init(parsing text: String) throws(SDPError) {
        try self.init(SDPDocument(parsing: text))
    }

    package init(_ document: SDPDocument) throws(SDPError) {
        guard let line = document.session.first(where: { $0.type == "o" }) else { throw .missingLine("o") }
        origin = try SessionOrigin(line)
        let session = SDPAttributeList(document.session)
        attributes = session.all
        isICELite = session.contains("ice-lite")
        let defaults = try MediaSection.Transport(session)
        var sections: [MediaSection] = []
        var mids: Set<String> = []
        for (index, lines) in document.media.enumerated() {
            let section = try MediaSection(lines, index: index, session: session, defaults: defaults)
            if let mid = section.mid, !mids.insert(mid).inserted {
                let line = section.attributes.first { $0.name == "mid" }?.lineNumber ?? 0
                throw .duplicateMid(mid, line: line)
            }
            sections.append(section)
        }
        let groups = session.named("group").compactMap { Self.bundleGroup($0, among: mids) }
        let bundled = Set(groups.joined())
        for index in sections.indices {
            sections[index].isInBundleGroup = sections[index].mid.map(bundled.contains) ?? false
        }
        bundleGroups = groups
        self.sections = sections
    }

    /// The first section that carries data channels and is not rejected.
    package var dataSection: MediaSection? { sections.first { $0.isDataChannel && !$0.isRejected } }

    /// The group that `mid` stands in; empty when it is in none.
    package func bundleGroup(of mid: String?) -> [String] {
        mid.flatMap { mid in bundleGroups.first { $0.contains(mid) } } ?? []
    }

    /// Everything needed to reach the peer and to know it: the section's own attributes, and for what is not there,
    /// those of the sections it is bundled with, tagged section first (RFC 9143 section 7.1.3).
    ///
    /// Candidates are the section's own if it has any: in an offer, bundled sections may still have one each.
    ///
    /// - Throws: ``SDPError/missingAttribute(name:section:)`` without ICE credentials,
    ///   ``SDPError/noUsableFingerprint(section:)``, or ``SDPError/unacceptableSetup(_:section:)`` for `holdconn`, and
    ///   for `actpass` in an answer.
    package func transport(ofSection index: Int, in kind: DescriptionKind) throws(SDPError) -> PeerTransport {
        guard sections.indices ~= index else { throw .noSuchSection(index) }
        let section = sections[index]
        let bundled = bundleGroup(of: section.mid).compactMap { mid in sections.first { $0.mid == mid } }
        let sources = [section] + bundled
        guard let ufrag = sources.lazy.compactMap(\.transport.ufrag).first else {
            throw .missingAttribute(name: "ice-ufrag", section: index)
        }
        guard let pwd = sources.lazy.compactMap(\.transport.pwd).first else {
            throw .missingAttribute(name: "ice-pwd", section: index)
        }
        // Both were checked where they were read.
        guard let credentials = ICECredentials(ufrag: ufrag, pwd: pwd) else {
            throw .missingAttribute(name: "ice-ufrag", section: index)
        }
        guard let fingerprints = sources.lazy.map(\.transport.fingerprints).first(where: { !$0.isEmpty }) else {
            throw .noUsableFingerprint(section: index)
        }
        // The default is active in an offer and passive in an answer (RFC 4145 section 4.1).
        let setup = sources.lazy.compactMap(\.transport.setup).first ?? (kind == .offer ? .active : .passive)
        guard setup != .holdconn, kind == .offer || setup != .actpass else {
            throw .unacceptableSetup(setup, section: index)
        }
        let carrier = sources.first { !$0.candidates.isEmpty || $0.isEndOfCandidates } ?? section
        return PeerTransport(
            credentials: credentials, iceOptions: sources.map(\.transport.iceOptions).first { !$0.isEmpty } ?? [],
            isICELite: isICELite, fingerprints: fingerprints, setup: setup,
            tlsID: sources.lazy.compactMap(\.transport.tlsID).first, candidates: carrier.candidates,
            isEndOfCandidates: carrier.isEndOfCandidates)
    }

    /// The mids of a BUNDLE group, each once. It may name sections that are not there; those cannot mean anything.
    private static func bundleGroup(_ attribute: SDPAttribute, among mids: Set<String>) -> [String]? {
        let words = attribute.words
        guard words.first == "BUNDLE" else { return nil }
        var seen: Set<String> = []
        return words.dropFirst().map(String.init).filter { mids.contains($0) && seen.insert($0).inserted }
    }
}

/// In which part of an exchange a description stands (RFC 3264); the text itself does not say it.
package enum DescriptionKind: String, Sendable {
    case offer
    case answer
}

/// How to reach a peer and how to know it; see ``PeerDescription/transport(ofSection:in:)``.
package struct PeerTransport: Equatable, Sendable {
    package let credentials: ICECredentials
    /// The words of `a=ice-options`, such as `trickle`.
    package let iceOptions: [String]
    package let isICELite: Bool
    /// At least one. The peer's certificate has to match one by the strongest hash function among them.
    package let fingerprints: [SDPFingerprint]
    /// Never `holdconn`; `actpass` only in an offer.
    package let setup: Setup
    /// `a=tls-id`: another value in a later description means another DTLS association (RFC 8842 section 4).
    package let tlsID: String?
    /// As `candidate:…`, in order, unchecked.
    package let candidates: [String]
    /// The peer has said all its candidates.
    package let isEndOfCandidates: Bool
}

/// The `o=` line (RFC 8866 section 5.2), as far as it matters: whose session, and which state of it.
package struct SessionOrigin: Equatable, Sendable {
    /// Digits, any count.
    package let sessionID: String
    /// Grows with each description of the session.
    package let sessionVersion: UInt64

    init(_ line: SDPLine) throws(SDPError) {
        let words = line.value.split(separator: " ")
        guard words.count == 6, words[1].utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let version = UInt64(words[2])
        else {
            throw .malformedLine(
                line: line.number, expected: "o= with user, session id, version and address")
        }
        sessionID = String(words[1])
        sessionVersion = version
    }
}
