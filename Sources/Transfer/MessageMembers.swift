package import JSON

/// The members of a message that is a JSON object, read by name and type, with the rules of Docs/Protocols/Transfer.md.
package struct MessageMembers {
    private let values: JSONObject

    package init(_ values: JSONObject) {
        self.values = values
    }

    /// Reads the text of a message.
    ///
    /// - Throws: for more than 64 KiB, for what is not JSON, for a member that comes twice and for nesting deeper than
    ///   8.
    package init(parsing text: String) throws(MessageError) {
        guard text.utf8.count <= TransferLimits.controlMessageBytes else { throw .tooLong(byteCount: text.utf8.count) }
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(
                parsing: text, depthLimit: TransferLimits.jsonDepth, unpairedSurrogates: .replaced)
        } catch {
            throw MessageError(error)
        }
        guard let object = value.object else { throw .notAnObject }
        self.init(object)
    }

    private func value(_ name: String) throws(MessageError) -> JSONValue {
        guard let value = values[name] else { throw .missingMember(name) }
        return value
    }

    /// Whether there is a member of that name, other than null.
    package func has(_ name: String) -> Bool { !isMissing(name) }

    /// Null is as good as nothing for a member that may be missing.
    private func isMissing(_ name: String) -> Bool {
        values[name] == nil || values[name] == .null
    }

    package func string(_ name: String) throws(MessageError) -> String {
        guard case .string(let text) = try value(name) else { throw .invalidMember(name) }
        return text
    }

    /// Text for a person, which may be missing.
    package func remark(_ name: String) throws(MessageError) -> String {
        isMissing(name) ? "" : try string(name)
    }

    func identifier(_ name: String) throws(MessageError) -> String {
        let text = try string(name)
        // A character may have any number of marks, a scalar has at most four bytes.
        guard (1...64).contains(text.unicodeScalars.count) else { throw .invalidMember(name) }
        return text
    }

    func optionalIdentifier(_ name: String) throws(MessageError) -> String? {
        isMissing(name) ? nil : try identifier(name)
    }

    package func optionalString(_ name: String) throws(MessageError) -> String? {
        isMissing(name) ? nil : try string(name)
    }

    func optionalArray(_ name: String) throws(MessageError) -> [JSONValue] {
        isMissing(name) ? [] : try array(name)
    }

    package func array(_ name: String) throws(MessageError) -> [JSONValue] {
        guard case .array(let elements) = try value(name) else { throw .invalidMember(name) }
        return elements
    }

    package func object(_ name: String) throws(MessageError) -> JSONObject {
        guard case .object(let object) = try value(name) else { throw .invalidMember(name) }
        return object
    }

    package func bool(_ name: String) throws(MessageError) -> Bool {
        guard case .bool(let bool) = try value(name) else { throw .invalidMember(name) }
        return bool
    }

    package func optionalBool(_ name: String) throws(MessageError) -> Bool? {
        isMissing(name) ? nil : try bool(name)
    }

    /// An integer from 0 to 2^53-1.
    package func count(_ name: String) throws(MessageError) -> Int64 {
        guard case .integer(let number) = try value(name), (0...TransferLimits.largestInteger).contains(number) else {
            throw .invalidMember(name)
        }
        return number
    }

    /// An integer from 0 to 2^53-1, or null; the member has to be there.
    func nullableCount(_ name: String) throws(MessageError) -> Int64? {
        try value(name) == .null ? nil : try count(name)
    }

    /// An integer from 0 to 2^53-1, or nothing.
    package func optionalCount(_ name: String) throws(MessageError) -> Int64? {
        isMissing(name) ? nil : try count(name)
    }

    /// An integer from -(2^53-1) to 2^53-1, or nothing.
    package func optionalInteger(_ name: String) throws(MessageError) -> Int64? {
        if isMissing(name) { return nil }
        let range = -TransferLimits.largestInteger...TransferLimits.largestInteger
        guard case .integer(let number) = try value(name), range.contains(number) else { throw .invalidMember(name) }
        return number
    }

    /// A number in a range, or nothing.
    package func optionalNumber(_ name: String, _ range: ClosedRange<Double>) throws(MessageError) -> Double? {
        if isMissing(name) { return nil }
        let number: Double
        switch try value(name) {
        case .integer(let value): number = Double(value)
        case .number(let value): number = value
        default: throw .invalidMember(name)
        }
        guard range.contains(number) else { throw .invalidMember(name) }
        return number
    }

    func item() throws(MessageError) -> Int {
        let number = try count("item")
        guard number < TransferLimits.items else { throw .invalidMember("item") }
        return Int(number)
    }

    func digest(_ name: String) throws(MessageError) -> TreeDigest {
        guard let digest = TreeDigest(hexadecimal: try string(name)) else { throw .invalidMember(name) }
        return digest
    }

    package func optionalDigest(_ name: String) throws(MessageError) -> TreeDigest? {
        isMissing(name) ? nil : try digest(name)
    }

    package func bytes(_ name: String, count: Int) throws(MessageError) -> [UInt8] {
        guard let bytes = Hexadecimal.decode(try string(name), byteCount: count) else { throw .invalidMember(name) }
        return bytes
    }

    /// Bytes as `bytes` reads them.
    package static func hexadecimal(_ bytes: [UInt8]) -> String { Hexadecimal.encode(bytes) }
}
