/// One media section of a peer's description.
package struct MediaSection: Equatable, Sendable {
    /// Who sends media (RFC 8866 section 6.7). Means nothing for data channels.
    package enum Direction: String, Sendable {
        case sendrecv, sendonly, recvonly, inactive
    }

    /// Position among the `m=` lines, from 0.
    package let index: Int
    package let mediaLine: MediaLine
    /// A token of at most ``SDPLimits/midBytes`` bytes.
    package let mid: String?
    /// `a=bundle-only`: port 0 is then no refusal (RFC 9143 section 6).
    package let isBundleOnly: Bool
    /// A BUNDLE group names this section.
    package internal(set) var isInBundleGroup = false
    package let transport: Transport
    /// As `candidate:…`, in order, unchecked.
    package let candidates: [String]
    /// `a=end-of-candidates`, here or for the whole session (RFC 8840 section 4.2).
    package let isEndOfCandidates: Bool
    package let direction: Direction
    /// Not nil when the section carries data channels.
    package let sctp: SCTPParameters?
    /// All attributes of the section in order, known and unknown.
    package let attributes: [SDPAttribute]

    package var isDataChannel: Bool { sctp != nil }

    /// Port 0 refuses a section (RFC 3264 section 6), except where it says that the section has no port of its own.
    package var isRejected: Bool { mediaLine.port == 0 && !(isBundleOnly && isInBundleGroup) }

    /// Sound or pictures over SRTP, with RTCP on the same port (RFC 5761 section 5.1.1).
    var isMultiplexedRTP: Bool {
        (mediaLine.medium == .audio || mediaLine.medium == .video) && mediaLine.protocolName.hasSuffix("RTP/SAVPF")
            && attributes.contains { $0.name == "rtcp-mux" }
    }

    init(
        _ lines: [SDPLine], index: Int, session: SDPAttributeList, defaults: Transport
    ) throws(SDPError) {
        guard let first = lines.first else { throw .missingLine("m") }
        self.index = index
        mediaLine = try MediaLine(first)
        let list = SDPAttributeList(lines)
        attributes = list.all
        mid = try list.single("mid", "a token of at most \(SDPLimits.midBytes) bytes") { text in
            text.isSDPToken && text.utf8.count <= SDPLimits.midBytes ? String(text) : nil
        }
        isBundleOnly = list.contains("bundle-only")
        transport = try Transport(list).filled(from: defaults)
        candidates = list.named("candidate").map { "candidate:\($0.trimmedValue)" }
        isEndOfCandidates = list.contains("end-of-candidates") || session.contains("end-of-candidates")
        direction =
            (list.all + session.all).lazy.compactMap { $0.value == nil ? Direction(rawValue: $0.name) : nil }.first
            ?? .sendrecv
        sctp = try SCTPParameters(mediaLine, list)
    }
}

extension MediaSection {
    /// The attributes that belong to the transport and may stand at either level; the media level wins.
    package struct Transport: Equatable, Sendable {
        /// 4 to 256 ice-chars.
        package var ufrag: String?
        /// 22 to 256 ice-chars.
        package var pwd: String?
        package var iceOptions: [String]
        /// Those by trusted hash functions, without repetitions.
        package var fingerprints: [SDPFingerprint]
        package var setup: Setup?
        package var tlsID: String?

        init(_ list: SDPAttributeList) throws(SDPError) {
            ufrag = try list.single("ice-ufrag", "4 to 256 letters, digits, + or /") {
                ICECredentials.isUfrag($0) ? String($0) : nil
            }
            pwd = try list.single("ice-pwd", "22 to 256 letters, digits, + or /") {
                ICECredentials.isPwd($0) ? String($0) : nil
            }
            // Words are separated by spaces; some peers write commas.
            iceOptions = list.named("ice-options").flatMap { attribute in
                attribute.trimmedValue.split { $0 == " " || $0 == "," }.map(String.init)
            }
            fingerprints = []
            for attribute in list.named("fingerprint") {
                guard let fingerprint = try SDPFingerprint(attribute), !fingerprints.contains(fingerprint) else {
                    continue
                }
                guard fingerprints.count < SDPLimits.fingerprints else {
                    throw .tooManyFingerprints(line: attribute.lineNumber, limit: SDPLimits.fingerprints)
                }
                fingerprints.append(fingerprint)
            }
            setup = try list.single("setup", "active, passive, actpass or holdconn") {
                Setup(rawValue: $0.lowercased())
            }
            tlsID = try list.single("tls-id", "a value of 1 to 255 bytes") {
                1...255 ~= $0.utf8.count ? String($0) : nil
            }
        }

        func filled(from defaults: Transport) -> Transport {
            var result = self
            result.ufrag = ufrag ?? defaults.ufrag
            result.pwd = pwd ?? defaults.pwd
            if iceOptions.isEmpty { result.iceOptions = defaults.iceOptions }
            if fingerprints.isEmpty { result.fingerprints = defaults.fingerprints }
            result.setup = setup ?? defaults.setup
            result.tlsID = tlsID ?? defaults.tlsID
            return result
        }
    }
}
