internal import JSON
internal import Transfer

/// Tells what is offered and asks for a yes, while the offer may still grow.
struct OfferQuestion: Sendable {
    private let offer: IncomingOffer
    private let side: ReceivingSide
    private let console: Console

    init(_ offer: IncomingOffer, _ side: ReceivingSide) {
        self.offer = offer
        self.side = side
        console = side.console
    }

    /// - Throws: why not.
    func decide() async throws(CommandFailure) -> ExistingFilePolicy {
        let first = offer.current
        console.event("offer", Self.members(first))
        let columns = console.facts.errorIsTerminal ? console.facts.size().columns : .max
        for line in OfferList.lines(Self.rows(first), columns: columns) { console.draw(line) }
        let canAsk = console.facts.inputIsTerminal && console.facts.errorIsTerminal
        guard !side.policy.isAccepted else { return side.policy.existing ?? .fail }
        guard canAsk else {
            throw CommandFailure(
                .declined, "Nothing was saved: without a terminal there is nobody to ask.",
                remedy: "-y, which says yes beforehand")
        }
        guard await ask(first) else { throw CommandFailure(.declined, "You declined; nothing was saved.") }
        if let existing = side.policy.existing { return existing }
        let taken = offer.current.items.filter(\.exists)
        guard let one = taken.first else { return .fail }
        let which = taken.count == 1 ? "\(one.name) exists" : "\(taken.count) of them exist"
        return await Question.existing("\(which) already.", on: console)
    }

    /// Keeps the question up to date while it stands there.
    private func ask(_ first: Offer) async -> Bool {
        let updating = Task {
            var shown = first
            while !shown.isComplete, !Task.isCancelled {
                await offer.changed(since: shown)
                if Task.isCancelled { return }
                shown = offer.current
                console.promptAgain(text(shown) + Question.choices(standard: true))
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
        defer { updating.cancel() }
        return await Question.ask({ text(offer.current) }, standard: true, on: console)
    }

    /// In one line of the terminal, so that it can be written over.
    private func text(_ offer: Offer) -> String {
        let count = Self.count(offer)
        let amount = OfferList.amount(count, bytes: offer.totalBytes, isComplete: offer.isComplete)
        let room = max(20, console.facts.size().columns - Question.choices(standard: true).utf8.count - 2)
        let goal = Self.goal(side.destination)
        // Words are shown, not saved.
        let isText = offer.isComplete && count.files + count.folders == 0
        guard !isText else { return Printable.line("Read \(amount)?", columns: room) }
        for text in ["Save \(amount), to \(goal)?", "Save \(amount)?"] where Printable.columns(of: text) <= room {
            return text
        }
        return Printable.line("Save \(amount)?", columns: room)
    }

    private static func count(_ offer: Offer) -> OfferList.Count {
        var count = OfferList.Count()
        for item in offer.items {
            switch item.kind {
            case .file: count.files += 1
            case .text: count.texts += 1
            case .folder: count.folders += 1
            }
            if item.size == nil { count.hasUnknownSize = true }
        }
        return count
    }

    /// `.` says little in a question.
    private static func goal(_ destination: Destination) -> String {
        guard let path = destination.directory?.path else { return "standard output" }
        return path == "." ? "this folder" : Printable.line(path, columns: 60, cut: .middle)
    }

    private static func rows(_ offer: Offer) -> [OfferList.Row] {
        OfferList.rows(
            offer.items.lazy.map {
                (
                    name: $0.kind == .text ? "(text)" : $0.name, components: $0.components, bytes: $0.size,
                    isFolder: $0.kind == .folder, exists: $0.exists
                )
            })
    }

    /// The members of the event `offer`. Long lists are cut: `count` tells how many there are so far.
    private static func members(_ offer: Offer) -> [(String, JSONValue)] {
        let items = offer.items.prefix(OfferList.mostEventItems).map { item -> JSONValue in
            .object([
                "name": .string(item.components.joined(separator: "/")),
                "bytes": item.size.map { .integer($0) } ?? .null,
                "exists": .bool(item.exists),
            ])
        }
        return [
            ("items", .array(Array(items))), ("count", .integer(Int64(offer.items.count))),
            ("bytes", .integer(offer.totalBytes)), ("free", .integer(offer.freeBytes)),
            ("complete", .bool(offer.isComplete)),
        ]
    }
}
