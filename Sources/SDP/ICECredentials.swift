/// The user name fragment and password of one side of an ICE session (RFC 8839 section 5.4).
package struct ICECredentials: Hashable, Sendable {
    /// 4 to 256 ice-chars.
    package let ufrag: String
    /// 22 to 256 ice-chars.
    package let pwd: String

    /// Returns nil when a length is out of range or a character is not an ice-char.
    package init?(ufrag: String, pwd: String) {
        guard Self.isUfrag(ufrag), Self.isPwd(pwd) else { return nil }
        self.ufrag = ufrag
        self.pwd = pwd
    }

    static func isUfrag(_ text: some StringProtocol) -> Bool { isICEText(text, length: 4...256) }
    static func isPwd(_ text: some StringProtocol) -> Bool { isICEText(text, length: 22...256) }

    /// ice-char is a letter, a digit, `+` or `/`.
    private static func isICEText(_ text: some StringProtocol, length: ClosedRange<Int>) -> Bool {
        length ~= text.utf8.count
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                    true
                default: false
                }
            }
    }
}
