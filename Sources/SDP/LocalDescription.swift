/// A description that Martlet wrote, and what it committed itself to there.
package struct LocalDescription: Equatable, Sendable {
    /// The fixed part of a media section: what later descriptions have to keep (RFC 3264 section 8).
    package struct Section: Equatable, Sendable {
        /// Port 0 when the section is refused.
        package var mediaLine: MediaLine
        package var mid: String?
        /// Not nil for an RTP section that is accepted only because its transport is the one that carries the data
        /// channels: what describes its one format. No packets flow in it (`a=inactive`).
        var heldAttributes: [SDPLine]?

        package var isHeld: Bool { heldAttributes != nil }
        package var isRejected: Bool { mediaLine.port == 0 }
        package var isDataChannel: Bool { mediaLine.dataChannelForm != nil }
    }

    package let kind: DescriptionKind
    package private(set) var document: SDPDocument
    package let sections: [Section]
    /// The section that carries the data channels; nil when every section is refused.
    package let dataSectionIndex: Int?
    /// The section whose transport is used, ours and the peer's: the tagged one of the BUNDLE group (RFC 9143 section
    /// 7.1), nearly always the data channel section itself.
    package let transportSectionIndex: Int?
    /// Our `a=setup`: `actpass` in an offer, `active` or `passive` in an answer.
    package let setup: Setup

    init(_ kind: DescriptionKind, _ document: SDPDocument, sections: [Section], setup: Setup) {
        self.kind = kind
        self.document = document
        self.sections = sections
        dataSectionIndex = sections.firstIndex { $0.isDataChannel && !$0.isRejected }
        transportSectionIndex = sections.firstIndex(where: \.isHeld) ?? dataSectionIndex
        self.setup = setup
    }

    /// The description with CRLF line ends.
    package var text: String { document.text }

    /// The `mid` that our candidates belong to.
    package var mid: String? { transportSectionIndex.flatMap { sections[$0].mid } }

    /// Adds candidates gathered since, as `candidate:…`, and says whether they are the last. The version stays: the
    /// description that others hold is the same one (RFC 8829 section 3.5.1).
    package mutating func add(candidates: [String], isGatheringComplete: Bool) {
        guard let index = transportSectionIndex else { return }
        let end = SDPLine(attribute: "end-of-candidates")
        document.media[index].removeAll { $0 == end }
        document.media[index] += candidates.map(Self.candidateLine)
        if isGatheringComplete { document.media[index].append(end) }
    }

    /// Adds an attribute of our own to the data section: others ignore what they do not know (RFC 8866 section 5.13).
    package mutating func add(attribute name: String, _ value: String) {
        guard let index = transportSectionIndex else { return }
        document.media[index].append(SDPLine(attribute: name, value))
    }

    private static func candidateLine(_ candidate: String) -> SDPLine {
        SDPLine("a", candidate.hasPrefix("candidate:") ? candidate : "candidate:" + candidate)
    }
}
