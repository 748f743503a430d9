internal import JSON

extension ControlMessage {
    package static let protocolName = "martlet.transfer"
    /// The only version there is.
    package static let version: Int64 = 1

    /// The message as JSON text.
    package var encoded: String { JSONValue.object(object).text }

    private var object: JSONObject {
        switch self {
        case .hello(let version, let role, let agent, let session, let features, let commit):
            [
                "type": .string("hello"), "protocol": .string(Self.protocolName), "version": .integer(version),
                "role": .string(role.rawValue), "agent": .string(agent),
                "session": session.map { .string($0) } ?? .null, "features": .array(features.map { .string($0) }),
                "commit": commit.map { .string($0.description) } ?? .null,
            ]
        case .reveal(let nonce): ["type": .string("reveal"), "nonce": .string(Hexadecimal.encode(nonce))]
        case .offer(let transfer, let items, let more):
            [
                "type": .string("offer"), "transfer": .string(transfer), "items": .array(items.map(\.json)),
                "more": .bool(more),
            ]
        case .have(let transfer, let complete, let partial):
            [
                "type": .string("have"), "transfer": .string(transfer),
                "complete": .array(complete.map { Self.numbers(Int64($0.lowerBound), Int64($0.count)) }),
                "partial": .array(partial.map(\.json)),
            ]
        case .accept(let transfer, let limit):
            ["type": .string("accept"), "transfer": .string(transfer), "limit": .integer(limit)]
        case .decline(let transfer, let reason):
            ["type": .string("decline"), "transfer": .string(transfer), "reason": .string(reason)]
        case .itemBegin(let item, let offset):
            ["type": .string("item-begin"), "item": .integer(Int64(item)), "offset": .integer(offset)]
        case .segment(let item, let number, let hash):
            [
                "type": .string("segment"), "item": .integer(Int64(item)), "segment": .integer(Int64(number)),
                "hash": .string(hash.description),
            ]
        case .mark(let item, let offset):
            ["type": .string("mark"), "item": .integer(Int64(item)), "offset": .integer(offset)]
        case .missing(let stretches):
            [
                "type": .string("missing"),
                "ranges": .array(stretches.map { Self.numbers(Int64($0.item), $0.offset, $0.byteCount) }),
            ]
        case .credit(let received, let limit):
            ["type": .string("credit"), "received": .integer(received), "limit": .integer(limit)]
        case .itemEnd(let item, let size, let root):
            [
                "type": .string("item-end"), "item": .integer(Int64(item)), "size": .integer(size),
                "root": .string(root.description),
            ]
        case .itemFailed(let item, let code, let message):
            [
                "type": .string("item-failed"), "item": .integer(Int64(item)), "code": .string(code),
                "message": .string(message),
            ]
        case .confirmed(let item, let bytes, let root):
            [
                "type": .string("confirmed"), "item": .integer(Int64(item)), "bytes": .integer(bytes),
                "root": .string(root.description),
            ]
        case .done(let items, let bytes):
            ["type": .string("done"), "items": .integer(items), "bytes": .integer(bytes)]
        case .receipt(let items, let bytes):
            ["type": .string("receipt"), "items": .integer(items), "bytes": .integer(bytes)]
        case .error(let code, let message, let isResumable):
            [
                "type": .string("error"), "code": .string(code), "message": .string(message),
                "resumable": .bool(isResumable),
            ]
        case .working: ["type": .string("working"), "optional": .bool(true)]
        case .bye: ["type": .string("bye")]
        case .ignorable: ["type": .string("ignorable"), "optional": .bool(true)]
        }
    }

    private static func numbers(_ numbers: Int64...) -> JSONValue { .array(numbers.map { .integer($0) }) }
}

extension ControlMessage.Item {
    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "item": .integer(Int64(number)), "path": .array(path.map { .string($0) }),
            "size": size.map { .integer($0) } ?? .null,
        ]
        if kind != .file { object.insert(.string(kind.rawValue), as: "kind") }
        if let modified { object.insert(.integer(modified), as: "mtime") }
        if isExecutable { object.insert(.bool(true), as: "executable") }
        return .object(object)
    }
}

extension ControlMessage.Part {
    fileprivate var json: JSONValue {
        .object([
            "item": .integer(Int64(item)), "bytes": .integer(bytes), "root": .string(tree.description),
        ])
    }
}
