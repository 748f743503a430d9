internal import Chat
internal import NetworkIO
internal import Transfer
internal import Wire

/// The files of a talk by their numbers: what is offered, and how far each is.
struct ChatFiles: Sendable {
    enum State: Sendable, Equatable {
        /// Nobody has said yes.
        case offered
        /// We have said yes, or no; the other side does not know yet.
        case answered
        case moving
    }

    struct File: Sendable {
        let isIncoming: Bool
        /// As people read it: `film.mkv (300 MB)`, fit to be shown.
        var title: String
        /// By the members that they go to, or come from.
        var sides: [Int: (name: String, state: State, view: TransferView)] = [:]
    }

    private(set) var files: [Int: File] = [:]

    /// Anything is offered or under way.
    var isBusy: Bool { !files.isEmpty }
    var isMoving: Bool { files.values.contains { $0.sides.values.contains { $0.state == .moving } } }
    /// That wait for an answer of ours.
    var open: [Int] {
        files.filter { $0.value.isIncoming && $0.value.sides.values.contains { $0.state == .offered } }.keys.sorted()
    }
    var all: [Int] { files.keys.sorted() }

    subscript(number: Int) -> File? { files[number] }

    mutating func add(_ number: Int, isIncoming: Bool, title: String) {
        files[number] = File(isIncoming: isIncoming, title: title, sides: files[number]?.sides ?? [:])
    }

    mutating func set(_ number: Int, _ member: ChatMember, _ state: State, on console: Console) {
        guard let file = files[number] else { return }
        let view =
            file.sides[member.id]?.view ?? TransferView(file.isIncoming ? .receiving : .sending, on: console)
        files[number]?.sides[member.id] = (member.name, state, view)
    }

    mutating func answered(_ number: Int) {
        for id in files[number]?.sides.keys.sorted() ?? [] where files[number]?.sides[id]?.state == .offered {
            files[number]?.sides[id]?.state = .answered
        }
    }

    /// It is over with this side.
    mutating func end(_ number: Int, _ member: ChatMember) {
        files[number]?.sides[member.id] = nil
        if files[number]?.sides.isEmpty ?? false { files[number] = nil }
    }

    /// The bars of what moves.
    func bars(columns: Int, at now: NetworkTime) -> [String] {
        files.sorted { $0.key < $1.key }.flatMap { _, file in
            file.sides.sorted { $0.key < $1.key }.compactMap { _, side -> String? in
                guard side.state == .moving, var line = side.view.line(at: now) else { return nil }
                line.name = "\(file.isIncoming ? "from" : "to") \(side.name): \(line.name)"
                return line.text(columns: columns)
            }
        }
    }

    // MARK: Words

    /// `film.mkv (300 MB)`, `3 files (1.2 GB)`.
    static func title(_ offer: Offer) -> String {
        let names = offer.items.lazy.filter { $0.kind != .text }.prefix(2).map(\.name)
        if offer.isComplete, offer.items.count == 1, let name = names.first {
            let size = offer.items.first?.size.map { " (\(ByteCount.text($0)))" } ?? ""
            return Printable.line(name, columns: 60, cut: .middle) + size
        }
        let files = offer.items.count { $0.kind == .file }
        let texts = offer.items.count { $0.kind == .text }
        var words = [counted(files, "file")]
        if texts > 0 { words = (files > 0 ? words : []) + [counted(texts, "text")] }
        let amount = "\(words.joined(separator: ", ")) (\(ByteCount.text(offer.totalBytes)))"
        return offer.isComplete ? amount : "at least \(amount), still counting"
    }

    static func title(_ sources: SourceList) -> String {
        let (count, bytes, isComplete) = sources.counted
        let names = sources.listed(atMost: 1)
        if isComplete, count == 1, let one = names.first {
            return Printable.line(one.name, columns: 60, cut: .middle)
                + (one.bytes.map { " (\(ByteCount.text($0)))" } ?? "")
        }
        let amount = "\(counted(count, "item")) (\(ByteCount.text(bytes)))"
        return isComplete ? amount : "at least \(amount), still counting"
    }
}
