import Chat
import JSON
import Synchronization
import Testing
import Transfer

@testable import MartletCLI

@Suite struct ChatNarratorTests {
    private let anna = ChatMember(id: 1, name: "anna", agent: "Firefox on Linux")
    private let bob = ChatMember(id: 2, name: "bob", agent: "")

    @Test func `in a pipe there is a line for what is said, and all other words are elsewhere`() {
        let transcript = Transcript()
        let narrator = ChatNarrator(
            on: transcript.console(isTerminal: false), name: "chris", log: nil, isInteractive: false)
        narrator.handle(.joined(anna))
        narrator.handle(.message(anna, text: "one\ntwo\u{1B}[2J", age: .zero))
        narrator.said("mine", number: 1)
        narrator.handle(.left(anna, .left))
        #expect(transcript.output == "anna: one\n    two\\u{1B}[2J\n")
        #expect(transcript.error == "anna is here (Firefox on Linux)\nanna has left.\n")
    }

    @Test func `in a pipe a name cannot be the beginning of what somebody else says`() {
        let transcript = Transcript()
        let narrator = ChatNarrator(
            on: transcript.console(isTerminal: false), name: "chris", log: nil, isInteractive: false)
        narrator.handle(.message(ChatMember(id: 1, name: "bob: yes", agent: ""), text: "no", age: .zero))
        #expect(transcript.output == "bob· yes: no\n")
    }

    @Test func `programs get every event with the text as it came`() {
        let transcript = Transcript()
        let narrator = ChatNarrator(
            on: transcript.console(isTerminal: false, isJSON: true), name: "chris", log: nil, isInteractive: false)
        narrator.joined(anna, path: nil, words: ["a", "b", "c"])
        narrator.handle(.message(anna, text: "a\u{1B}", age: .milliseconds(1500)))
        narrator.handle(.typing(anna, true))
        narrator.handle(.delivered(number: 2, to: 1, of: 1))
        narrator.handle(.left(anna, .gaveUp))
        let id = #""id":1,"name":"anna""#
        #expect(
            transcript.output == """
                {"type":"joined",\(id),"agent":"Firefox on Linux","path":null}
                {"type":"words",\(id),"words":["a","b","c"]}
                {"type":"chat-message",\(id),"text":"a\\u001b","age_ms":1500}
                {"type":"typing",\(id),"is":true}
                {"type":"delivered","number":2,"to":1,"of":1}
                {"type":"left",\(id),"reason":"lost"}

                """)
    }

    @Test func `every event that can come is in the table`() {
        let known = Set(EventTable.events.map(\.type))
        let transcript = Transcript()
        let narrator = ChatNarrator(
            on: transcript.console(isTerminal: false, isJSON: true), name: "chris", log: nil, isInteractive: false)
        for event in [
            .joined(anna), .lost(anna), .back(anna), .renamed(anna, from: "x"), .notConnected(name: "", reason: "no"),
            .message(anna, text: "x", age: .zero), .delivered(number: 1, to: 1, of: 1), .typing(anna, false),
            .fileEnded(1, anna, .failure(.init(.declined, "no"))), .left(anna, .left),
        ] as [ChatEvent] { narrator.handle(event) }
        narrator.said("x", number: 1)
        let types = transcript.output.split(separator: "\n").compactMap { line in
            (try? JSONValue(parsing: String(line), depthLimit: 4, unpairedSurrogates: .refused))?.object?["type"]?
                .string
        }
        #expect(types.count == 11)
        #expect(Set(types).isSubset(of: known), "\(Set(types).subtracting(known))")
    }

    @Test func `the status says who is here, who is away and who types`() {
        let narrator = ChatNarrator(
            on: Transcript().console(isQuiet: true), name: "chris", log: nil, isInteractive: true)
        func status() -> String { narrator.state.withLock { ChatNarrator.status($0) } }
        #expect(status() == "Nobody is here yet.")
        narrator.handle(.joined(anna))
        narrator.handle(.joined(bob))
        narrator.handle(.typing(bob, true))
        #expect(status() == "With anna and bob · bob is typing …")
        narrator.handle(.lost(bob))
        #expect(status() == "With anna and bob (away)")
        narrator.handle(.left(bob, .gaveUp))
        narrator.handle(.left(anna, .left))
        #expect(status() == "Nobody is here any more.")
    }

    @Test func `a message is delivered when everybody has it`() {
        let transcript = Transcript()
        let narrator = ChatNarrator(on: transcript.console(), name: "chris", log: nil, isInteractive: true)
        transcript.console().drawArea(TerminalArea(lines: ["> "], cursor: (0, 2)))
        narrator.handle(.joined(anna))
        narrator.said("hello", number: 3)
        #expect(!narrator.isAllDelivered)
        narrator.handle(.delivered(number: 3, to: 1, of: 2))
        #expect(!narrator.isAllDelivered)
        narrator.handle(.delivered(number: 3, to: 2, of: 2))
        #expect(narrator.isAllDelivered)
    }

    @Test func `a tick stands behind what is on its way, and not before`() {
        let transcript = Transcript()
        let console = transcript.console()
        let narrator = ChatNarrator(on: console, name: "chris", log: nil, isInteractive: true)
        console.drawArea(TerminalArea(lines: ["> "], cursor: (0, 2)))
        narrator.handle(.joined(anna))
        func ticks() -> String { transcript.error.filter { "…✓/".contains($0) } }
        narrator.said("hello", number: 3)
        narrator.said("you", number: 4)
        #expect(ticks() == "……")
        narrator.handle(.sent(number: 3))
        #expect(ticks() == "……✓")
        narrator.handle(.delivered(number: 3, to: 1, of: 2))
        narrator.handle(.sent(number: 4))
        #expect(ticks() == "……✓✓/✓")
        // It was quicker than the line.
        narrator.handle(.sent(number: 5))
        narrator.said("there", number: 5)
        #expect(ticks() == "……✓✓/✓…✓")
        narrator.handle(.delivered(number: 5, to: 2, of: 2))
        #expect(ticks() == "……✓✓/✓…✓✓✓✓✓✓✓")
    }
}
