import Testing

@testable import Web

@Suite struct `What a server offers to its page` {
    @Test func `the server of its own offers rooms to pages, the one inside a command does not`() {
        #expect(ServerOffer.rendezvous.json == #"{"hosting":true}"#)
        #expect(ServerOffer.embedded.json == #"{"hosting":false}"#)
    }

    @Test func `the answer is JSON, is asked for anew each time, and hides no file of the page`() {
        let headers = Dictionary(uniqueKeysWithValues: ServerOffer.headers.map { ($0.name, $0.value) })
        #expect(headers["Content-Type"] == "application/json" && headers["Cache-Control"] == "no-cache")
        #expect(PageAssets.asset(forPath: ServerOffer.path) == nil)
    }
}
