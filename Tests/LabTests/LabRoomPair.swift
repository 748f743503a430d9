internal import Martlet
internal import Signaling

@testable internal import Lab

/// Two who are connected as a room would connect them, over loopback.
struct LabRoomPair {
    let conductor: ConnectedPeer<RoomChannels>
    let partner: ConnectedPeer<RoomChannels>

    static func make() async throws -> LabRoomPair {
        let (toPartner, fromConductor) = AsyncStream.makeStream(of: RoomPayload.self)
        let caller = CarriedConnection(
            calls: true, configuration: .init(), prepare: RoomChannels.make, say: { fromConductor.yield($0) })
        let answerer = CarriedConnection(
            calls: false, configuration: .init(), prepare: RoomChannels.make, say: { await caller.hear($0) })
        let carrier = Task { for await payload in toPartner { await answerer.hear(payload) } }
        defer { carrier.cancel() }
        async let answered = answerer.connect()
        let called = try await caller.connect()
        let pair = LabRoomPair(conductor: peer(called), partner: peer(try await answered))
        try await pair.conductor.channels.opened()
        try await pair.partner.channels.opened()
        return pair
    }

    private static func peer(_ outcome: CarriedConnection<RoomChannels>.Outcome) -> ConnectedPeer<RoomChannels> {
        ConnectedPeer(connection: outcome.connection, channels: outcome.channels, events: outcome.events)
    }
}

/// A side of the control channel that says what a test likes.
actor RawSide {
    let peer: ConnectedPeer<RoomChannels>
    private(set) var heard: [LabControlMessage] = []
    private var waiters: [(@Sendable (LabControlMessage) -> Bool, CheckedContinuation<LabControlMessage?, Never>)] = []
    private var task: Task<Void, Never>?
    private var clock: Int64 = 1_000_000
    private var isOver = false

    init(_ peer: ConnectedPeer<RoomChannels>) {
        self.peer = peer
    }

    /// Listens, and answers what every partner answers.
    func listen() {
        task = Task {
            do {
                for try await message in peer.channels.control.messages {
                    guard case .text(let text) = message else { continue }
                    hear(try LabControlMessage(text))
                }
            } catch {}
            isOver = true
            for (_, waiter) in waiters { waiter.resume(returning: nil) }
            waiters = []
        }
    }

    private func hear(_ message: LabControlMessage) {
        heard.append(message)
        if case .ping(let number) = message {
            clock += 100
            say(.pong(number, at: clock))
        }
        while let index = waiters.firstIndex(where: { $0.0(message) }) {
            waiters.remove(at: index).1.resume(returning: message)
        }
    }

    func say(_ message: LabControlMessage) { say(message.encoded) }

    func say(_ text: String) { try? peer.channels.control.trySend(.text(text)) }

    func say(bytes: [UInt8]) { try? peer.channels.control.trySend(.binary(bytes)) }

    func send(_ text: String, times count: Int) async {
        for _ in 0..<count { try? await peer.channels.control.send(text) }
    }

    /// The first message of that kind; nil when the connection ends before.
    @discardableResult
    func next(_ isMeant: @escaping @Sendable (LabControlMessage) -> Bool) async -> LabControlMessage? {
        if let found = heard.first(where: isMeant) { return found }
        if isOver { return nil }
        return await withCheckedContinuation { waiters.append((isMeant, $0)) }
    }

    func hello() async { await next { if case .hello = $0 { true } else { false } } }

    /// What the other side says against us.
    func error() async -> LabControlMessage? { await next { if case .error = $0 { true } else { false } } }

    func close() async {
        await peer.close()
        await task?.value
    }
}
