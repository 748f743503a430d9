/// What happened to the datagrams of one direction. Bytes are payload, without `headerBytes`.
///
/// Every datagram sent is delivered, in flight, or in exactly one of the drop counts; duplicates are delivered on top.
package struct LinkStatistics: Hashable, Sendable {
    package internal(set) var sentCount = 0
    package internal(set) var sentBytes = 0
    /// Duplicates included.
    package internal(set) var deliveredCount = 0
    package internal(set) var deliveredBytes = 0
    /// Lost at random, singly or in bursts.
    package internal(set) var lostCount = 0
    /// Dropped because the queue was full.
    package internal(set) var queueDropCount = 0
    package internal(set) var blackoutDropCount = 0
    /// Dropped because they were larger than the MTU.
    package internal(set) var oversizeDropCount = 0
    package internal(set) var duplicatedCount = 0
    /// Chosen to be held back; whether anything overtook them is in `reorderedCount`.
    package internal(set) var heldBackCount = 0
    /// Delivered after a datagram that was sent later.
    package internal(set) var reorderedCount = 0

    package init() {}

    package var droppedCount: Int { lostCount + queueDropCount + blackoutDropCount + oversizeDropCount }
}
