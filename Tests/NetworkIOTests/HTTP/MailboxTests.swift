import NetworkIO
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct MailboxTests {
    @Test func `elements come in order, and those before the end are not lost`() async {
        let mailbox = Mailbox<Int>(capacity: 10)
        for number in 1...3 { #expect(mailbox.offer(number)) }
        mailbox.finish()
        #expect(!mailbox.offer(4))
        var taken: [Int] = []
        for await number in mailbox { taken.append(number) }
        #expect(taken == [1, 2, 3])
        #expect(await mailbox.next() == nil)
    }

    @Test func `a full mailbox stops the producer until it has run empty`() async {
        let demands = Mutex(0)
        let mailbox = Mailbox<Int>(capacity: 2) { demands.withLock { $0 += 1 } }
        #expect(mailbox.offer(1))
        #expect(!mailbox.offer(2))
        // What the producer could not take back is kept.
        #expect(!mailbox.offer(3))
        for expected in 1...3 {
            #expect(demands.withLock { $0 } == 0)
            #expect(await mailbox.next() == expected)
        }
        #expect(demands.withLock { $0 } == 1)
        #expect(mailbox.offer(4))
        #expect(await mailbox.next() == 4)
        #expect(demands.withLock { $0 } == 1)
    }

    @Test func `a waiting consumer is woken by an element, the end or its cancellation`() async {
        let mailbox = Mailbox<Int>(capacity: 2)
        async let first = mailbox.next()
        mailbox.offer(7)
        #expect(await first == 7)
        let cancelled = Task { await mailbox.next() }
        cancelled.cancel()
        #expect(await cancelled.value == nil)
        // The mailbox has outlived that.
        mailbox.offer(8)
        #expect(await mailbox.next() == 8)
        async let last = mailbox.next()
        mailbox.finish()
        #expect(await last == nil)
    }
}
