internal import JSON

extension ControlMessage {
    /// Reads a text message of the control channel. Unknown members are ignored.
    package init(_ text: String) throws(MessageError) {
        guard text.utf8.count <= TransferLimits.controlMessageBytes else { throw .tooLong(byteCount: text.utf8.count) }
        let object = Members(try Self.members(text))
        switch try object.string("type") {
        case "hello": self = try Self.hello(object)
        case "reveal": self = .reveal(nonce: try object.bytes("nonce", count: WordExchange.nonceByteCount))
        case "offer": self = try Self.offer(object)
        case "accept":
            self = .accept(transfer: try object.identifier("transfer"), limit: try object.count("limit"))
        case "decline":
            self = .decline(transfer: try object.identifier("transfer"), reason: try object.remark("reason"))
        case "have": self = try Self.have(object)
        case "item-begin": self = .itemBegin(item: try object.item(), offset: try object.count("offset"))
        case "segment":
            let number = try object.count("segment")
            guard number <= TransferLimits.largestInteger / HashTree.segmentBytes else {
                throw .invalidMember("segment")
            }
            self = .segment(item: try object.item(), number: Int(number), hash: try object.digest("hash"))
        case "mark": self = .mark(item: try object.item(), offset: try object.count("offset"))
        case "missing": self = try Self.missing(object)
        case "credit":
            self = .credit(received: try object.count("received"), limit: try object.count("limit"))
        case "item-end":
            self = .itemEnd(
                item: try object.item(), size: try object.count("size"), root: try object.digest("root"))
        case "item-failed":
            self = .itemFailed(
                item: try object.item(), code: try object.string("code"), message: try object.remark("message"))
        case "confirmed":
            self = .confirmed(
                item: try object.item(), bytes: try object.count("bytes"), root: try object.digest("root"))
        case "done": self = .done(items: try object.count("items"), bytes: try object.count("bytes"))
        case "receipt": self = .receipt(items: try object.count("items"), bytes: try object.count("bytes"))
        case "error":
            self = .error(
                code: try object.string("code"), message: try object.remark("message"),
                isResumable: try object.optionalBool("resumable") ?? false)
        case "working": self = .working
        case "bye": self = .bye
        default:
            guard try object.optionalBool("optional") == true else { throw .unknownType }
            self = .ignorable
        }
    }

    /// The one place where an error of JSON becomes one of the message.
    private static func members(_ text: String) throws(MessageError) -> JSONObject {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(
                parsing: text, depthLimit: TransferLimits.jsonDepth, unpairedSurrogates: .replaced)
        } catch {
            throw MessageError(error)
        }
        guard let object = value.object else { throw .notAnObject }
        return object
    }

    private static func hello(_ object: Members) throws(MessageError) -> ControlMessage {
        guard try object.string("protocol") == protocolName else { throw .invalidMember("protocol") }
        guard let role = Role(rawValue: try object.string("role")) else { throw .invalidMember("role") }
        var features: [String] = []
        for feature in try object.optionalArray("features") {
            guard case .string(let text) = feature else { throw .invalidMember("features") }
            features.append(text)
        }
        return .hello(
            version: try object.count("version"), role: role, agent: try object.remark("agent"),
            session: try object.optionalIdentifier("session"), features: features,
            commit: try object.optionalDigest("commit"))
    }

    private static func have(_ object: Members) throws(MessageError) -> ControlMessage {
        var complete: [Range<Int>] = []
        for run in try object.optionalArray("complete") {
            let (first, count) = try pair(run, "complete")
            guard first < TransferLimits.items, count > 0, count <= Int64(TransferLimits.items) - first else {
                throw .invalidMember("complete")
            }
            complete.append(Int(first)..<Int(first + count))
        }
        var partial: [Part] = []
        for value in try object.optionalArray("partial") {
            guard case .object(let members) = value else { throw .invalidMember("partial") }
            let part = Members(members)
            let bytes = try part.count("bytes")
            guard bytes > 0, bytes % Int64(HashTree.leafBytes) == 0 else { throw .invalidMember("bytes") }
            partial.append(Part(item: try part.item(), bytes: bytes, tree: try part.digest("root")))
        }
        return .have(transfer: try object.identifier("transfer"), complete: complete, partial: partial)
    }

    private static func pair(_ value: JSONValue, _ name: String) throws(MessageError) -> (Int64, Int64) {
        let numbers = try counts(value, name, count: 2)
        return (numbers[0], numbers[1])
    }

    /// An array of exactly `count` integers from 0 to 2^53-1.
    private static func counts(_ value: JSONValue, _ name: String, count: Int) throws(MessageError) -> [Int64] {
        guard case .array(let elements) = value, elements.count == count else { throw .invalidMember(name) }
        var numbers: [Int64] = []
        for element in elements {
            guard case .integer(let number) = element, (0...TransferLimits.largestInteger).contains(number) else {
                throw .invalidMember(name)
            }
            numbers.append(number)
        }
        return numbers
    }

    private static func missing(_ object: Members) throws(MessageError) -> ControlMessage {
        var stretches: [Stretch] = []
        for value in try object.array("ranges") {
            let numbers = try counts(value, "ranges", count: 3)
            let (item, offset, byteCount) = (numbers[0], numbers[1], numbers[2])
            guard item < TransferLimits.items, byteCount > 0, byteCount <= TransferLimits.largestInteger - offset else {
                throw .invalidMember("ranges")
            }
            stretches.append(Stretch(item: Int(item), offset: offset, byteCount: byteCount))
        }
        return .missing(stretches)
    }

    private static func offer(_ object: Members) throws(MessageError) -> ControlMessage {
        let values = try object.array("items")
        guard values.count <= TransferLimits.itemsPerOffer else { throw .tooManyItems(values.count) }
        var items: [Item] = []
        for value in values {
            guard case .object(let members) = value else { throw .invalidMember("items") }
            items.append(try item(Members(members)))
        }
        return .offer(transfer: try object.identifier("transfer"), items: items, more: try object.bool("more"))
    }

    private static func item(_ object: Members) throws(MessageError) -> Item {
        var path: [String] = []
        for component in try object.array("path") {
            guard case .string(let text) = component else { throw .invalidMember("path") }
            path.append(text)
        }
        var kind = ItemKind.file
        if let text = try object.optionalString("kind") {
            guard let known = ItemKind(rawValue: text) else { throw .invalidMember("kind") }
            kind = known
        }
        return Item(
            number: try object.item(), kind: kind, path: path, size: try object.nullableCount("size"),
            modified: try object.optionalInteger("mtime"),
            isExecutable: try object.optionalBool("executable") ?? false)
    }
}

