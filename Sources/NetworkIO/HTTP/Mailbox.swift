internal import NIOCore
internal import Synchronization

/// A bounded queue between one producer that must not wait (the network loop) and one consumer that may.
///
/// The producer hears from `offer` when it should stop and from `onDemand` when to go on, so that a slow consumer holds
/// back the peer instead of filling memory.
package final class Mailbox<Element: Sendable>: AsyncSequence, Sendable {
    package typealias Failure = Never

    private struct State {
        var queue = CircularBuffer<Element>()
        var waiter: CheckedContinuation<Element?, Never>?
        var isFinished = false
        /// The producer was told to stop and waits for `onDemand`.
        var isHeldBack = false
    }

    private let capacity: Int
    private let onDemand: @Sendable () -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - capacity: how many elements may wait before `offer` says stop; at least 1.
    ///   - onDemand: called, on the consumer's thread, when the queue has run empty after `offer` had said stop.
    package init(capacity: Int, onDemand: @escaping @Sendable () -> Void = {}) {
        self.capacity = Swift.max(1, capacity)
        self.onDemand = onDemand
    }

    /// Adds an element; after `finish` it is dropped.
    ///
    /// - Returns: false when the producer should stop until `onDemand` is called. The element is kept all the same.
    @discardableResult
    package func offer(_ element: Element) -> Bool {
        let (waiter, goOn) = state.withLock { state -> (CheckedContinuation<Element?, Never>?, Bool) in
            if state.isFinished { return (nil, false) }
            if let waiter = state.waiter.take() { return (waiter, true) }
            state.queue.append(element)
            state.isHeldBack = state.queue.count >= capacity
            return (nil, !state.isHeldBack)
        }
        waiter?.resume(returning: element)
        return goOn
    }

    /// Adds an element for a consumer that nobody holds back: where `capacity` elements wait already, those that are
    /// `stale` are taken out, or, without any, the one that has waited longest. After `finish` it is dropped.
    ///
    /// - Returns: what was taken out.
    package func offer(_ element: Element, inPlaceOf stale: (Element) -> Bool) -> [Element] {
        let (waiter, removed) = state.withLock { state -> (CheckedContinuation<Element?, Never>?, [Element]) in
            if state.isFinished { return (nil, []) }
            if let waiter = state.waiter.take() { return (waiter, []) }
            var removed: [Element] = []
            if state.queue.count >= capacity {
                removed = state.queue.filter(stale)
                state.queue.removeAll(where: stale)
                if removed.isEmpty, let oldest = state.queue.popFirst() { removed = [oldest] }
            }
            state.queue.append(element)
            return (nil, removed)
        }
        waiter?.resume(returning: element)
        return removed
    }

    /// No more elements will come; those that wait can still be taken. Idempotent.
    package func finish() {
        state.withLock { state in
            state.isFinished = true
            return state.waiter.take()
        }?.resume(returning: nil)
    }

    /// The next element, or nil at the end or when the calling task is cancelled. One caller at a time: a second one
    /// takes the first one's place, and that gets nil.
    package func next() async -> Element? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (resumption, demand) = state.withLock { state -> ((() -> Void)?, Bool) in
                    let displaced = state.waiter.take()
                    if let element = state.queue.popFirst() {
                        let demand = state.isHeldBack && state.queue.isEmpty
                        if demand { state.isHeldBack = false }
                        return (
                            {
                                displaced?.resume(returning: nil)
                                continuation.resume(returning: element)
                            }, demand
                        )
                    }
                    if state.isFinished || Task.isCancelled {
                        return (
                            {
                                displaced?.resume(returning: nil)
                                continuation.resume(returning: nil)
                            }, false
                        )
                    }
                    state.waiter = continuation
                    return (displaced.map { waiter in { waiter.resume(returning: nil) } }, false)
                }
                resumption?()
                if demand { onDemand() }
            }
        } onCancel: {
            state.withLock { $0.waiter.take() }?.resume(returning: nil)
        }
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        let mailbox: Mailbox

        package mutating func next() async -> Element? { await mailbox.next() }

        package mutating func next(isolation actor: isolated (any Actor)?) async -> Element? { await mailbox.next() }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(mailbox: self) }
}
