import Chat
import Martlet
import NetworkIO
import Signaling
import Synchronization
import Transfer
import Wire

/// A rendezvous server at a free loopback port, with one room, and the people in it.
final class TalkWorld: Sendable {
    let server: HTTPServer
    let rooms: RoomServer
    let link: RoomLink

    init(iceServers: [RoomICEServer] = []) async throws {
        rooms = RoomServer(limits: RoomLimits(), iceServers: iceServers)
        let configuration = HTTPServer.Configuration(
            addresses: [IPAddress(v4: 0x7F00_0001)], port: 0, hosts: .names(["127.0.0.1"]))
        server = try await HTTPServer.start(configuration, webSockets: [rooms.endpoint]) { _ in .text(404, "") }
        var generator = SystemRandomNumberGenerator()
        link = RoomLink(
            rendezvous: Rendezvous(isSecure: false, host: "127.0.0.1", port: server.port),
            room: .random(using: &generator), secret: .random(using: &generator))
    }

    func stop() async {
        await server.shutdown(grace: .milliseconds(100))
    }

    /// Somebody who has the room.
    func host(_ person: Person) async throws -> HostedRoom {
        let room = try await PeerConnector.host(RoomPlace(link), size: 16)
        person.run { talk throws(ChatError) in try await talk.host(room) }
        return room
    }

    /// Somebody who follows the link.
    ///
    /// - Parameter comesBack: false: there is no way back when the connection is lost.
    func visit(_ person: Person, comesBack: Bool = true) {
        person.run { [link] talk throws(ChatError) in
            try await talk.visit { isFirst throws(PeerConnectorError) in
                guard isFirst || comesBack else { throw .refused(code: "dead") }
                let peer = try await PeerConnector.join(.link(link), prepare: RoomChannels.make)
                person.connections.withLock { $0.append(peer.connection) }
                return peer
            }
        }
    }
}

/// Somebody who talks, with everything that happened to them.
final class Person: Sendable {
    let talk: ChatTalk
    private let log: EventLog
    private let task = Mutex<Task<ChatError?, Never>?>(nil)
    /// Of a guest: to the host, in their order.
    let connections = Mutex<[PeerConnection]>([])

    init(
        _ name: String, people: Int = 2, wait: Duration = .seconds(20), folder: String = "/nonexistent",
        onEvent: (@Sendable (ChatEvent) async -> Void)? = nil
    ) {
        let log = EventLog()
        self.log = log
        let settings = ChatSettings(name: name, agent: "Test", people: people, wait: wait)
        let reception = ChatReception { () throws(TransferError) in .folder(try DestinationDirectory(path: folder)) }
        talk = ChatTalk(settings, receive: reception) { event in
            await onEvent?(event)
            log.append(event)
        }
    }

    func run(_ body: @escaping @Sendable (ChatTalk) async throws(ChatError) -> Void) {
        let talk = self.talk
        let running = Task { () -> ChatError? in
            do throws(ChatError) { try await body(talk) } catch { return error }
            return nil
        }
        task.withLock { $0 = running }
    }

    /// Returns when the talk has ended, with the reason where it was not in peace.
    func ended() async -> ChatError? {
        await task.withLock { $0 }?.value
    }

    func cancel() { task.withLock { $0 }?.cancel() }

    /// The next event that fits; others before it are skipped.
    func next<Value>(_ pick: (ChatEvent) -> Value?) async -> Value {
        while true {
            if let value = pick(await log.next()) { return value }
        }
    }

    func joined() async -> ChatMember {
        await next { if case .joined(let member) = $0 { member } else { nil } }
    }

    func message() async -> String {
        await next { if case .message(_, let text, _) = $0 { text } else { nil } }
    }

    /// What is said until something else happens.
    func messages(until isReached: (ChatEvent) -> Bool) async -> [String] {
        var texts: [String] = []
        while true {
            let text: String? = await next { event in
                if case .message(_, let text, _) = event { return .some(text) }
                return isReached(event) ? .some(nil) : nil
            }
            guard let text else { return texts }
            texts.append(text)
        }
    }

    func messages(_ count: Int) async -> [String] {
        var texts: [String] = []
        for _ in 0..<count { texts.append(await message()) }
        return texts
    }
}

/// Events in their order, for one reader.
private final class EventLog: Sendable {
    private struct State {
        var events: [ChatEvent] = []
        var reader: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func append(_ event: ChatEvent) {
        state.withLock { state in
            state.events.append(event)
            return state.reader.take()
        }?.resume()
    }

    func next() async -> ChatEvent {
        while true {
            if let event = state.withLock({ $0.events.isEmpty ? nil : $0.events.removeFirst() }) { return event }
            await withCheckedContinuation { continuation in
                let isLate = state.withLock { state in
                    guard state.events.isEmpty else { return true }
                    state.reader = continuation
                    return false
                }
                if isLate { continuation.resume() }
            }
        }
    }
}
