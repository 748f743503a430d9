internal import JSON

extension ControlMessage {
    /// Reads a text message of the control channel. Unknown members are ignored.
    package init(_ text: String) throws(MessageError) {
        guard text.utf8.count <= TransferLimits.controlMessageBytes else { throw .tooLong(byteCount: text.utf8.count) }
        let object = Members(try Self.members(text))
        switch try object.string("type") {
        case "hello": self = try Self.hello(object)
        case "offer": self = try Self.offer(object)
        case "accept":
            self = .accept(transfer: try object.identifier("transfer"), limit: try object.count("limit"))
        case "decline":
            self = .decline(transfer: try object.identifier("transfer"), reason: try object.remark("reason"))
        case "credit":
            self = .credit(received: try object.count("received"), limit: try object.count("limit"))
        case "item-end":
            self = .itemEnd(
                item: try object.item(), size: try object.count("size"), digest: try object.digest("sha256"))
        case "item-failed":
            self = .itemFailed(
                item: try object.item(), code: try object.string("code"), message: try object.remark("message"))
        case "confirmed":
            self = .confirmed(
                item: try object.item(), bytes: try object.count("bytes"), digest: try object.digest("sha256"))
        case "done": self = .done(items: try object.count("items"), bytes: try object.count("bytes"))
        case "receipt": self = .receipt(items: try object.count("items"), bytes: try object.count("bytes"))
        case "error": self = .error(code: try object.string("code"), message: try object.remark("message"))
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
        return .hello(version: try object.count("version"), role: role, agent: try object.remark("agent"))
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
        return Item(
            number: try object.item(), path: path, size: try object.count("size"),
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
        guard (1...64).contains(text.count) else { throw .invalidMember(name) }
        return text
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

    func digest(_ name: String) throws(MessageError) -> ContentDigest {
        guard let digest = ContentDigest(hexadecimal: try string(name)) else { throw .invalidMember(name) }
        return digest
    }
}
