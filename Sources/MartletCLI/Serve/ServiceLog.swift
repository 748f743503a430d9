internal import Digests
internal import Dispatch
internal import JSON
internal import Signaling
internal import Synchronization
internal import Wire

/// The log of a rendezvous server: one event a line, `key=value` or JSON.
///
/// It names rooms by a tag under a key of this process, which leads back to no room, and addresses by their network. It
/// never holds anybody up: lines that the reader does not take, or that come in a flood, are counted instead.
final class ServiceLog: Sendable {
    enum Value: Sendable, Equatable {
        case text(String)
        case number(Int)
        case truth(Bool)
    }

    typealias Members = [(name: String, value: Value)]

    private struct State {
        /// Of this second.
        var second: Int64 = 0
        var count = 0
        var omitted = 0
        var waiting = 0
    }

    /// Lines in one second, and lines that wait to be written.
    static let mostLines = 200
    private static let mostWaiting = 2000

    private let isJSON: Bool
    private let isQuiet: Bool
    private let hasWholeAddresses: Bool
    private let write: @Sendable (String) -> Void
    private let now: @Sendable () -> (second: Int64, text: String)
    private let key: [UInt8]
    private let queue = DispatchQueue(label: "martlet.log")
    private let state = Mutex(State())

    init(
        isJSON: Bool, isQuiet: Bool, hasWholeAddresses: Bool, write: @escaping @Sendable (String) -> Void,
        now: @escaping @Sendable () -> (second: Int64, text: String) = {
            (ServiceClock.secondsSince1970, ServiceClock.text)
        }
    ) {
        self.isJSON = isJSON
        self.isQuiet = isQuiet
        self.hasWholeAddresses = hasWholeAddresses
        self.write = write
        self.now = now
        var generator = SystemRandomNumberGenerator()
        key = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    func info(_ event: String, _ members: Members = []) {
        if !isQuiet { add("info", event, members) }
    }

    func warn(_ event: String, _ members: Members = []) { add("warning", event, members) }

    func record(_ record: RoomRecord) {
        switch record {
        case .made(let room, let hasNumber, let address):
            info("room-made", [tag(room), ("numbered", .truth(hasNumber)), from(address)])
        case .takenBack(let room, let address): info("room-taken-back", [tag(room), from(address)])
        case .joined(let room, let byNumber, let address):
            info("joined", [tag(room), ("by", .text(byNumber ? "number" : "room")), from(address)])
        case .refused(let code, let address): info("refused", [("code", .text(code)), from(address)])
        case .ended(let room, let how, let lifetime, let guests, let messages, let bytes):
            info(
                "room-ended",
                [
                    tag(room), ("how", .text(how.rawValue)), ("seconds", .number(Int(lifetime.components.seconds))),
                    ("guests", .number(guests)), ("messages", .number(messages)), ("bytes", .number(bytes)),
                ])
        }
    }

    /// Waits until all is written, for a moment at most.
    func flush() {
        let done = DispatchSemaphore(value: 0)
        queue.async { done.signal() }
        _ = done.wait(timeout: .now() + 1)
    }

    // MARK: Lines

    private func tag(_ room: RoomIdentifier) -> (name: String, value: Value) {
        let code = HMAC.authenticationCode(.sha256, key: key, message: Array(room.text.utf8))
        return ("room", .text(code.prefix(3).hexadecimal))
    }

    private func from(_ address: IPAddress) -> (name: String, value: Value) {
        ("from", .text(hasWholeAddresses ? address.description : Self.network(address)))
    }

    /// The first 24 bits of an IPv4 address, the first 48 of an IPv6 one.
    static func network(_ address: IPAddress) -> String {
        if address.isIPv4Mapped { return network(IPAddress(v4: UInt32(truncatingIfNeeded: address.low))) }
        switch address.family {
        case .v4: return "\(IPAddress(v4: UInt32(truncatingIfNeeded: address.low) & 0xFFFF_FF00))/24"
        case .v6: return "\(IPAddress(v6High: address.high & ~0xFFFF, low: 0))/48"
        }
    }

    private func add(_ level: String, _ event: String, _ members: Members) {
        let (second, moment) = now()
        let (isWanted, omitted) = state.withLock { state -> (Bool, Int) in
            if state.second != second { (state.second, state.count) = (second, 0) }
            guard state.count < Self.mostLines, state.waiting < Self.mostWaiting else {
                state.omitted += 1
                return (false, 0)
            }
            state.count += 1
            state.waiting += 1
            defer { state.omitted = 0 }
            return (true, state.omitted)
        }
        guard isWanted else { return }
        var text = line(moment, level, event, members)
        if omitted > 0 { text = line(moment, "warning", "lines-omitted", [("count", .number(omitted))]) + text }
        queue.async { [self, text] in
            write(text)
            state.withLock { $0.waiting -= 1 }
        }
    }

    private func line(_ moment: String, _ level: String, _ event: String, _ members: Members) -> String {
        let all = [("time", .text(moment)), ("level", .text(level)), ("event", .text(event))] + members
        guard isJSON else {
            return all.map { "\($0.name)=\(Self.plain($0.value))" }.joined(separator: " ") + "\n"
        }
        var object = JSONObject()
        for (name, value) in all {
            switch value {
            case .text(let text): object.insert(.string(text), as: name)
            case .number(let number): object.insert(.integer(Int64(number)), as: name)
            case .truth(let isTrue): object.insert(.bool(isTrue), as: name)
            }
        }
        return JSONValue.object(object).text + "\n"
    }

    private static func plain(_ value: Value) -> String {
        switch value {
        case .number(let number): "\(number)"
        case .truth(let isTrue): isTrue ? "yes" : "no"
        case .text(let text): quoted(text)
        }
    }

    /// As it is where that is plain ASCII without spaces; else in quotes, with whatever could look like another member,
    /// end the line or move about a terminal written as a number.
    private static func quoted(_ text: String) -> String {
        let isPlain = text.unicodeScalars.allSatisfy { "!"..."~" ~= $0 && $0 != "\"" && $0 != "=" && $0 != "\\" }
        if isPlain, !text.isEmpty { return text }
        let escaped = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case " "..."~": String(scalar)
            default: "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return "\"\(escaped.joined())\""
    }
}
