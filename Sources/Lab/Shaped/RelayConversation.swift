package import LinkSimulator
package import Wire

/// What a shaping relay does with datagrams, as a value without sockets: one connection between *us*, a connection on
/// this machine, and a partner who comes to the relay's outer addresses.
///
/// It is a NAT with a bad line: each address that the partner sends from gets a *door*, an inner socket from which we
/// hear it. A door opens only for a connectivity check that authenticates, so a stranger gets nothing through and
/// changes nothing of what is measured. Both directions pass a ``LinkDirection``.
package struct RelayConversation {
    /// A door's number; it is never used again, so that nothing that was meant for one address of the partner reaches
    /// another.
    package struct Door: Hashable, Sendable {
        fileprivate let number: Int
    }

    /// Where the partner sends from, and to which of the relay's outer sockets.
    package struct Visitor: Hashable, Sendable {
        package var address: TransportAddress
        /// The socket's position among the outer ones.
        package var outer: Int

        package init(address: TransportAddress, outer: Int) {
            self.address = address
            self.outer = outer
        }
    }

    /// A datagram that has arrived at the other end of the line.
    package enum Passage: Hashable, Sendable {
        /// To us, from the inner socket of this door.
        case inward([UInt8], Door)
        /// To the partner.
        case outward([UInt8], Visitor)
    }

    /// What happened to the datagrams of one direction. Bytes are payload of UDP.
    package struct Count: Hashable, Sendable {
        package var line = LinkStatistics()
        /// Dropped because the relay holds no more: ``byteLimit`` or ``datagramLimit``.
        package var overflowCount = 0
        package var overflowBytes = 0
    }

    /// Addresses of the partner at one time: a browser has a few, and a network that changes brings others.
    package static let doorLimit = 16
    /// A door through which nothing has come for so long gives way to a new one: consent has ended (RFC 7675).
    package static let patience = Duration.seconds(30)
    /// What the relay holds in one direction, since a line without a rate has no queue of its own: more than 6 seconds
    /// of 50 Mbit/s.
    package static let byteLimit = 48 * 1024 * 1024
    package static let datagramLimit = 65_536

    private var inward: RelayLine<([UInt8], Door)>
    private var outward: RelayLine<([UInt8], Visitor)>
    private var doors: [(door: Door, visitor: Visitor, heardAt: NetworkTime)] = []
    private var openedCount = 0
    /// Datagrams of addresses that had no door and brought no check, or for which there was none left.
    package private(set) var strangerCount = 0

    /// - Parameter seed: of what the two directions do.
    package init(inward: LinkSettings, outward: LinkSettings, seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        self.inward = RelayLine(inward, generator: &generator)
        self.outward = RelayLine(outward, generator: &generator)
    }

    /// Changes what is done to all that is sent from now on.
    package mutating func setLink(inward: LinkSettings, outward: LinkSettings) {
        self.inward.change(to: inward)
        self.outward.change(to: outward)
    }

    /// Replaces both directions by others, whose doings depend on the seed alone and not on what has passed before, and
    /// begins to count anew. What is on its way still arrives.
    package mutating func replaceLink(inward: LinkSettings, outward: LinkSettings, seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        self.inward.replace(by: inward, generator: &generator)
        self.outward.replace(by: outward, generator: &generator)
    }

    /// What the two directions have done since they were made or replaced.
    package var counts: (inward: Count, outward: Count) { (Count(inward), Count(outward)) }

    /// A datagram came to an outer socket.
    ///
    /// - Parameter isCheck: whether it is a connectivity check that authenticates; asked only where there is no door
    ///   yet.
    /// - Returns: a door that is new, and one that it replaced: their sockets are to be opened and closed.
    package mutating func receive(
        _ datagram: UnsafeRawBufferPointer, from visitor: Visitor, at now: NetworkTime,
        isCheck: (UnsafeRawBufferPointer) -> Bool
    ) -> (opened: Door, closed: Door?)? {
        if let index = doors.firstIndex(where: { $0.visitor == visitor }) {
            doors[index].heardAt = now
            inward.send(([UInt8](datagram), doors[index].door), bytes: datagram.count, at: now)
            return nil
        }
        let silent = doors.count < Self.doorLimit ? nil : silentDoor(at: now)
        guard isCheck(datagram), doors.count < Self.doorLimit || silent != nil else {
            strangerCount += 1
            return nil
        }
        let closed = silent.map { doors.remove(at: $0).door }
        let door = Door(number: openedCount)
        openedCount += 1
        doors.append((door, visitor, now))
        inward.send(([UInt8](datagram), door), bytes: datagram.count, at: now)
        return (door, closed)
    }

    /// We sent a datagram to the inner socket of a door.
    package mutating func send(_ datagram: UnsafeRawBufferPointer, through door: Door, at now: NetworkTime) {
        guard let visitor = doors.first(where: { $0.door == door })?.visitor else { return }
        outward.send(([UInt8](datagram), visitor), bytes: datagram.count, at: now)
    }

    /// When the next datagram arrives at its end of the line; nil while nothing is on the way.
    package var nextArrival: NetworkTime? {
        guard let first = inward.nextArrival else { return outward.nextArrival }
        return outward.nextArrival.map { min(first, $0) } ?? first
    }

    /// The earliest datagram that has arrived by `now`.
    package mutating func poll(at now: NetworkTime) -> Passage? {
        let isInward = (inward.nextArrival ?? .distantFuture) < (outward.nextArrival ?? .distantFuture)
        if isInward { return inward.receive(at: now).map { .inward($0.0, $0.1) } }
        return outward.receive(at: now).map { .outward($0.0, $0.1) }
    }

    /// The position of the door that has been silent the longest, if that is long enough.
    private func silentDoor(at now: NetworkTime) -> Int? {
        var oldest = 0
        for index in doors.indices where doors[index].heardAt < doors[oldest].heardAt { oldest = index }
        return doors[oldest].heardAt.duration(to: now) >= Self.patience ? oldest : nil
    }
}

extension RelayConversation.Count {
    fileprivate init<Payload>(_ line: RelayLine<Payload>) {
        self.init(
            line: line.statistics, overflowCount: line.overflowCount, overflowBytes: line.overflowBytes)
    }
}
