extension NegotiatedSession {
    /// Writes the description of these sections under the next version.
    ///
    /// - Parameter isBundled: whether to make a BUNDLE group; an answer makes one only where the offer has one.
    mutating func describe(
        _ kind: DescriptionKind, _ sections: [LocalDescription.Section], isBundled: Bool, _ transport: LocalTransport,
        setup: Setup
    ) -> LocalDescription {
        var session = [
            SDPLine("v", "0"), SDPLine("o", "- \(sessionID) \(nextVersion) IN IP4 127.0.0.1"), SDPLine("s", "-"),
            SDPLine("t", "0 0"),
        ]
        nextVersion += 1
        // The tagged section comes first (RFC 9143 section 7.1).
        let bundled = sections.filter(\.isHeld) + sections.filter { $0.isDataChannel && !$0.isRejected }.prefix(1)
        let mids = bundled.compactMap(\.mid)
        if isBundled, !mids.isEmpty {
            session.append(SDPLine(attribute: "group", "BUNDLE " + mids.joined(separator: " ")))
        }
        let media = sections.map { section in
            if section.isRejected { return Self.refusalLines(section) }
            return Self.beginning(of: section) + Self.transportLines(transport, setup: setup)
                + (section.heldAttributes ?? sctpLines(section))
        }
        var description = LocalDescription(
            kind, SDPDocument(session: session, media: media), sections: sections, setup: setup)
        description.add(candidates: transport.candidates, isGatheringComplete: transport.isGatheringComplete)
        return description
    }

    private static func beginning(of section: LocalDescription.Section) -> [SDPLine] {
        [section.mediaLine.line, SDPLine("c", "IN IP4 0.0.0.0")]
            + (section.mid.map { [SDPLine(attribute: "mid", $0)] } ?? [])
    }

    private static func transportLines(_ transport: LocalTransport, setup: Setup) -> [SDPLine] {
        var lines = [
            SDPLine(attribute: "ice-ufrag", transport.credentials.ufrag),
            SDPLine(attribute: "ice-pwd", transport.credentials.pwd),
        ]
        if !transport.iceOptions.isEmpty {
            lines.append(SDPLine(attribute: "ice-options", transport.iceOptions.joined(separator: " ")))
        }
        lines += transport.fingerprints.map { SDPLine(attribute: "fingerprint", $0.text) }
        lines.append(SDPLine(attribute: "setup", setup.rawValue))
        return lines
    }

    private func sctpLines(_ section: LocalDescription.Section) -> [SDPLine] {
        let port = SCTPParameters.usualPort
        let portLine =
            switch section.mediaLine.dataChannelForm {
            case .sctpMap: SDPLine(attribute: "sctpmap", "\(port) webrtc-datachannel 65535")
            case .sctpPort, nil: SDPLine(attribute: "sctp-port", String(port))
            }
        return [portLine, SDPLine(attribute: "max-message-size", String(maxMessageSizeBytes))]
    }

    private static func refusalLines(_ section: LocalDescription.Section) -> [SDPLine] {
        beginning(of: section) + (section.isDataChannel ? [] : [SDPLine(attribute: "inactive")])
    }
}

extension LocalDescription.Section {
    /// Accepts an RTP section without using it: its first format, described as the offer describes it.
    mutating func hold(_ offered: [SDPAttribute], port: UInt16) {
        mediaLine.port = port
        mediaLine.formats = Array(mediaLine.formats.prefix(1))
        let format = mediaLine.formats.first
        let description = offered.filter { attribute in
            ["rtpmap", "fmtp"].contains(attribute.name) && attribute.words.first.map(String.init) == format
        }
        heldAttributes =
            [SDPLine(attribute: "inactive"), SDPLine(attribute: "rtcp-mux")]
            + description.prefix(2).map { SDPLine(attribute: $0.name, $0.value) }
    }

    mutating func refuse() {
        mediaLine.port = 0
        heldAttributes = nil
    }
}
