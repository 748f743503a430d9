internal import JSON

extension ControlMessage {
    /// Reads a text message of the control channel. Unknown members are ignored.
    package init(_ text: String) throws(MessageError) {
        let object = try MessageMembers(parsing: text)
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

    private static func hello(_ object: MessageMembers) throws(MessageError) -> ControlMessage {
        let name = try object.string("protocol")
        switch name {
        case protocolName: break
        case "martlet.chat": throw .talk
        case "martlet.lab": throw .lab
        default: throw .invalidMember("protocol")
        }
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

    private static func have(_ object: MessageMembers) throws(MessageError) -> ControlMessage {
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
            let part = MessageMembers(members)
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

    private static func missing(_ object: MessageMembers) throws(MessageError) -> ControlMessage {
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

    private static func offer(_ object: MessageMembers) throws(MessageError) -> ControlMessage {
        let values = try object.array("items")
        guard values.count <= TransferLimits.itemsPerOffer else { throw .tooManyItems(values.count) }
        var items: [Item] = []
        for value in values {
            guard case .object(let members) = value else { throw .invalidMember("items") }
            items.append(try item(MessageMembers(members)))
        }
        return .offer(transfer: try object.identifier("transfer"), items: items, more: try object.bool("more"))
    }

    private static func item(_ object: MessageMembers) throws(MessageError) -> Item {
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
