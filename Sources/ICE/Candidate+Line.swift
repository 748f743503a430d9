internal import Wire

extension Candidate {
    /// Longer lines are refused; Firefox and Chromium write below 200 bytes.
    private static let maximumLineBytes = 1024

    /// Reads a candidate attribute, with or without `a=` and `candidate:` in front (RFC 8839 section 5.1).
    ///
    /// ```
    /// candidate:1 1 UDP 2122252543 192.0.2.1 5000 typ srflx raddr 10.0.0.1 rport 4000 generation 0
    /// ```
    /// The transport is read in any case. Unknown extensions are skipped, a zone of an IPv6 address is dropped.
    /// - Throws: ``ICEError/invalidCandidate(_:)`` with the field that does not fit.
    package init(line: some StringProtocol) throws(ICEError) {
        guard line.utf8.count <= Self.maximumLineBytes else { throw .invalidCandidate("length") }
        var text = Substring(line)
        if text.hasPrefix("a=") { text.removeFirst(2) }
        if text.hasPrefix("candidate:") { text.removeFirst("candidate:".count) }
        let fields = text.split(whereSeparator: \.isWhitespace)
        guard fields.count >= 8 else { throw .invalidCandidate("fields") }
        guard (1...32).contains(fields[0].utf8.count), fields[0].utf8.allSatisfy(\.isICECharacter) else {
            throw .invalidCandidate("foundation")
        }
        guard let component = Self.number(fields[1], UInt16.self), (1...256).contains(component) else {
            throw .invalidCandidate("component")
        }
        guard let priority = Self.number(fields[3], UInt32.self) else { throw .invalidCandidate("priority") }
        guard let port = Self.number(fields[5], UInt16.self) else { throw .invalidCandidate("port") }
        guard fields[6].lowercased() == "typ", let type = CandidateType(rawValue: fields[7].lowercased()) else {
            throw .invalidCandidate("type")
        }
        var extensions: [Substring: Substring] = [:]
        for index in stride(from: 8, to: fields.count - 1, by: 2) where extensions[fields[index]] == nil {
            extensions[fields[index]] = fields[index + 1]
        }
        let related = extensions["raddr"].flatMap(Self.ip).map {
            TransportAddress($0, port: extensions["rport"].flatMap { Self.number($0, UInt16.self) } ?? 0)
        }
        self.init(
            foundation: String(fields[0]), component: Int(component),
            transport: Self.transport(fields[2], tcpType: extensions["tcptype"].map(String.init)),
            priority: priority, address: try Self.address(fields[4], port: port), type: type,
            relatedAddress: related, ufrag: extensions["ufrag"].map(String.init))
    }

    /// The attribute's text from `candidate:` on, without `a=` and line end.
    package var line: String {
        var tcpType: String?
        let transport =
            switch transport {
            case .udp: "udp"
            case .tcp(let type):
                {
                    tcpType = type
                    return "tcp"
                }()
            case .other(let name): name
            }
        let (host, port) =
            switch address {
            case .ip(let address): (address.ip.description, address.port)
            case .name(let name, let port): (name, port)
            }
        var line = "candidate:\(foundation) \(component) \(transport) \(priority) \(host) \(port) typ \(type.rawValue)"
        if let relatedAddress { line += " raddr \(relatedAddress.ip) rport \(relatedAddress.port)" }
        if let tcpType { line += " tcptype \(tcpType)" }
        if let ufrag { line += " ufrag \(ufrag)" }
        return line
    }

    /// Digits only: `UInt16("+5")` is 5 and no port.
    private static func number<Value: FixedWidthInteger>(_ text: Substring, _ type: Value.Type) -> Value? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Value(text) : nil
    }

    private static func ip(_ text: Substring) -> IPAddress? {
        IPAddress(text.prefix { $0 != "%" })
    }

    private static func transport(_ text: Substring, tcpType: String?) -> Transport {
        switch text.lowercased() {
        case "udp": .udp
        case "tcp": .tcp(type: tcpType)
        default: .other(String(text))
        }
    }

    private static func address(_ text: Substring, port: UInt16) throws(ICEError) -> Address {
        if let ip = ip(text) { return .ip(TransportAddress(ip, port: port)) }
        let isName = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
        guard isName, text.utf8.count <= 253 else { throw .invalidCandidate("address") }
        return .name(String(text), port: port)
    }
}