/// The members of an object, read by name and type.
private struct Members {
    private let values: JSONObject

    init(_ values: JSONObject) {
        self.values = values
    }

    private func value(_ name: String) throws(MessageError) -> JSONValue {
        guard let value = values[name] else { throw .missingMember(name) }
        return value
    }

    /// Null is as good as nothing for a member that may be missing.
    private func isMissing(_ name: String) -> Bool {
        values[name] == nil || values[name] == .null
    }

    func string(_ name: String) throws(MessageError) -> String {
        guard case .string(let text) = try value(name) else { throw .invalidMember(name) }
        return text
    }

    /// Text for a person, which may be missing.
    func remark(_ name: String) throws(MessageError) -> String {
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

    func optionalString(_ name: String) throws(MessageError) -> String? {
        isMissing(name) ? nil : try string(name)
    }

    func optionalArray(_ name: String) throws(MessageError) -> [JSONValue] {
        isMissing(name) ? [] : try array(name)
    }

    func array(_ name: String) throws(MessageError) -> [JSONValue] {
        guard case .array(let elements) = try value(name) else { throw .invalidMember(name) }
        return elements
    }

    func bool(_ name: String) throws(MessageError) -> Bool {
        guard case .bool(let bool) = try value(name) else { throw .invalidMember(name) }
        return bool
    }

    func optionalBool(_ name: String) throws(MessageError) -> Bool? {
        isMissing(name) ? nil : try bool(name)
    }

    /// An integer from 0 to 2^53-1.
    func count(_ name: String) throws(MessageError) -> Int64 {
        guard case .integer(let number) = try value(name), (0...TransferLimits.largestInteger).contains(number) else {
            throw .invalidMember(name)
        }
        return number
    }

    /// An integer from 0 to 2^53-1, or null; the member has to be there.
    func nullableCount(_ name: String) throws(MessageError) -> Int64? {
        try value(name) == .null ? nil : try count(name)
    }

    /// An integer from -(2^53-1) to 2^53-1, or nothing.
    func optionalInteger(_ name: String) throws(MessageError) -> Int64? {
        if isMissing(name) { return nil }
        let range = -TransferLimits.largestInteger...TransferLimits.largestInteger
        guard case .integer(let number) = try value(name), range.contains(number) else { throw .invalidMember(name) }
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

    func optionalDigest(_ name: String) throws(MessageError) -> TreeDigest? {
        isMissing(name) ? nil : try digest(name)
    }

    func bytes(_ name: String, count: Int) throws(MessageError) -> [UInt8] {
        guard let bytes = Hexadecimal.decode(try string(name), byteCount: count) else { throw .invalidMember(name) }
        return bytes
    }
}
