/// The attributes of one level of a description, with the reading that all levels share.
struct SDPAttributeList {
    let all: [SDPAttribute]

    init(_ lines: some Sequence<SDPLine>) {
        all = lines.compactMap(\.attribute)
    }

    func contains(_ name: String) -> Bool { all.contains { $0.name == name } }

    /// The attributes of that name, in order.
    func named(_ name: String) -> [SDPAttribute] { all.filter { $0.name == name } }

    /// The only attribute of that name; nil when there is none. Repeating it word for word is harmless.
    func single(_ name: String) throws(SDPError) -> SDPAttribute? {
        let found = named(name)
        guard let first = found.first else { return nil }
        if let other = found.first(where: { $0.trimmedValue != first.trimmedValue }) {
            throw .conflictingAttribute(name: name, line: other.lineNumber)
        }
        return first
    }

    /// The only attribute of that name, whose value `convert` has to accept; `expected` goes into the error.
    func single<Value>(
        _ name: String, _ expected: String, _ convert: (Substring) -> Value?
    ) throws(SDPError) -> Value? {
        guard let attribute = try single(name) else { return nil }
        guard let value = convert(attribute.trimmedValue) else {
            throw .malformedAttribute(name: name, line: attribute.lineNumber, expected: expected)
        }
        return value
    }
}

extension StringProtocol {
    /// Whether this is a token: visible ASCII without separators (RFC 8866 section 9).
    var isSDPToken: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                switch byte {
                case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x30...0x39, 0x41...0x5A, 0x5E...0x7E: true
                default: false
                }
            }
    }

    /// One or more decimal digits and nothing else.
    var isDecimal: Bool { !isEmpty && utf8.allSatisfy { 0x30...0x39 ~= $0 } }
}
