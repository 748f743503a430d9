internal import JSON
internal import Signaling
internal import Synchronization
internal import Transfer

/// Receives files from whoever is connected.
struct ReceivingSide: TransferSide {
    /// What to do with the offer.
    struct Policy: Sendable {
        /// Yes was said beforehand.
        var isAccepted: Bool
        /// What happens to files that exist; nil was not said.
        var existing: ExistingFilePolicy?
    }

    let directory: DestinationDirectory
    let policy: Policy
    let console: Console

    init(path: String, policy: Policy, console: Console) throws(CommandFailure) {
        do throws(TransferError) { directory = try DestinationDirectory(path: path) } catch {
            throw CommandFailure(error)
        }
        self.policy = policy
        self.console = console
    }

    func run(
        with peer: TransferPeer, onAccept: @escaping @Sendable () -> Void
    ) async throws(TransferAttemptFailure) {
        let view = TransferView(.receiving, on: console, path: await peer.path(), folder: directory.path)
        var options = TransferOptions()
        options.agent = Program.agent
        let refusal = Mutex<CommandFailure?>(nil)
        let receiver = FileReceiver(
            destination: .folder(directory), control: peer.channels.control, data: peer.channels.data, options: options,
            onEvent: { event in
                if event == .accepted { onAccept() }
                view.handle(event)
            },
            decide: { incoming in
                let offer = incoming.current
                tell(offer)
                view.name(offer.items.map { $0.components.joined(separator: "/") })
                do throws(CommandFailure) {
                    return .accept(existing: try await decide(offer))
                } catch {
                    refusal.withLock { $0 = error }
                    return .decline()
                }
            })
        do throws(TransferAttemptFailure) {
            try await show(peer, on: view) { () async throws(TransferError) in try await receiver.run() }
        } catch {
            guard error.failure.status == .declined, let failure = refusal.withLock({ $0 }) else { throw error }
            throw TransferAttemptFailure(failure: failure, leavesLinkUnused: false)
        }
    }

    // MARK: The question

    private func tell(_ offer: Offer) {
        console.event(
            "offer",
            [
                "items": .array(
                    offer.items.map {
                        .object([
                            "name": .string($0.components.joined(separator: "/")), "bytes": .integer($0.size ?? 0),
                            "exists": .bool($0.exists),
                        ])
                    }), "bytes": .integer(offer.totalBytes), "free": .integer(offer.freeBytes),
            ])
        for line in OfferList.lines(offer.items.map { ($0.name, $0.size ?? 0, $0.exists) }) { console.say(line) }
    }

    /// - Throws: why not.
    private func decide(_ offer: Offer) async throws(CommandFailure) -> ExistingFilePolicy {
        let canAsk = console.facts.inputIsTerminal && console.facts.errorIsTerminal
        if !policy.isAccepted {
            guard canAsk else {
                throw CommandFailure(
                    .declined, "Nothing was saved: without a terminal there is nobody to ask.",
                    remedy: "-y, which says yes beforehand")
            }
            let files = counted(offer.items.count, "file")
            let folder = Printable.line(Self.shown(directory.path), columns: 60, cut: .middle)
            let question = "Save \(files), \(ByteCount.text(offer.totalBytes)), to \(folder)?"
            guard await Question.ask(question, standard: true, on: console) else {
                throw CommandFailure(.declined, "You declined; nothing was saved.")
            }
        }
        if let existing = policy.existing { return existing }
        let taken = offer.items.filter(\.exists)
        guard let first = taken.first, canAsk, !policy.isAccepted else { return .fail }
        let which = taken.count == 1 ? "\(first.name) exists" : "\(taken.count) of them exist"
        return await Question.existing("\(which) already.", on: console)
    }

    /// `.` says little in a question.
    private static func shown(_ path: String) -> String {
        path == "." ? "this folder" : path
    }
}
