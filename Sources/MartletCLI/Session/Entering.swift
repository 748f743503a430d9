internal import JSON
internal import NetworkIO
internal import Signaling
internal import Transfer
internal import Wire

/// The way into somebody's room, by link or code, for whatever goes on there.
struct Entering<Channels: ProvenChannels>: Sendable {
    /// Another one after wrong words were corrected.
    var entrance: RoomEntrance
    let client: WebSocketClient
    let question: EntranceQuestion
    let console: Console
    let prepare: PeerConnector.Preparation<Channels>

    private static var lookPatience: Duration { .milliseconds(250) }

    /// The first connection. Who is there to answer corrects wrong words.
    mutating func enter() async throws(CommandFailure) -> (ConnectedPeer<Channels>, LookCount) {
        var restart = RestartWait()
        var backoff = Backoff()
        var isTold = false
        let deadline = NetworkLoop.shared.now().advanced(by: RestartWait.patience)
        var tries = LookStore.Visit()
        var (looks, lookedAt) = (looks(tries), entrance)
        while true {
            if entrance != lookedAt {
                // Other words at the same number go on with its tries.
                if !entrance.isCounted(with: lookedAt) { tries = LookStore.Visit() }
                (looks, lookedAt) = (self.looks(tries), entrance)
            }
            switch await outcome(looks) {
            case .success(let peer): return (peer, looks)
            case .failure(let error) where restart.covers(error, at: NetworkLoop.shared.now()):
                if !isTold { console.say("The server is being started again; trying for some seconds …") }
                isTold = true
                do { try await Task.sleep(for: backoff.take()) } catch { throw CommandFailure(any: error) }
            case .failure(let error):
                let failure = CommandFailure(error, by: .init(entrance))
                guard case .code(let code, _) = entrance else { throw failure }
                switch error {
                case .wrongWords(let left):
                    console.event("wrong-code", [("left", .integer(Int64(left)))])
                    if left == 0 { console.event("code-dead") }
                    guard left > 0, question.canAsk else { throw failure }
                    console.warn("The words are not those of the other side; \(counted(left, "try", "tries")) left.")
                    entrance = try await question.otherWords(for: code.number)
                case .codeDead where mayBeGivenBack && NetworkLoop.shared.now() < deadline:
                    // Other commands of this user are trying at this moment.
                    do { try await Task.sleep(for: Self.lookPatience) } catch { throw CommandFailure(any: error) }
                case .codeDead, .refused("dead"):
                    console.event("code-dead")
                    throw failure
                default: throw failure
                }
            }
        }
    }

    /// The looks at a code that are used up here. A link has so many bits that nobody counts.
    private func looks(_ tries: LookStore.Visit) -> LookCount {
        guard case .code(let code, let server) = entrance else { return LookCount() }
        return LookStore.count(code, at: server, in: StateFolder(Environment.value), by: tries) { [console] in
            console.warn("Wrong tries of this code are counted for this run only: the state folder cannot be written.")
        }
    }

    /// Somebody whose words are right gives back the look that was taken last.
    private var mayBeGivenBack: Bool {
        guard case .code(let code, let server) = entrance, let folder = StateFolder(Environment.value) else {
            return false
        }
        return LookStore(code, at: server, in: folder.looks).isFresh(at: LookStore.now)
    }

    private func outcome(_ looks: LookCount) async -> Result<ConnectedPeer<Channels>, PeerConnectorError> {
        do throws(PeerConnectorError) { return .success(try await connect(looks)) } catch { return .failure(error) }
    }

    /// One attempt.
    func connect(_ looks: LookCount) async throws(PeerConnectorError) -> ConnectedPeer<Channels> {
        try await PeerConnector.join(entrance, looks: looks, over: client, prepare: prepare)
    }
}

extension RoomEntrance {
    /// Its tries are those of the other's code: the words are no part of that.
    fileprivate func isCounted(with other: RoomEntrance) -> Bool {
        guard case .code(let code, let server) = self, case .code(let otherCode, let otherServer) = other else {
            return self == other
        }
        return code.number == otherCode.number && server == otherServer
    }
}
