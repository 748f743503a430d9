import Synchronization
import TestSupport
import Testing
import Wire

@testable import Lab

/// usrsctp 0.9.5.0 can wait for itself for ever while it delivers unordered, partially reliable messages of more than 128 KiB (its issue
/// 569). It does so only where a receive callback is set, which we never do.
@Suite(.exclusiveStack, .serialized) struct FreezeTests {
    /// What hangs in C cannot be cancelled: the process ends, and with it the test run, without success.
    private static func watchdog() -> Watchdog {
        Watchdog(patience: .seconds(60)) { fatalError("usrsctp does not return: it has frozen") }
    }

    @Test func `600 simulated seconds of large unordered messages that may be given up, without a hang`() throws {
        let watchdog = Self.watchdog()
        defer { watchdog.end() }
        let soak = try LabSoak(seed: 569)
        defer { soak.close() }
        // Each call is some datagrams and timers: a simulation that turns in circles runs out of them.
        var left = 4000
        while soak.elapsed < .seconds(600), left > 0 {
            try soak.advance(events: 256)
            watchdog.stroke()
            left -= 1
        }
        #expect(soak.elapsed >= .seconds(600))
        for channel in soak.channels {
            if channel.channel.isReliable {
                #expect(channel.given >= 3000)
                // But for what is under way.
                #expect(channel.sent >= channel.given - 10)
                #expect(channel.delivered >= channel.sent - 10)
            } else {
                #expect(channel.given >= 550)
                // What expires while it waits for its turn is no traffic: nine of ten reach SCTP.
                #expect(channel.sent * 10 >= channel.given * 9, "\(channel)")
                // All that was given was sent, has expired, or is the one that waits.
                #expect((0...2).contains(channel.given - channel.sent - channel.expired), "\(channel)")
                // Some came, and some were given up: without that nothing of this is the traffic that froze.
                #expect(channel.delivered >= 50)
                #expect(channel.delivered <= channel.sent - 50)
            }
        }
        #expect(soak.forwardCount >= 100)
        #expect(soak.datagrams.lost > 100)
    }

    @Test func `whoever was not stroked since the last look is forgotten`() {
        var attention = Watchdog.Attention()
        var answers: [Bool] = []
        for strokes in [1, 2, 700, 700, 700, 701] { answers.append(attention.isForgotten(strokes: strokes)) }
        #expect(answers == [false, false, false, true, true, false])
        // Not once, from the beginning on.
        var idle = Watchdog.Attention()
        let isForgotten = idle.isForgotten(strokes: 0)
        #expect(isForgotten)
    }

    @Test func `the watchdog calls out when somebody does not come back, and only then`() async {
        let (calls, continuation) = AsyncStream.makeStream(of: Int.self)
        let quiet = Watchdog(patience: .milliseconds(20)) { continuation.yield(1) }
        for await call in calls {
            #expect(call == 1)
            break
        }
        quiet.end()
        let count = Mutex(0)
        let dismissed = Watchdog(patience: .milliseconds(1)) { count.withLock { $0 += 1 } }
        dismissed.end()
        let (later, done) = AsyncStream.makeStream(of: Void.self)
        let last = Watchdog(patience: .milliseconds(20)) { done.finish() }
        for await _ in later {}
        last.end()
        #expect(count.withLock(\.self) == 0)
    }
}
