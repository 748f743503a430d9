/// Martlet's half of an offer/answer session (RFC 3264, RFC 8829): writes offers and answers, and keeps what has to
/// stay the same from one to the next: the session id, the order of the media sections and their mids.
///
/// Offers and answers are only proposals until ``settle(_:)`` or ``accept(_:to:established:)``; an offer that loses
/// against the peer's (glare) is simply forgotten. The version counts every description made, also the forgotten ones.
package struct NegotiatedSession: Sendable {
    /// 1 to 2^63 - 1 (RFC 8829 section 5.2.1).
    package let sessionID: UInt64
    /// The version that the next description will bear.
    package internal(set) var nextVersion: UInt64 = 1
    /// What both sides agreed on, in the order of the `m=` lines.
    package private(set) var sections: [LocalDescription.Section] = []
    /// What we announce as `a=max-message-size`, in bytes, and are able to receive.
    package let maxMessageSizeBytes: Int

    /// - Parameters:
    ///   - sessionID: random; its upper bit is not used.
    ///   - maxMessageSizeBytes: 256 KiB by default, as Chromium has it.
    package init(sessionID: UInt64, maxMessageSizeBytes: Int = 262_144) {
        self.sessionID = max(sessionID & UInt64(Int64.max), 1)
        self.maxMessageSizeBytes = maxMessageSizeBytes
    }

    /// An offer of all agreed sections and one for data channels. A second offer keeps order and mids; with other
    /// credentials in `transport` it is an ICE restart.
    package mutating func offer(_ transport: LocalTransport) -> LocalDescription {
        var sections = sections
        if !sections.contains(where: { $0.isDataChannel && !$0.isRejected }) { Self.addDataSection(to: &sections) }
        return describe(.offer, sections, isBundled: true, transport, setup: .actpass)
    }

    /// An answer: the first usable data channel section is accepted in the form it was offered, every other section is
    /// refused with its own medium, protocol, formats and mid (RFC 8829 section 5.3.1). Nothing else is copied.
    ///
    /// One exception: where data channels are bundled behind sound or pictures, that tagged section is accepted too, as
    /// inactive. Its transport is the one the group uses, and an offerer that bundles everything has no other: Chromium
    /// with `max-bundle` fails on an answer that refuses it. (RFC 9143 section 7.3.1 gives such an answer no group.)
    ///
    /// - Parameter established: our own role when a DTLS association exists that this exchange shall not replace:
    ///   `active` or `passive`.
    /// - Throws: ``SDPError/mismatch(_:section:)`` when the offer moves or drops agreed sections, and what
    ///   ``PeerDescription/transport(ofSection:in:)`` throws for the data channel section.
    package mutating func answer(
        to offer: PeerDescription, _ transport: LocalTransport, established: Setup? = nil
    ) throws(SDPError) -> LocalDescription {
        try checkOrder(of: offer)
        let data = dataSection(in: offer)
        var setup = Setup.active
        if let data {
            let offered = try offer.transport(ofSection: data.index, in: .offer).setup
            guard let answer = offered.answer(established: established) else {
                throw .unacceptableSetup(offered, section: data.index)
            }
            setup = answer
        }
        let held = data.flatMap { heldSection(for: $0, in: offer) }
        let sections = offer.sections.map { section in
            var agreed = LocalDescription.Section(mediaLine: section.mediaLine, mid: section.mid)
            switch section.index {
            case data?.index:
                agreed.mediaLine.port = Self.discardPort
                if section.sctp?.form == .sctpMap { agreed.mediaLine.formats = [String(SCTPParameters.usualPort)] }
            case held?.index:
                agreed.hold(section.attributes, port: Self.discardPort)
            default:
                agreed.mediaLine.port = 0
            }
            return agreed
        }
        return describe(.answer, sections, isBundled: data?.isInBundleGroup ?? false, transport, setup: setup)
    }

    /// Makes an answer of ours the agreed state.
    package mutating func settle(_ answer: LocalDescription) {
        sections = answer.sections
    }

    /// Checks the peer's answer to our offer, and makes both the agreed state.
    ///
    /// - Parameter established: our own role in the DTLS association that continues, if there is one.
    /// - Returns: the peer's transport, or nil when it refused the data channel section. Our role is the opposite of
    ///   its `setup`.
    /// - Throws: ``SDPError/mismatch(_:section:)``, ``SDPError/unacceptableSetup(_:section:)``, and what
    ///   ``PeerDescription/transport(ofSection:in:)`` throws. Then nothing has changed.
    package mutating func accept(
        _ answer: PeerDescription, to offer: LocalDescription, established: Setup? = nil
    ) throws(SDPError) -> PeerTransport? {
        guard answer.sections.count == offer.sections.count else {
            throw .mismatch(.sectionCount, section: min(answer.sections.count, offer.sections.count))
        }
        var agreed = offer.sections
        for (index, (offered, answered)) in zip(offer.sections, answer.sections).enumerated() {
            try Self.check(answered, answers: offered)
            if answered.isRejected { agreed[index].refuse() }
        }
        let offeredMids = Set(offer.sections.lazy.filter { !$0.isRejected }.compactMap(\.mid))
        for group in answer.bundleGroups {
            guard let stray = group.first(where: { !offeredMids.contains($0) }) else { continue }
            throw .mismatch(.bundleGroup, section: answer.sections.first { $0.mid == stray }?.index ?? 0)
        }
        var transport: PeerTransport?
        if let data = offer.dataSectionIndex, !agreed[data].isRejected {
            let index = agreed.firstIndex(where: \.isHeld) ?? data
            let answered = try answer.transport(ofSection: index, in: .answer)
            guard established == nil || answered.setup.opposite == established else {
                throw .unacceptableSetup(answered.setup, section: index)
            }
            transport = answered
        }
        sections = agreed
        return transport
    }

    /// The discard port, which says that candidates tell the address (RFC 8840 section 4.1).
    private static let discardPort: UInt16 = 9

    /// Puts a data channel section in the place of a refused one, or at the end (RFC 8829 section 5.2.2).
    private static func addDataSection(to sections: inout [LocalDescription.Section]) {
        let used = Set(sections.compactMap(\.mid))
        let mid = (0...sections.count).lazy.map(String.init).first { !used.contains($0) }
        let section = LocalDescription.Section(
            mediaLine: MediaLine(
                .application, port: discardPort, protocolName: "UDP/DTLS/SCTP", formats: ["webrtc-datachannel"]),
            mid: mid)
        if let index = sections.firstIndex(where: \.isRejected) {
            sections[index] = section
        } else {
            sections.append(section)
        }
    }

    /// Live sections keep their place, medium and mid (RFC 3264 section 8, RFC 8829 section 5.2.2).
    private func checkOrder(of offer: PeerDescription) throws(SDPError) {
        guard offer.sections.count >= sections.count else {
            throw .mismatch(.sectionCount, section: offer.sections.count)
        }
        for (agreed, offered) in zip(sections, offer.sections) where !agreed.isRejected {
            guard agreed.mediaLine.medium == offered.mediaLine.medium,
                offered.isRejected || agreed.isDataChannel == offered.isDataChannel
            else { throw .mismatch(.medium, section: offered.index) }
            guard agreed.mid == nil || offered.mid == nil || agreed.mid == offered.mid else {
                throw .mismatch(.mid, section: offered.index)
            }
        }
    }

    /// The agreed data channel section as long as it is offered, otherwise the first that can be used.
    private func dataSection(in offer: PeerDescription) -> MediaSection? {
        guard let index = sections.firstIndex(where: { $0.isDataChannel && !$0.isRejected }),
            offer.sections.indices ~= index, offer.sections[index].isDataChannel, !offer.sections[index].isRejected
        else { return offer.dataSection }
        return offer.sections[index]
    }

    /// The tagged section that has to be accepted for the sake of its transport, nil when `data` has its own: because
    /// it is tagged itself, or since an earlier exchange.
    private func heldSection(for data: MediaSection, in offer: PeerDescription) -> MediaSection? {
        let group = offer.bundleGroup(of: data.mid).compactMap { mid in offer.sections.first { $0.mid == mid } }
        guard let tagged = group.first(where: { !$0.isRejected && $0.mediaLine.port != 0 }), tagged != data,
            tagged.isMultiplexedRTP
        else { return nil }
        let isFirst = !sections.contains { $0.isDataChannel && !$0.isRejected }
        return isFirst || sections.indices ~= tagged.index && sections[tagged.index].isHeld ? tagged : nil
    }

    private static func check(
        _ answered: MediaSection, answers offered: LocalDescription.Section
    ) throws(SDPError) {
        let index = answered.index
        guard answered.mediaLine.medium == offered.mediaLine.medium,
            answered.isRejected || answered.isDataChannel == offered.isDataChannel
        else { throw .mismatch(.medium, section: index) }
        guard answered.isRejected || !offered.isRejected else { throw .mismatch(.port, section: index) }
        guard answered.mid == nil || answered.mid == offered.mid else { throw .mismatch(.mid, section: index) }
    }
}
