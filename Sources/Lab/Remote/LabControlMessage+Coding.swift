internal import JSON
internal import Signaling
internal import Transfer

extension LabControlMessage {
    /// Reads a text message of the control channel. Unknown members are ignored.
    ///
    /// - Throws: `protocolViolation` for anything that the protocol does not have.
    package init(_ text: String) throws(LabError) {
        do throws(MessageError) { self = try Self.read(try MessageMembers(parsing: text)) } catch {
            throw .protocolViolation("\(error)")
        }
    }

    private static func read(_ object: MessageMembers) throws(MessageError) -> LabControlMessage {
        switch try object.string("type") {
        case "hello":
            let spoken = try object.string("protocol")
            guard spoken == protocolName else { return .otherHello(protocol: Printable.line(spoken, columns: 40)) }
            return .hello(
                version: try object.count("version"), agent: Printable.line(try object.remark("agent"), columns: 80))
        case "error":
            return .error(
                code: Printable.line(try object.string("code"), columns: 40),
                message: Printable.line(try object.remark("message"), columns: 200))
        case "ping": return .ping(try object.count("n"))
        case "pong": return .pong(try object.count("n"), at: try object.count("at"))
        case "clock":
            guard let ahead = try object.optionalInteger("ahead") else { throw .missingMember("ahead") }
            return .clock(ahead: ahead)
        case "run": return .run(try request(object))
        case "signal": return .signal(run: try run(object), payload: try payload(object))
        case "ready": return .ready(run: try run(object))
        case "failed":
            return .failed(
                run: try run(object), message: Printable.line(try object.remark("message"), columns: 200))
        case "start": return .start(run: try run(object))
        case "sent": return try sent(object)
        case "received":
            return .received(
                run: try run(object), messages: try arrivals(object),
                damaged: try small("damaged", try object.optionalCount("damaged") ?? 0))
        case "stop": return .stop(run: try run(object))
        case "stopped":
            return .stopped(
                run: try run(object),
                packets: try object.optionalObject("packets").map { value throws(MessageError) in try packets(value) })
        case "live":
            let runs = try object.array("runs").map { value throws(MessageError) in
                guard let number = value.integer.flatMap(UInt32.init(exactly:)), number > 0 else {
                    throw .invalidMember("runs")
                }
                return number
            }
            guard (1...8).contains(runs.count), zip(runs, runs.dropFirst()).allSatisfy(<) else {
                throw .invalidMember("runs")
            }
            return .live(
                runs: runs, link: try link(MessageMembers(try object.object("link"))),
                traffic: try traffic(MessageMembers(try object.object("traffic"))))
        case "turn":
            return .turn(
                link: try object.optionalObject("link").map { value throws(MessageError) in try link(value) },
                traffic: try object.optionalObject("traffic").map { value throws(MessageError) in try traffic(value) })
        default:
            guard try object.optionalBool("optional") == true else { throw .unknownType }
            return .ignorable
        }
    }

    private static func run(_ object: MessageMembers) throws(MessageError) -> UInt32 {
        guard let run = UInt32(exactly: try object.count("run")), run > 0 else { throw .invalidMember("run") }
        return run
    }

    /// A count of messages.
    private static func small(_ name: String, _ value: Int64) throws(MessageError) -> Int {
        guard let count = Int(exactly: value) else { throw .invalidMember(name) }
        return count
    }

    private static func request(_ object: MessageMembers) throws(MessageError) -> LabRunRequest {
        guard let from = LabSide(rawValue: try object.string("from")) else { throw .invalidMember("from") }
        let members = MessageMembers(try object.object("channel"))
        var channel = LabChannel(ordered: try members.bool("ordered"))
        channel.maxRetransmits = try short("maxRetransmits", members)
        channel.maxPacketLifeTime = try short("maxPacketLifeTime", members)
        guard channel.maxRetransmits == nil || channel.maxPacketLifeTime == nil else { throw .invalidMember("channel") }
        return LabRunRequest(
            run: try run(object), of: try object.optionalCount("of"), from: from, channel: channel,
            traffic: try traffic(MessageMembers(try object.object("traffic"))))
    }

