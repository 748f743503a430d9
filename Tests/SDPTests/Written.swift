import SDP

/// Descriptions written by hand, after the manner of other stacks.
enum Written {
    static let fingerprint: SDPFingerprint = {
        guard let value = SDPFingerprint(.sha256, digest: Array(0..<32)) else { fatalError("32 bytes are right") }
        return value
    }()

    /// An offer with one data channel section. Its `m=` line is the sixth line when `session` is empty.
    static func offer(session: [String] = [], _ media: [String]) -> String {
        let lines =
            ["v=0", "o=- 20518 0 IN IP4 0.0.0.0", "s=-", "t=0 0"] + session.map { "a=\($0)" }
            + ["c=IN IP4 0.0.0.0", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"] + media.map { "a=\($0)" }
        return lines.joined(separator: "\r\n") + "\r\n"
    }

    static let libdatachannelOffer = """
        v=0
        o=rtc 3767197920 0 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE 0
        a=msid-semantic:WMS *
        a=setup:actpass
        a=ice-options:ice2,trickle
        a=fingerprint:\(fingerprint.text)
        m=application 49203 UDP/DTLS/SCTP webrtc-datachannel
        c=IN IP4 192.0.2.7
        a=mid:0
        a=sendrecv
        a=sctp-port:5000
        a=max-message-size:262144
        a=sctp-init:AQAAHmFiY2RlZmdoaWprbG1ub3A=
        a=ice-ufrag:4vPq
        a=ice-pwd:7SRhJXvqKzYbWmQdTnLg8A
        a=candidate:1 1 UDP 2122317823 192.0.2.7 49203 typ host
        a=end-of-candidates

        """

    /// The form before RFC 8841, without mid and BUNDLE.
    static let oldFormOffer = """
        v=0
        o=- 4004228443 4004228443 IN IP4 0.0.0.0
        s=-
        t=0 0
        m=application 58121 DTLS/SCTP 5001
        c=IN IP4 192.0.2.2
        a=sctpmap:5001 webrtc-datachannel 65535
        a=ice-ufrag:O2I2
        a=ice-pwd:NoZ18wF4w7oKhD1M6PLPwH
        a=fingerprint:\(fingerprint.text)
        a=setup:actpass

        """
}
