/// An `m=` line: `m=<media> <port>[/<count>] <proto> <fmt> …` (RFC 8866 section 5.14).
package struct MediaLine: Equatable, Sendable {
    /// What a section carries.
    package enum Medium: Equatable, Sendable {
        case application
        case audio
        case video
        /// Another token (`text`, `image`, …); only ever rejected here.
        case other(String)

        package var name: String {
            switch self {
            case .application: "application"
            case .audio: "audio"
            case .video: "video"
            case .other(let name): name
            }
        }

        init(_ name: some StringProtocol) {
            self =
                switch name {
                case "application": .application
                case "audio": .audio
                case "video": .video
                default: .other(String(name))
                }
        }
    }

    package var medium: Medium
    package var port: UInt16
    /// Such as `UDP/DTLS/SCTP` or `UDP/TLS/RTP/SAVPF`; as written.
    package var protocolName: String
    /// Tokens, at least one.
    package var formats: [String]

    package init(_ medium: Medium, port: UInt16, protocolName: String, formats: [String]) {
        self.medium = medium
        self.port = port
        self.protocolName = protocolName
        self.formats = formats
    }

    /// Reads the value of an `m=` line. A port count is dropped: nothing here has more than one port.
    init(_ line: SDPLine) throws(SDPError) {
        let words = line.value.split(separator: " ")
        guard words.count >= 4, words[0].isSDPToken,
            let portText = words[1].split(separator: "/", omittingEmptySubsequences: false).first, portText.isDecimal,
            let port = UInt16(portText),
            words[2].split(separator: "/", omittingEmptySubsequences: false).allSatisfy(\.isSDPToken),
            words[3...].allSatisfy(\.isSDPToken)
        else {
            throw .malformedLine(line: line.number, expected: "m= with medium, port, protocol and formats")
        }
        self.init(
            Medium(words[0]), port: port, protocolName: String(words[2]), formats: words[3...].map(String.init))
    }

    /// The line that says this.
    package var line: SDPLine {
        SDPLine("m", ([medium.name, String(port), protocolName] + formats).joined(separator: " "))
    }

    /// How data channels are written in this line, nil when it carries something else (RFC 8841 section 4).
    ///
    /// The old form needs an `a=sctpmap` besides, which the section checks.
    package var dataChannelForm: DataChannelForm? {
        guard medium == .application else { return nil }
        switch protocolName {
        case "UDP/DTLS/SCTP", "TCP/DTLS/SCTP": return formats == ["webrtc-datachannel"] ? .sctpPort : nil
        case "DTLS/SCTP": return formats.count == 1 && UInt16(formats[0]) != nil ? .sctpMap : nil
        default: return nil
        }
    }
}

/// The two ways to write a data channel section.
package enum DataChannelForm: Sendable {
    /// `UDP/DTLS/SCTP webrtc-datachannel` with `a=sctp-port` (RFC 8841).
    case sctpPort
    /// `DTLS/SCTP 5000` with `a=sctpmap:5000 webrtc-datachannel …`, from a draft of RFC 8841 that old peers speak.
    case sctpMap
}
