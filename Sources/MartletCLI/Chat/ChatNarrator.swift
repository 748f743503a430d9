internal import Chat
internal import JSON
internal import NetworkIO
internal import Synchronization
internal import Transfer
internal import Wire

/// Tells what happens in a talk: to a person at a terminal, to a pipe line by line, to a program as events; and to the
/// log.
final class ChatNarrator: Sendable {
    struct State {
        var ownName: String
        /// In the order of coming.
        var members: [(member: ChatMember, isHere: Bool)] = []
        var typing: Set<Int> = []
        var files = ChatFiles()
        /// Lines of ours whose ticks may change: the last number of each, which is the line's mark.
        var said: [Int] = []
        var lastSaid = 0
        /// The last that is on its way to somebody.
        var sent = 0
        var delivered: (number: Int, to: Int, of: Int) = (0, 0, 0)
        /// The last that everybody has.
        var deliveredToAll = 0
        /// Nobody is there since then.
        var emptySince: NetworkTime?
        var hasMet = false
    }

    let console: Console
    let log: ChatLog?
    /// A person talks here; otherwise lines come from a pipe.
    let isInteractive: Bool
    let state: Mutex<State>
    private let onChange: Mutex<(@Sendable () -> Void)?> = Mutex(nil)

    init(on console: Console, name: String, log: ChatLog?, isInteractive: Bool) {
        self.console = console
        self.log = log
        self.isInteractive = isInteractive
        state = Mutex(State(ownName: name, emptySince: NetworkLoop.shared.now()))
    }

    /// - Parameter action: called when the lower part of the screen has to be drawn again.
    func whenChanged(_ action: @escaping @Sendable () -> Void) { onChange.withLock { $0 = action } }

    func changed() { onChange.withLock { $0 }?() }

    private var lines: ChatLines {
        ChatLines(columns: console.facts.size().columns, hasColour: console.facts.hasColour)
    }

    // MARK: Remarks

    /// Something that happened.
    func remark(_ text: String, isLogged: Bool = false) {
        let time = ChatTime.now()
        if isLogged { log?.remark(text, at: time) }
        guard console.isTalkative else { return }
        isInteractive ? console.show(lines.remark(text, at: time)) : console.say(text)
    }

    /// What a person has asked for, however quiet.
    func answer(_ text: String) {
        if isInteractive { console.show(lines.remark(text, at: .now())) } else { console.warn(text) }
    }

    /// Lines that are not to be broken.
    func list(_ rows: [String]) {
        isInteractive ? console.show(rows) : console.warn(rows.joined(separator: "\n"))
    }

    // MARK: Messages

    func show(_ text: String, of member: ChatMember, age: Duration) {
        let time = ChatTime.now(minus: age)
        log?.message(text, name: member.name, at: time)
        event(
            "chat-message", member,
            [("text", .string(text)), ("age_ms", .integer(Int64(clamping: age.wholeMilliseconds)))])
        if isInteractive {
            console.show(lines.message(text, name: member.name, colour: member.id, at: time))
        }
        if !isInteractive || !console.facts.outputIsTerminal { pipe(text, name: member.name) }
    }

    /// `name: text`; what goes on is indented. A name cannot end before the colon behind it.
    private func pipe(_ text: String, name: String) {
        let shown = ChatLines.lines(text)
        let name = ChatLines.shown(name: name).replacing(":", with: "·")
        for (index, line) in shown.enumerated() {
            console.result(index == 0 ? "\(name): \(line)" : "    \(line)")
        }
    }

    /// We have said something.
    ///
    /// - Parameter number: of its last message.
    func said(_ text: String, number: Int) {
        let time = ChatTime.now()
        let name = state.withLock { state in
            state.lastSaid = number
            return state.ownName
        }
        log?.message(text, name: name, at: time)
        console.event("said", ["number": .integer(Int64(number))])
        guard isInteractive else { return }
        let shown = lines.message(text, name: name, colour: 0, at: time, tailColumns: ChatLines.tickColumns)
        console.show(shown, mark: number)
        tick(number, "…", isLast: false)
        let (sent, delivered) = state.withLock { state in
            state.said.append(number)
            if state.said.count > Self.mostMarks { state.said.removeFirst() }
            return (state.sent, state.delivered)
        }
        // It may have been quicker.
        if delivered.number >= number { deliver(delivered) } else if sent >= number { tick(number, "✓", isLast: false) }
    }

    /// What was said up to this number is on its way.
    func sent(_ number: Int) {
        let numbers = state.withLock { state in
            let first = max(state.sent, state.delivered.number)
            state.sent = max(state.sent, number)
            return state.said.filter { $0 > first && $0 <= number }
        }
        guard isInteractive else { return }
        for number in numbers { tick(number, "✓", isLast: false) }
    }

    private static let mostMarks = 200

    private func tick(_ number: Int, _ text: String, isLast: Bool) {
        console.amend(number, " " + lines.dim(text), isLast: isLast)
    }

    func deliver(_ delivered: (number: Int, to: Int, of: Int)) {
        let isAll = delivered.to == delivered.of
        let numbers = state.withLock { state in
            state.delivered = delivered
            if isAll { state.deliveredToAll = max(state.deliveredToAll, delivered.number) }
            let numbers = state.said.filter { $0 <= delivered.number }
            if isAll { state.said.removeAll { $0 <= delivered.number } }
            return numbers
        }
        guard isInteractive else { return }
        for number in numbers {
            tick(number, isAll ? "✓✓" : "✓ \(delivered.to)/\(delivered.of)", isLast: isAll)
        }
    }

    /// All that was said has been shown to everybody who is to hear it.
    var isAllDelivered: Bool { state.withLock { $0.deliveredToAll >= $0.lastSaid } }

    // MARK: Events

    func event(_ type: String, _ member: ChatMember, _ members: [(String, JSONValue)] = []) {
        console.event(type, [("id", .integer(Int64(member.id))), ("name", .string(member.name))] + members)
    }

    // MARK: The lower part

    func above(columns: Int) -> ChatScreen.Above {
        let now = NetworkLoop.shared.now()
        let (bars, status) = state.withLock { state in
            (state.files.bars(columns: columns, at: now), Self.status(state))
        }
        return ChatScreen.Above(bars: bars, status: lines.dim(Printable.line(status, columns: max(1, columns - 1))))
    }

    static func status(_ state: State) -> String {
        guard !state.members.isEmpty else { return state.hasMet ? "Nobody is here any more." : "Nobody is here yet." }
        let names = state.members.map { ChatLines.named($0.member.name) + ($0.isHere ? "" : " (away)") }
        let typing = state.members.filter { state.typing.contains($0.member.id) }.map {
            ChatLines.named($0.member.name)
        }
        let who = "With \(joined(names))"
        guard let first = typing.first else { return who }
        return "\(who) · \(typing.count == 1 ? "\(first) is" : "\(joined(typing)) are") typing …"
    }

    /// `anna, bob and carl`
    static func joined(_ names: [String]) -> String {
        guard names.count > 1, let last = names.last else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and \(last)"
    }
}
