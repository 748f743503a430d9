/// What a data channel section says about SCTP (RFC 8841 sections 5 and 6).
package struct SCTPParameters: Equatable, Sendable {
    /// What both browsers, and everybody else, use.
    package static let usualPort: UInt16 = 5000
    /// The meaning of a missing `a=max-message-size` (RFC 8841 section 6.1).
    package static let defaultMaxMessageSizeBytes = 65536

    package let form: DataChannelForm
    /// 1 to 65535. A missing `a=sctp-port` counts as 5000, which is what everybody means.
    package let port: UInt16
    /// The largest message the writer accepts, in bytes; nil when there is no limit (`a=max-message-size:0`).
    package let maxMessageSizeBytes: Int?

    package init(form: DataChannelForm = .sctpPort, port: UInt16 = usualPort, maxMessageSizeBytes: Int?) {
        self.form = form
        self.port = port
        self.maxMessageSizeBytes = maxMessageSizeBytes
    }

    /// Returns nil when the section carries no data channels.
    init?(_ mediaLine: MediaLine, _ list: SDPAttributeList) throws(SDPError) {
        guard let form = mediaLine.dataChannelForm else { return nil }
        self.form = form
        switch form {
        case .sctpPort:
            port =
                try list.single("sctp-port", "a port from 1 to 65535") { text in
                    text.isDecimal ? UInt16(text).flatMap { $0 == 0 ? nil : $0 } : nil
                } ?? Self.usualPort
        case .sctpMap:
            // One sctpmap for each format; ours is the one that maps the format to data channels.
            guard let format = mediaLine.formats.first, let port = UInt16(format), port > 0,
                list.named("sctpmap").contains(where: { $0.words.prefix(2) == [format[...], "webrtc-datachannel"] })
            else { return nil }
            self.port = port
        }
        let size =
            try list.single("max-message-size", "a count of bytes") { text in
                // More digits than an Int holds is as good as no limit, but stays a number.
                text.isDecimal ? Int(text) ?? Int.max : nil
            } ?? Self.defaultMaxMessageSizeBytes
        maxMessageSizeBytes = size == 0 ? nil : size
    }
}
