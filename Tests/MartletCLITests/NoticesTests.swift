import Testing

@testable import MartletCLI

@Suite struct NoticesTests {
    private func told(isTerminal: Bool, isJSON: Bool = false) -> Transcript {
        let transcript = Transcript()
        let notices = Notices(on: transcript.console(isTerminal: isTerminal, isJSON: isJSON))
        for number in 1...50 { notices.tell("\(number) is a link; it is left out.") }
        return transcript
    }

    @Test func `a terminal gets the first of many notices, files and events all`() {
        #expect(told(isTerminal: true).error.split(separator: "\n").count == Notices.mostTold + 1)
        #expect(told(isTerminal: false).error.split(separator: "\n").count == 50)
        let events = told(isTerminal: true, isJSON: true).output.split(separator: "\n")
        #expect(events.count == 50)
        #expect(events.first == #"{"type":"notice","message":"1 is a link; it is left out."}"#)
    }
}
