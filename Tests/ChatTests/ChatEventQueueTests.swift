import Testing

@testable import Chat

/// Events on their way to a person who takes them slowly, or not at all.
struct ChatEventQueueTests {
    private func event(_ number: Int) -> ChatEvent { .notConnected(name: "n\(number)", reason: "") }

    private func full() -> ChatEventQueue {
        let queue = ChatEventQueue()
        for number in 0..<ChatEventQueue.roomLimit { queue.append(event(number)) }
        return queue
    }

    @Test(.timeLimit(.minutes(1))) func `whoever waits for room is let go by room, the end, or cancellation`() async {
        let queue = full()
        let cancelled = Task { await queue.room() }
        cancelled.cancel()
        await cancelled.value

        let ended = Task { await queue.room() }
        queue.finish()
        await ended.value
        await queue.room()
        #expect(await !queue.tell(event(0)))

        let other = full()
        let waiting = Task { await other.room() }
        let reader = Task { await other.run { _ in } }
        await waiting.value
        await other.drained()
        other.finish()
        await reader.value
    }
}
