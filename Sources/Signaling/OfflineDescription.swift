internal import Digests
internal import SDP
internal import Wire

/// What a compact description holds: all that a peer must know to connect with data channels, and no more
/// (Docs/Protocols/Offline.md).
struct OfflineDescription: Sendable, Equatable {
    /// Of candidates; the best are kept.
    static let mostCandidates = 100
    /// What both browsers' engines and ours say, or more.
    static let usualMaxMessageBytes: UInt32 = 262_144

    var kind: OfflineKind
    /// 4 to 255 ice-chars.
    var ufrag: String
    /// 22 to 255 ice-chars.
    var pwd: String
    /// SHA-256 of the certificate.
    var fingerprint: [UInt8]
    /// `actpass` in an offer, never in an answer.
    var setup: Setup
    var sctpPort: UInt16
    /// 0 is no limit.
    var maxMessageBytes: UInt32
    /// Says `a=x-martlet:1`: two Martlets acknowledge less often (Docs/Protocols/Departures.md).
    var isMartlet = false
    /// The best first.
    var candidates: [OfflineCandidate]

    /// Takes from a session description what the compact form says.
    ///
    /// - Throws: `unusable` for what describes no data channels, `notCompact` for what is meant otherwise than the
    ///   compact form is read: another media identification than 0, several fingerprints.
    init(_ kind: OfflineKind, sdp: String) throws(OfflineError) {
        let (section, transport) = try Self.data(kind, sdp)
        guard let sctp = section.sctp, section.mid ?? "0" == "0", transport.fingerprints.count == 1,
            let fingerprint = transport.fingerprints.first, fingerprint.hashFunction == .sha256,
            transport.credentials.ufrag.utf8.count <= 255, transport.credentials.pwd.utf8.count <= 255,
            transport.setup != .holdconn, kind == .offer || transport.setup != .actpass
        else { throw .notCompact }
        self.kind = kind
        (ufrag, pwd) = (transport.credentials.ufrag, transport.credentials.pwd)
        self.fingerprint = fingerprint.digest
        setup = transport.setup
        sctpPort = sctp.port
        maxMessageBytes = sctp.maxMessageSizeBytes.map { UInt32(clamping: $0) } ?? 0
        isMartlet = section.attributes.contains { $0.name == "x-martlet" && $0.value == "1" }
        let found = transport.candidates.compactMap { line in
            OfflineCandidate(line: line).map { (priority: Self.priority(of: line), candidate: $0) }
        }
        var candidates: [OfflineCandidate] = []
        for (_, candidate) in found.sorted(by: { $0.priority > $1.priority }) where !candidates.contains(candidate) {
            candidates.append(candidate)
        }
        self.candidates = Array(candidates.prefix(Self.mostCandidates))
    }

    init(
        kind: OfflineKind, ufrag: String, pwd: String, fingerprint: [UInt8], setup: Setup,
        sctpPort: UInt16 = SCTPParameters.usualPort, maxMessageBytes: UInt32 = usualMaxMessageBytes,
        candidates: [OfflineCandidate] = []
    ) {
        self.kind = kind
        self.ufrag = ufrag
        self.pwd = pwd
        self.fingerprint = fingerprint
        self.setup = setup
        self.sctpPort = sctpPort
        self.maxMessageBytes = maxMessageBytes
        self.candidates = candidates
    }

    /// By what an answer names the offer that it answers, of any description in any form.
    ///
    /// - Throws: `unusable` for what describes no data channels, or has no SHA-256 fingerprint.
    static func identifier(_ kind: OfflineKind, sdp: String) throws(OfflineError) -> OfflineIdentifier {
        let transport = try data(kind, sdp).transport
        guard let fingerprint = transport.fingerprints.first(where: { $0.hashFunction == .sha256 }) else {
            throw .unusable
        }
        return OfflineIdentifier(
            ufrag: transport.credentials.ufrag, pwd: transport.credentials.pwd, fingerprint: fingerprint.digest)
    }

    var identifier: OfflineIdentifier { OfflineIdentifier(ufrag: ufrag, pwd: pwd, fingerprint: fingerprint) }

    private static func data(
        _ kind: OfflineKind, _ sdp: String
    ) throws(OfflineError) -> (section: MediaSection, transport: PeerTransport) {
        guard let description = try? PeerDescription(parsing: sdp), let section = description.dataSection,
            let transport = try? description.transport(ofSection: section.index, in: kind == .offer ? .offer : .answer)
        else { throw .unusable }
        return (section, transport)
    }

    /// As it is written; a line that is not read was not kept.
    private static func priority(of line: String) -> UInt32 {
        let fields = line.split(separator: " ")
        return fields.count > 3 ? UInt32(fields[3]) ?? 0 : 0
    }

    /// The session description that the compact form stands for, with CRLF line ends.
    var sdp: String {
        let fingerprint = SDPFingerprint(.sha256, digest: fingerprint)?.text ?? ""
        var lines = [
            "v=0", "o=- \(identifier.number) 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0",
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=mid:0",
            "a=ice-ufrag:\(ufrag)", "a=ice-pwd:\(pwd)", "a=ice-options:trickle", "a=fingerprint:\(fingerprint)",
            "a=setup:\(setup.rawValue)", "a=sctp-port:\(sctpPort)", "a=max-message-size:\(maxMessageBytes)",
        ]
        if isMartlet { lines.append("a=x-martlet:1") }
        lines += candidates.enumerated().map { "a=" + $1.line(at: $0) }
        lines.append("a=end-of-candidates")
        return lines.map { $0 + "\r\n" }.joined()
    }
}

/// Whether a paste offers or answers.
package enum OfflineKind: String, Sendable {
    case offer, answer
}

/// Names an offer by what it holds: 32 bits against mistakes, not against malice.
package struct OfflineIdentifier: Sendable, Hashable {
    let number: UInt32

    init(number: UInt32) {
        self.number = number
    }

    init(ufrag: String, pwd: String, fingerprint: [UInt8]) {
        var writer = ByteWriter()
        for part in [Array("martlet offline 1".utf8), Array(ufrag.utf8), Array(pwd.utf8), fingerprint] {
            writer.write(UInt32(truncatingIfNeeded: part.count))
            writer.write(part)
        }
        number = SHA256.hash(writer.bytes).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Eight lower-case hexadecimal digits.
    var text: String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }

    init?(text: String) {
        guard text.utf8.count == 8, let number = UInt32(text, radix: 16) else { return nil }
        self.number = number
        guard self.text == text else { return nil }
    }
}