    private static func short(_ name: String, _ object: MessageMembers) throws(MessageError) -> UInt16? {
        guard let value = try object.optionalCount(name) else { return nil }
        guard let short = UInt16(exactly: value) else { throw .invalidMember(name) }
        return short
    }

    private static func traffic(_ object: MessageMembers) throws(MessageError) -> LabRunRequest.Traffic {
        guard let bytes = Int(exactly: try object.count("bytes")),
            (LabMessage.headerBytes...LabMessage.byteLimit).contains(bytes)
        else { throw .invalidMember("bytes") }
        let milliseconds = try object.optionalCount("milliseconds")
        guard (1...86_400_000).contains(milliseconds ?? 1) else { throw .invalidMember("milliseconds") }
        return LabRunRequest.Traffic(
            bytes: bytes, rate: try object.optionalNumber("rate", 0.001...1e9),
            milliseconds: milliseconds)
    }

    private static func payload(_ object: MessageMembers) throws(MessageError) -> RoomPayload {
        let text = JSONValue.object(try object.object("payload")).text
        guard text.utf8.count <= payloadBytes, let payload = try? RoomPayload(parsing: text) else {
            throw .invalidMember("payload")
        }
        return payload
    }

    private static func sent(_ object: MessageMembers) throws(MessageError) -> LabControlMessage {
        let offered = try small("offered", try object.count("offered"))
        let accepted = try small("accepted", try object.count("accepted"))
        guard accepted <= offered else { throw .invalidMember("accepted") }
        return .sent(run: try run(object), offered: offered, accepted: accepted, over: try object.bool("over"))
    }

    private static func arrivals(_ object: MessageMembers) throws(MessageError) -> [LabArrival] {
        let values = try object.array("messages")
        guard values.count <= 2 * receivedLimit, values.count % 2 == 0 else { throw .invalidMember("messages") }
        let waits = object.has("waited") ? try object.array("waited") : nil
        guard waits.map({ $0.count == values.count / 2 }) ?? true else { throw .invalidMember("waited") }
        var arrivals: [LabArrival] = []
        arrivals.reserveCapacity(values.count / 2)
        for index in stride(from: 0, to: values.count, by: 2) {
            guard let sequence = values[index].integer.flatMap(UInt32.init(exactly:)),
                let at = values[index + 1].integer, (0...largestInteger).contains(at)
            else { throw .invalidMember("messages") }
            arrivals.append(
                LabArrival(sequence: sequence, at: at, waited: try wait(waits?[index / 2] ?? .null)))
        }
        return arrivals
    }

    /// How long a message waited; nil for null.
    private static func wait(_ value: JSONValue) throws(MessageError) -> Int64? {
        if value == .null { return nil }
        guard let waited = value.integer, (0...largestInteger).contains(waited) else { throw .invalidMember("waited") }
        return waited
    }

    private static func packets(_ object: MessageMembers) throws(MessageError) -> LabPackets {
        let (all, again) = (try object.count("dataChunks"), try object.count("retransmitted"))
        guard all <= chunkLimit, again <= all else { throw .invalidMember("packets") }
        return LabPackets(dataChunks: try small("packets", all), retransmitted: try small("packets", again))
    }

    private static func link(_ object: MessageMembers) throws(MessageError) -> LabLiveLink {
        LabLiveLink(
            loss: try object.optionalNumber("loss", 0...1) ?? 0,
            burst: try object.optionalNumber("burst", 1...10_000) ?? 1,
            delay: try object.optionalNumber("delay", 0...5_000) ?? 0,
            jitter: try object.optionalNumber("jitter", 0...5_000) ?? 0,
            rate: try object.optionalNumber("rate", 1e4...1e9))
    }
}

extension MessageMembers {
    fileprivate func optionalObject(_ name: String) throws(MessageError) -> MessageMembers? {
        has(name) ? MessageMembers(try object(name)) : nil
    }
}

extension LabControlMessage {
    /// The message as JSON text.
    package var encoded: String { JSONValue.object(object).text }

