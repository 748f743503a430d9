internal import ICE
internal import Wire

/// A candidate in a compact description: type, address and port. Priorities follow from the order.
///
/// ```
/// 0 0 0 type:2 kind:3 | address: 4, 16, 16, 1 + n, 0 or 0 bytes | port: 2 bytes
/// ```
struct OfflineCandidate: Sendable, Equatable {
    enum Address: Sendable, Equatable {
        case ip(IPAddress)
        /// A host name, such as the `.local` ones of browsers: 1 to 253 letters, digits, `-`, `_` and `.`.
        case name(String)
    }

    /// How the address was learnt; the ordinal is what is written.
    enum Kind: UInt8, Sendable, CaseIterable {
        case host, serverReflexive, relayed
    }

    var kind: Kind
    var address: Address
    var port: UInt16

    init(kind: Kind, address: Address, port: UInt16) {
        self.kind = kind
        self.address = address
        self.port = port
    }

    /// Reads a candidate attribute.
    ///
    /// - Returns: nil for one that nobody could use over UDP, such as the TCP candidates of browsers.
    init?(line: String) {
        guard let candidate = try? Candidate(line: line), candidate.component == 1, candidate.transport == .udp else {
            return nil
        }
        switch candidate.type {
        case .host: kind = .host
        case .serverReflexive: kind = .serverReflexive
        case .relayed: kind = .relayed
        case .peerReflexive: return nil
        }
        switch candidate.address {
        case .ip(let transport): (address, port) = (.ip(transport.ip), transport.port)
        case .name(let name, let namePort):
            let name = name.lowercased()
            guard Self.isName(name) else { return nil }
            (address, port) = (.name(name), namePort)
        }
        guard port != 0 else { return nil }
    }

    /// The attribute's text from `candidate:` on.
    ///
    /// - Parameter position: from 0, the best first; less than 65,536.
    func line(at position: Int) -> String {
        let preference: UInt32 =
            switch kind {
            case .host: 126
            case .serverReflexive: 100
            case .relayed: 0
            }
        let priority = preference << 24 | UInt32(0xFFFF - position) << 8 | 255
        let (host, unknown) =
            switch address {
            case .ip(let ip): (ip.description, ip.family == .v4 ? "0.0.0.0" : "::")
            case .name(let name): (name, "0.0.0.0")
            }
        let (type, related) =
            switch kind {
            case .host: ("host", "")
            // Required by the grammar, and said by nobody who hides addresses (RFC 8828).
            case .serverReflexive: ("srflx", " raddr \(unknown) rport 9")
            case .relayed: ("relay", " raddr \(unknown) rport 9")
            }
        return "candidate:\(position + 1) 1 udp \(priority) \(host) \(port) typ \(type)\(related)"
    }

    // MARK: Bytes

    private enum AddressKind: UInt8 {
        case v4, v6, localUUID, name, loopbackV4, loopbackV6
    }

    private static let loopbackV4 = IPAddress(v4: 0x7F00_0001)
    private static let loopbackV6 = IPAddress(v6High: 0, low: 1)

    func write(to writer: inout ByteWriter) {
        let (addressKind, bytes): (AddressKind, [UInt8]) =
            switch address {
            case .ip(Self.loopbackV4): (.loopbackV4, [])
            case .ip(Self.loopbackV6): (.loopbackV6, [])
            case .ip(let ip): (ip.family == .v4 ? .v4 : .v6, ip.bytes)
            case .name(let name):
                if let uuid = Self.uuid(ofLocal: name) {
                    (.localUUID, uuid)
                } else {
                    (.name, [UInt8(truncatingIfNeeded: name.utf8.count)] + name.utf8)
                }
            }
        writer.write(kind.rawValue << 3 | addressKind.rawValue)
        writer.write(bytes)
        writer.write(port)
    }

    init(reading reader: inout ByteReader) throws(OfflineError) {
        do throws(ByteReaderError) {
            let first = try reader.readUInt8()
            guard let kind = Kind(rawValue: first >> 3), let addressKind = AddressKind(rawValue: first & 7) else {
                throw .invalidText
            }
            self.kind = kind
            switch addressKind {
            case .v4: address = .ip(try Self.ip(&reader, 4))
            case .v6: address = .ip(try Self.ip(&reader, 16))
            case .localUUID: address = .name(Self.localName(ofUUID: try reader.readBytes(16)))
            case .name:
                let name = try reader.readText(Int(try reader.readUInt8()))
                guard Self.isName(name) else { throw .invalidText }
                address = .name(name)
            case .loopbackV4: address = .ip(Self.loopbackV4)
            case .loopbackV6: address = .ip(Self.loopbackV6)
            }
            port = try reader.readUInt16()
        } catch {
            throw .unusable
        }
    }

    private static func ip(_ reader: inout ByteReader, _ count: Int) throws(ByteReaderError) -> IPAddress {
        guard let ip = IPAddress(bytes: try reader.readBytes(count)) else { throw .invalidText }
        return ip
    }

    private static func isName(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }

    /// The 16 bytes of `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx.local`; nil for any other name.
    private static func uuid(ofLocal name: String) -> [UInt8]? {
        guard name.hasSuffix(".local"), name.utf8.count == 42 else { return nil }
        let digits = name.utf8.dropLast(".local".utf8.count).filter { $0 != UInt8(ascii: "-") }
        guard digits.count == 32 else { return nil }
        let bytes = stride(from: 0, to: 32, by: 2).compactMap { index in
            let start = digits.index(digits.startIndex, offsetBy: index)
            return UInt8(String(decoding: digits[start..<start + 2], as: UTF8.self), radix: 16)
        }
        guard bytes.count == 16, localName(ofUUID: bytes) == name else { return nil }
        return bytes
    }

    private static func localName(ofUUID bytes: [UInt8]) -> String {
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return text + ".local"
    }
}
