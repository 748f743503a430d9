import Lab
import Testing

@Suite struct LabRecorderTests {
    @Test func `a run of our own messages`() {
        var recorder = LabRecorder(seed: 7)
        check(recorder.accept(at: 0) == 0)
        recorder.refuse()
        check(recorder.accept(at: 200) == 1)
        #expect(!recorder.isComplete)
        check(recorder.receive(sequence: 1, at: 400, waited: 3))
        check(recorder.receive(sequence: 1, at: 500))
        check(!recorder.receive(sequence: 2, at: 600), "nobody sent it")
        recorder.receiveDamaged()
        #expect(recorder.deliveredCount == 1)
        #expect(recorder.lastReceptionAt == 500)
        check(recorder.receive(sequence: 0, at: 700))
        #expect(recorder.isComplete)
        #expect(recorder.progress(at: 800) == LabProgress(elapsed: 800, offered: 3, accepted: 2, delivered: 2))
        let packets = LabPackets(dataChunks: 2, retransmitted: 0)
        #expect(
            recorder.finished(packets: packets, clockError: 9)
                == LabRun(
                    seed: 7, offeredCount: 3, sentAt: [0, 200],
                    receptions: [
                        LabReception(sequence: 1, at: 400, waited: 3), LabReception(sequence: 1, at: 500),
                        LabReception(sequence: 0, at: 700),
                    ], damagedCount: 1, packets: packets, clockError: 9))
    }

    @Test func `a run of the partner's messages: what never came was sent between those that did`() {
        var recorder = LabRecorder(seed: 1)
        check(recorder.receive(sequence: 1, at: 150, sentAt: 100), "before the partner said that it sent it")
        #expect(recorder.acceptedCount == 2 && recorder.offeredCount == 2)
        check(recorder.receive(sequence: 4, at: 460, sentAt: 400))
        check(recorder.learn(offered: 9, accepted: 7))
        check(recorder.learn(offered: 3, accepted: 3), "an older word changes nothing")
        check(!recorder.learn(offered: 3, accepted: 4))
        check(!recorder.learn(offered: -1, accepted: -1))
        check(!recorder.learn(offered: .max, accepted: LabRecorder.messageLimit + 1))
        #expect(recorder.acceptedCount == 7 && recorder.offeredCount == 9 && recorder.deliveredCount == 2)
        // 0 as 1; 2 and 3 between 100 and 400; 5 and 6 as 4.
        #expect(recorder.finished().sentAt == [100, 100, 200, 300, 400, 400, 400])
    }

    @Test func `a run whose messages never came was sent at its start`() {
        var recorder = LabRecorder(seed: 1)
        check(recorder.learn(offered: 3, accepted: 3))
        #expect(recorder.finished().sentAt == [0, 0, 0])
    }

    @Test func `no partner makes it grow without end`() {
        var recorder = LabRecorder(seed: 1)
        check(!recorder.receive(sequence: .max, at: 0, sentAt: 0))
        check(!recorder.receive(sequence: UInt32(LabRecorder.messageLimit), at: 0, sentAt: 0))
        check(recorder.receive(sequence: UInt32(LabRecorder.messageLimit - 1), at: .max, sentAt: .min))
        #expect(recorder.isFull)
        check(recorder.accept(at: 1) == nil)
        for _ in 0..<3 * LabRecorder.messageLimit where !recorder.receive(sequence: 5, at: 0, sentAt: .max) { break }
        #expect(recorder.finished().receptions.count == 2 * LabRecorder.messageLimit)
        for _ in 0..<10 { recorder.receiveDamaged(.max) }
        #expect(recorder.damagedCount == 2 * LabRecorder.messageLimit)
    }
}