    private var object: JSONObject {
        switch self {
        case .hello(let version, let agent):
            return [
                "type": .string("hello"), "protocol": .string(Self.protocolName), "version": .integer(version),
                "agent": .string(agent),
            ]
        case .otherHello(let name): return ["type": .string("hello"), "protocol": .string(name)]
        case .error(let code, let message):
            return ["type": .string("error"), "code": .string(code), "message": .string(message)]
        case .ping(let number): return ["type": .string("ping"), "n": .integer(number)]
        case .pong(let number, let at): return ["type": .string("pong"), "n": .integer(number), "at": .integer(at)]
        case .clock(let ahead):
            return ["type": .string("clock"), "ahead": .integer(ahead), "optional": .bool(true)]
        case .run(let request): return request.object
        case .signal(let run, let payload):
            let value = try? JSONValue(parsing: payload.text, depthLimit: 2, unpairedSurrogates: .replaced)
            return Self.object("signal", run, ["payload": value ?? .null])
        case .ready(let run): return Self.object("ready", run)
        case .failed(let run, let message): return Self.object("failed", run, ["message": .string(message)])
        case .start(let run): return Self.object("start", run)
        case .sent(let run, let offered, let accepted, let over):
            return Self.object(
                "sent", run,
                [
                    "offered": .integer(Int64(offered)), "accepted": .integer(Int64(accepted)), "over": .bool(over),
                ])
        case .received(let run, let messages, let damaged):
            var object = Self.object(
                "received", run,
                ["messages": .array(messages.flatMap { [.integer(Int64($0.sequence)), .integer($0.at)] })])
            if messages.contains(where: { $0.waited != nil }) {
                object.insert(.array(messages.map { $0.waited.map { .integer($0) } ?? .null }), as: "waited")
            }
            if damaged > 0 { object.insert(.integer(Int64(damaged)), as: "damaged") }
            return object
        case .stop(let run): return Self.object("stop", run)
        case .stopped(let run, let packets):
            var object = Self.object("stopped", run)
            if let packets {
                let members: JSONObject = [
                    "dataChunks": .integer(Int64(packets.dataChunks)),
                    "retransmitted": .integer(Int64(packets.retransmitted)),
                ]
                object.insert(.object(members), as: "packets")
            }
            return object
        case .live(let runs, let link, let traffic):
            return [
                "type": .string("live"), "runs": .array(runs.map { .integer(Int64($0)) }),
                "link": .object(link.object), "traffic": .object(traffic.object),
            ]
        case .turn(let link, let traffic):
            var object: JSONObject = ["type": .string("turn")]
            if let link { object.insert(.object(link.object), as: "link") }
            if let traffic { object.insert(.object(traffic.object), as: "traffic") }
            return object
        case .ignorable: return ["type": .string("ignorable"), "optional": .bool(true)]
        }
    }

    private static func object(_ type: String, _ run: UInt32, _ rest: JSONObject = [:]) -> JSONObject {
        var object: JSONObject = ["type": .string(type), "run": .integer(Int64(run))]
        for name in rest.names { object.insert(rest[name] ?? .null, as: name) }
        return object
    }
}

extension LabRunRequest {
    fileprivate var object: JSONObject {
        var members: JSONObject = ["ordered": .bool(channel.ordered)]
        if let count = channel.maxRetransmits { members.insert(.integer(Int64(count)), as: "maxRetransmits") }
        if let time = channel.maxPacketLifeTime { members.insert(.integer(Int64(time)), as: "maxPacketLifeTime") }
        var object: JSONObject = ["type": .string("run"), "run": .integer(Int64(run))]
        if let of { object.insert(.integer(of), as: "of") }
        object.insert(.string(from.rawValue), as: "from")
        object.insert(.object(members), as: "channel")
        object.insert(.object(traffic.object), as: "traffic")
        return object
    }
}

extension LabRunRequest.Traffic {
    fileprivate var object: JSONObject {
        var object: JSONObject = ["bytes": .integer(Int64(bytes))]
        if let rate { object.insert(.number(rate), as: "rate") }
        if let milliseconds { object.insert(.integer(milliseconds), as: "milliseconds") }
        return object
    }
}

extension LabLiveLink {
    fileprivate var object: JSONObject {
        var object: JSONObject = [
            "loss": .number(loss), "burst": .number(burst), "delay": .number(delay), "jitter": .number(jitter),
        ]
        if let rate { object.insert(.number(rate), as: "rate") }
        return object
    }
}
