import Testing

@testable import Transfer

@Suite struct ConsentTests {
    private func offer(_ names: [String], isComplete: Bool = true) -> Offer {
        var folders: FolderCache?
        return Offer(
            agent: "", items: names.enumerated().map { item($0, $1, &folders) }, totalBytes: 3, freeBytes: 9,
            isComplete: isComplete, resumedItems: 0, resumedBytes: 0, version: names.count)
    }

    private func item(_ number: Int, _ name: String, _ folders: inout FolderCache?) -> Offer.Item {
        Offer.Item(
            ControlMessage.Item(
                number: number, kind: .file, path: [name], size: 3, modified: 7, isExecutable: false),
            in: &folders)
    }

    @Test func `the same list is not asked about twice, another one is`() async {
        let consent = Consent()
        #expect(await consent.policy(for: IncomingOffer(offer(["a"]))) == nil)
        consent.give(.rename, to: offer(["a", "b"]))
        #expect(await consent.policy(for: IncomingOffer(offer(["a", "b"]))) == .rename)
        #expect(await consent.policy(for: IncomingOffer(offer(["a"]))) == nil)
        #expect(await consent.policy(for: IncomingOffer(offer(["b", "a"]))) == nil)
    }

    @Test func `a list that nobody has seen the end of is asked about again`() async {
        let consent = Consent()
        consent.give(.fail, to: offer(["a"], isComplete: false))
        #expect(await consent.policy(for: IncomingOffer(offer(["a"]))) == nil)
    }

    @Test func `a list that still comes is waited for`() async {
        let consent = Consent()
        consent.give(.skip, to: offer(["a", "b"]))
        let incoming = IncomingOffer(offer(["a"], isComplete: false))
        async let policy = consent.policy(for: incoming)
        incoming.update(offer(["a", "b"]))
        #expect(await policy == .skip)
    }
}
