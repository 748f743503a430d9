import Testing

@testable import Pairing

/// 10,000 guesses at a code: one after the other, at once, and in any order.
struct GuessingTests {
    enum Style: CaseIterable {
        case sequential, parallel, interleaved
    }

    /// One guest who guesses, and the host's side of it.
    private struct Attempt {
        var host: RoomPairing
        var guest: RoomPairing
        var error: PairingError?
        var isPaired = false

        /// Hello and the host's share, if there is one.
        mutating func exchangeShares() {
            while let body = guest.pollBody() { hear(body) }
            while let body = host.pollBody() { _ = try? guest.handleBody(body) }
        }

        /// What the guest knows.
        mutating func show() {
            while let body = guest.pollBody() { hear(body) }
        }

        private mutating func hear(_ body: String) {
            do throws(PairingError) { isPaired = try host.handleBody(body)?.peer != nil } catch {
                self.error = self.error ?? error
            }
        }
    }

    @Test(arguments: Style.allCases) func `10,000 guesses never get more than three looks at a host's code`(
        style: Style
    ) throws {
        var generator = SeededGenerator(state: 10_000)
        let looks = LookCount()
        let code = try RoomCode(parsing: "7-clock-mango-crust")
        let room = try #require(RoomIdentifier("abcdefghijkmnpqr"))
        let secrets = HostSecrets(secret: .random(using: &generator), code: code, looks: looks)
        var judged = 0
        var isPaired = false
        var open: [Attempt] = []

        func finish(_ attempt: inout Attempt) {
            attempt.show()
            if case .wrongWords? = attempt.error { judged += 1 }
            isPaired = isPaired || attempt.isPaired
        }

        for number in 0..<10_000 {
            var guess = RoomCode(number: code.number, words: .random(using: &generator))
            if guess == code { guess.words = .random(using: &generator) }
            var attempt = Attempt(
                host: .host(
                    room: room, secrets: secrets, certificate: EvilPair.hostCertificate, using: &generator),
                guest: .guest(
                    room: room, secret: .code(guess, looks: LookCount()), certificate: EvilPair.guestCertificate,
                    using: &generator))
            attempt.exchangeShares()
            open.append(attempt)
            switch style {
            case .sequential: finish(&open[0])
            case .parallel:
                // The first hundred have their shares before anybody shows anything.
                guard open.count == 100 || number == 9_999 else { continue }
                for index in open.indices { finish(&open[index]) }
            case .interleaved:
                while open.count > Int.random(in: 0...20, using: &generator) {
                    let index = Int.random(in: 0..<open.count, using: &generator)
                    finish(&open[index])
                    open.remove(at: index)
                }
                continue
            }
            open = []
        }
        for index in open.indices { finish(&open[index]) }
        #expect(judged == 3, "seed 10000")
        #expect(looks.failed == 3)
        #expect(!isPaired)
        // The right words come too late.
        var late = try EvilPair(hostLooks: looks)
        _ = late.meet()
        #expect(late.hostError == .codeDead && late.guestError == .refused(code: "dead"))
    }

    @Test(arguments: Style.allCases) func `10,000 hosts never get more than three looks at a guest's code`(
        style: Style
    ) throws {
        var generator = SeededGenerator(state: 20_000)
        let looks = LookCount()
        var shown = 0
        var open: [RoomPairing] = []
        let code = try RoomCode(parsing: "7-clock-mango-crust")
        let room = try #require(RoomIdentifier("abcdefghijkmnpqr"))

        /// A host's share is heard: the guest shows what it knows, or nothing.
        func hear(_ guest: inout RoomPairing) {
            let (nonce, share) = (randomBytes(16, using: &generator), randomBytes(32, using: &generator))
            _ = try? guest.handleBody(
                PairingBody.answer(nonce: nonce, share: share, certificate: EvilRelayTests.evilCertificate))
            while let body = guest.pollBody() { shown += body.contains("confirm") ? 1 : 0 }
        }

        for number in 0..<10_000 {
            var guest = RoomPairing.guest(
                room: room, secret: .code(code, looks: looks), certificate: EvilPair.guestCertificate, using: &generator
            )
            switch style {
            case .sequential: hear(&guest)
            case .parallel:
                open.append(guest)
                if open.count == 100 || number == 9_999 {
                    for index in open.indices { hear(&open[index]) }
                    open = []
                }
            case .interleaved:
                open.append(guest)
                while open.count > Int.random(in: 0...20, using: &generator) {
                    let index = Int.random(in: 0..<open.count, using: &generator)
                    hear(&open[index])
                    open.remove(at: index)
                }
            }
        }
        for index in open.indices { hear(&open[index]) }
        #expect(shown == 3, "seed 20000")
        #expect(looks.isExhausted)
    }
}
