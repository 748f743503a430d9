internal import Martlet
internal import NetworkIO
internal import Signaling
internal import Synchronization

/// Closes a connection that does not begin, or whose other side is not heard any more: what runs over it then ends.
final class ChatConnectionWatch: Sendable {
    private struct State {
        var isDisconnected = false
        var isParted = false
        var tasks: [Task<Void, Never>] = []
        var alarm: Task<Void, Never>?
        var silence: Task<Void, Never>?
    }

    /// After silence of five seconds ICE calls a connection disconnected; so much longer, and it is lost.
    private static let disconnectedPatience = Duration.seconds(3)

    private let peer: ChatPeer
    private let state = Mutex(State())

    /// - Parameters:
    ///   - patience: until ``hasBegun()``.
    ///   - onChannel: takes a channel that the other side has opened; the next waits until it returns.
    init(_ peer: ChatPeer, within patience: Duration, onChannel: @escaping @Sendable (DataChannel) async -> Void) {
        self.peer = peer
        let tasks = [
            Task { [weak self] in
                for await event in peer.events {
                    switch event {
                    case .dataChannel(let channel): await onChannel(channel)
                    case .connectionStateChange(let connection): self?.note(connection)
                    default: break
                    }
                }
            },
            Task { [weak self] in
                for await _ in peer.parting {}
                if !Task.isCancelled { self?.noteParting() }
            },
        ]
        state.withLock { state in
            state.tasks = tasks
            state.alarm = Self.closing(peer, after: patience)
        }
    }

    deinit {
        stop()
    }

    func hasBegun() {
        state.withLock { $0.alarm.take() }?.cancel()
    }

    func stop() {
        let tasks = state.withLock { state in
            defer { (state.tasks, state.alarm, state.silence) = ([], nil, nil) }
            return state.tasks + [state.alarm, state.silence].compactMap(\.self)
        }
        for task in tasks { task.cancel() }
    }

    private static func closing(_ peer: ChatPeer, after patience: Duration) -> Task<Void, Never> {
        Task {
            try? await NetworkClock().sleep(for: patience)
            if !Task.isCancelled { await peer.connection.close() }
        }
    }

    private func note(_ connection: ConnectionState) {
        state.withLock { state in
            state.isDisconnected = connection == .disconnected
            state.silence?.cancel()
            state.silence = nil
            guard state.isDisconnected else { return }
            state.silence = Self.closing(peer, after: state.isParted ? .zero : Self.disconnectedPatience)
        }
    }

    /// The other side has left the room, which alone means nothing.
    private func noteParting() {
        state.withLock { state in
            state.isParted = true
            guard state.isDisconnected else { return }
            state.silence?.cancel()
            state.silence = Self.closing(peer, after: .zero)
        }
    }
}
