internal import JSON
internal import NetworkIO
internal import Signaling
internal import Transfer
internal import Wire

/// Following somebody's link or code, again and again while the transfer is not through and the other side may come back.
struct Visit: Sendable {
    var side: ReceivingSide
    /// Another one after wrong words were corrected.
    var entrance: RoomEntrance
    let client: WebSocketClient
    let question: EntranceQuestion
    let console: Console

    private static let lookPatience = Duration.milliseconds(250)

    mutating func run() async throws(CommandFailure) {
        console.say("Connecting to \(Printable.line(entrance.rendezvous.pageAddress, columns: 100)) …")
        var (peer, looks) = try await enter()
        side.follow(entrance)
        let reception = Reception(side, on: console)
        while true {
            switch await reception.receive(from: peer) {
            case .done: return
            case .failed(let failure), .unused(let failure): throw failure
            case .lost(let failure): peer = try await comeBack(after: failure, looks)
            }
        }
    }

    /// The first connection. Who is there to answer corrects wrong words.
    private mutating func enter() async throws(CommandFailure) -> (TransferPeer, LookCount) {
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
            switch await connect(looks) {
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
                    console.warn("The words are not those of the sender; \(counted(left, "try", "tries")) left.")
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

    /// The next connection, within the time that the other side has for coming back.
    private func comeBack(
        after lost: CommandFailure, _ looks: LookCount
    ) async throws(CommandFailure) -> TransferPeer {
        let deadline = NetworkLoop.shared.now().advanced(by: side.wait)
        var backoff = Backoff()
        while true {
            do { try await Task.sleep(for: backoff.take()) } catch { throw CommandFailure(any: error) }
            switch await connect(looks) {
            case .success(let peer): return peer
            case .failure(let error):
                guard error.mayPass else { throw CommandFailure(error, by: .init(entrance)) }
                guard NetworkLoop.shared.now() < deadline else { throw lost }
            }
        }
    }

    private func connect(_ looks: LookCount) async -> Result<TransferPeer, PeerConnectorError> {
        do throws(PeerConnectorError) {
            return .success(
                try await PeerConnector.join(entrance, looks: looks, over: client, prepare: TransferChannels.make))
        } catch { return .failure(error) }
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
