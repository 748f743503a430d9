import Dispatch
import LinkSimulator
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Lab

/// usrsctp 0.9.5.0 can wait for itself for ever while it delivers unordered, partially reliable messages of more than
/// 128 KiB (its issue 569). It does so only where a receive callback is set, which we never do.
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
            try watchdog.during { try soak.advance(events: 256) }
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
                #expect(channel.delivered >= 200, "\(channel)")
                #expect(channel.lastDelivery >= .seconds(540), "\(channel)")
                #expect(channel.delivered <= channel.sent - 50)
            }
        }
        #expect(soak.forwardCount >= 100)
        #expect(soak.datagrams.lost > 100)
    }

    @Test(arguments: [true, false])
    func `a channel moves while something arrives`(isReliable: Bool) {
        let start = NetworkTime.zero.advanced(by: .seconds(5))
        let silence = isReliable ? SoakMovement.stillness : SoakMovement.silence
        var movement = SoakMovement(isReliable: isReliable, start: start)
        var now = start
        for _ in 0..<3 {
            // What is sent is seen all the time, and is not enough.
            movement.noteDeparture(at: now.advanced(by: silence))
            #expect(movement.fault(at: now.advanced(by: silence)) == nil)
            let late = now.advanced(by: silence + .nanoseconds(1))
            #expect(
                movement.fault(at: late)
                    == (isReliable ? "nothing moves any more" : "what is sent does not arrive any more"))
            now = now.advanced(by: silence)
            movement.noteDelivery(at: now)
        }
    }

    @Test func `a channel that loses messages has to send them, too`() {
        var movement = SoakMovement(isReliable: false, start: .zero)
        let second = NetworkTime.zero.advanced(by: .seconds(1))
        movement.noteDelivery(at: second)
        #expect(movement.fault(at: NetworkTime.zero.advanced(by: .seconds(60))) == nil)
        #expect(movement.fault(at: second.advanced(by: .seconds(60))) == "nothing moves any more")
        movement.noteDeparture(at: second)
        #expect(movement.fault(at: second.advanced(by: .seconds(60))) == nil)
    }

    @Test func `work that is the same at two looks is forgotten, and nobody is who does nothing`() {
        var attention = Watchdog.Attention()
        var answers: [Bool] = []
        // Begun, going on, come back, idle for long, other work each time, and one that stays.
        for turns in [0, 0, 1, 1, 2, 2, 2, 3, 5, 701, 701] { answers.append(attention.isForgotten(turns: turns)) }
        #expect(answers == [false, false, false, true, false, false, false, false, false, false, true])
    }

    @Test func `the watchdog calls out when work does not come back, and only then`() {
        let count = Mutex(0)
        // Its patience is over at once, again and again; but nothing is under way.
        let idle = Watchdog(patience: .milliseconds(1)) { count.withLock { $0 += 1 } }
        idle.during {}
        let dismissed = Watchdog(patience: .milliseconds(1)) { count.withLock { $0 += 1 } }
        dismissed.end()
        let isNoticed = DispatchSemaphore(value: 0)
        let called = Mutex(0)
        let watchdog = Watchdog(patience: .milliseconds(20)) {
            called.withLock { $0 += 1 }
            isNoticed.signal()
        }
        watchdog.during {
            dismissed.during { isNoticed.wait() }
        }
        for other in [idle, watchdog] { other.end() }
        #expect(called.withLock(\.self) == 1)
        #expect(count.withLock(\.self) == 0)
    }
}
