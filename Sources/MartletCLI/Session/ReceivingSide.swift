internal import JSON
internal import Martlet
internal import Signaling
internal import Synchronization
internal import Transfer

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What a receiver wants: where things go, and what it says to an offer.
struct ReceivingSide: Sendable {
    /// What to do with the offer.
    struct Policy: Sendable {
        /// Yes was said beforehand.
        var isAccepted: Bool
        /// What happens to files that exist; nil was not said.
        var existing: ExistingFilePolicy?
    }

    let destination: Destination
    let policy: Policy
    /// How long a lost sender may take to come back.
    let wait: Duration
    let console: Console
    /// Asks about the words of each connection; nil does not.
    var words: WordsQuestion?
    /// By what a sender knows this receiver again.
    private(set) var session: ReceiverSession
    /// Of the folder; nil for standard output.
    private let path: String?
    /// What was said yes to.
    private let consent = Consent()

    /// - Parameter path: of the folder; `-` is standard output.
    init(
        path: String, policy: Policy, wait: Duration, console: Console
    ) throws(CommandFailure) {
        if path == "-" {
            destination = .standardOutput
        } else {
            do throws(TransferError) { destination = .folder(try DestinationDirectory(path: path)) } catch {
                throw Self.failure(error, path: path)
            }
        }
        self.policy = policy
        self.wait = wait
        self.console = console
        self.path = path == "-" ? nil : path
        session = ReceiverSession(nil, destination: path, in: nil)
    }

    /// The sender is behind this link or code: whoever comes by it again is known again.
    mutating func follow(_ entrance: RoomEntrance) {
        guard let path else { return }
        session = ReceiverSession(entrance, destination: path, in: StateFolder(Environment.value))
    }

    /// The folder at `path` cannot be used.
    static func failure(_ error: TransferError, path: String) -> CommandFailure {
        var failure = CommandFailure(error)
        if error.systemError == ENOENT { failure.remedy = "mkdir -p \(Printable.line(path, columns: 100))" }
        return failure
    }

    func receiver(
        _ peer: TransferPeer, view: TransferView, path: PathDescription?, watch: ConnectionWatch, refusal: Refusal
    ) async -> FileReceiver {
        var options = TransferOptions()
        options.agent = Program.agent
        options.session = session.name
        options.certificates = await peer.connection.certificateFingerprints
        if let words { options.verify = { await words.verify($0, view) } }
        return FileReceiver(
            destination: destination, control: peer.channels.control, data: peer.channels.data, options: options,
            onEvent: { event in
                if case .peer(let agent) = event {
                    if destination.directory != nil { session.keep() }
                    view.greet(agent, path: path)
                }
                if event == .accepted, destination.directory != nil { console.isResumable.set() }
                watch.note(event)
                view.handle(event)
            },
            decide: { offer in
                do throws(CommandFailure) {
                    if let earlier = await consent.policy(for: offer) { return .accept(existing: earlier) }
                    let existing = try await OfferQuestion(offer, self).decide()
                    consent.give(existing, to: offer.current)
                    return .accept(existing: existing)
                } catch {
                    refusal.failure = error
                    return .decline()
                }
            })
    }
}

/// Why this side said no, for its own words at the end.
final class Refusal: Sendable {
    private let state = Mutex<CommandFailure?>(nil)

    var failure: CommandFailure? {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
