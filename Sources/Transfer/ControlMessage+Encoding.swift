internal import JSON

extension ControlMessage {
    package static let protocolName = "martlet.transfer"
    /// The only version there is.
    package static let version: Int64 = 1

    /// The message as JSON text.
    package var encoded: String { JSONValue.object(object).text }

    private var object: JSONObject {
        switch self {
        case .hello(let version, let role, let agent):
            [
                "type": .string("hello"), "protocol": .string(Self.protocolName), "version": .integer(version),
                "role": .string(role.rawValue), "agent": .string(agent), "features": .array([]),
            ]
        case .offer(let transfer, let items, let more):
            [
                "type": .string("offer"), "transfer": .string(transfer), "items": .array(items.map(\.json)),
                "more": .bool(more),
            ]
        case .accept(let transfer, let limit):
            ["type": .string("accept"), "transfer": .string(transfer), "limit": .integer(limit)]
        case .decline(let transfer, let reason):
            ["type": .string("decline"), "transfer": .string(transfer), "reason": .string(reason)]
        case .credit(let received, let limit):
            ["type": .string("credit"), "received": .integer(received), "limit": .integer(limit)]
        case .itemEnd(let item, let size, let digest):
            [
                "type": .string("item-end"), "item": .integer(Int64(item)), "size": .integer(size),
                "sha256": .string(digest.description),
            ]
        case .itemFailed(let item, let code, let message):
            [
                "type": .string("item-failed"), "item": .integer(Int64(item)), "code": .string(code),
                "message": .string(message),
            ]
        case .confirmed(let item, let bytes, let digest):
            [
                "type": .string("confirmed"), "item": .integer(Int64(item)), "bytes": .integer(bytes),
                "sha256": .string(digest.description),
            ]
        case .done(let items, let bytes):
            ["type": .string("done"), "items": .integer(items), "bytes": .integer(bytes)]
        case .receipt(let items, let bytes):
            ["type": .string("receipt"), "items": .integer(items), "bytes": .integer(bytes)]
        case .error(let code, let message):
            ["type": .string("error"), "code": .string(code), "message": .string(message)]
        case .bye: ["type": .string("bye")]
        case .ignorable: ["type": .string("ignorable"), "optional": .bool(true)]
        }
    }

    /// The offer of `items`, in as many messages as the bounds of one message ask for; at least one.
    package static func offers(transfer: String, items: [Item]) -> [ControlMessage] {
        // What an offer has beside its items: names, the identifier, commas.
        let room = TransferLimits.controlMessageBytes - 512
        var messages: [ControlMessage] = []
        var batch: [Item] = []
        var byteCount = 0
        for item in items {
            let size = item.json.text.utf8.count + 1
            if !batch.isEmpty, byteCount + size > room || batch.count == TransferLimits.itemsPerOffer {
                messages.append(.offer(transfer: transfer, items: batch, more: true))
                batch = []
                byteCount = 0
            }
            batch.append(item)
            byteCount += size
        }
        messages.append(.offer(transfer: transfer, items: batch, more: false))
        return messages
    }
}

extension ControlMessage.Item {
    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "item": .integer(Int64(number)), "path": .array(path.map { .string($0) }), "size": .integer(size),
        ]
        if let modified { object.insert(.integer(modified), as: "mtime") }
        if isExecutable { object.insert(.bool(true), as: "executable") }
        return .object(object)
    }
}
