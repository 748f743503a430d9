import Lab
import LinkSimulator
import Testing
import Wire

/// The relay in virtual time, without a socket.
struct RelayConversationTests {
    private let partner = RelayConversation.Visitor(
        address: TransportAddress(IPAddress(v4: 0xC000_0201), port: 4000), outer: 0)
    private let now = NetworkTime.zero

    private func receive(
        _ text: String, from visitor: RelayConversation.Visitor, at now: NetworkTime = .zero,
        in relay: inout RelayConversation
    ) -> (opened: RelayConversation.Door, closed: RelayConversation.Door?)? {
        Array(text.utf8).withUnsafeBytes { bytes in
            relay.receive(bytes, from: visitor, at: now) { String(decoding: $0, as: UTF8.self).hasPrefix("check") }
        }
    }

    private func visitor(_ number: Int) -> RelayConversation.Visitor {
        .init(address: TransportAddress(IPAddress(v4: 0x0A00_0000 + UInt32(number)), port: 1), outer: 0)
    }

    private func passages(
        of relay: inout RelayConversation, at now: NetworkTime
    ) -> [RelayConversation.Passage] {
        var all: [RelayConversation.Passage] = []
        while let next = relay.poll(at: now) { all.append(next) }
        return all
    }

    @Test func `a check opens a door, and both directions take their time`() throws {
        var relay = RelayConversation(
            inward: LinkSettings(delay: .milliseconds(10)), outward: LinkSettings(delay: .milliseconds(30)), seed: 1)
        // Partner -> check -> us
        let door = try #require(receive("check", from: partner, in: &relay)).opened
        #expect(receive("more", from: partner, in: &relay) == nil)
        #expect(relay.nextArrival == now.advanced(by: .milliseconds(10)))
        #expect(passages(of: &relay, at: now.advanced(by: .milliseconds(9))).isEmpty)
        let inward = passages(of: &relay, at: now.advanced(by: .milliseconds(10)))
        #expect(inward == [.inward(Array("check".utf8), door), .inward(Array("more".utf8), door)])
        // Us -> answer -> partner
        Array("answer".utf8).withUnsafeBytes {
            relay.send($0, through: door, at: now.advanced(by: .milliseconds(10)))
        }
        #expect(relay.nextArrival == now.advanced(by: .milliseconds(40)))
        let outward = passages(of: &relay, at: now.advanced(by: .milliseconds(40)))
        #expect(outward == [.outward(Array("answer".utf8), partner)])
        #expect(relay.counts.inward.line.sentCount == 2 && relay.counts.outward.line.sentBytes == 6)
    }

    @Test func `a stranger gets nothing through, takes no door, and is not counted as the partner's`() throws {
        var relay = RelayConversation(inward: LinkSettings(), outward: LinkSettings(), seed: 1)
        for number in 0..<100_000 { #expect(receive("noise", from: visitor(number), in: &relay) == nil) }
        let door = try #require(receive("check", from: partner, in: &relay)).opened
        #expect(receive("noise", from: visitor(7), in: &relay) == nil)
        #expect(passages(of: &relay, at: now) == [.inward(Array("check".utf8), door)])
        #expect(relay.strangerCount == 100_001 && relay.counts.inward.line.sentCount == 1)
        // Nothing is ever sent to a stranger: what we send goes through a door.
        Array("secret".utf8).withUnsafeBytes { relay.send($0, through: door, at: now) }
        #expect(passages(of: &relay, at: now) == [.outward(Array("secret".utf8), partner)])
    }

    @Test func `sixteen addresses have doors, and only a silent one gives way`() throws {
        var relay = RelayConversation(inward: LinkSettings(), outward: LinkSettings(), seed: 1)
        var doors: [RelayConversation.Door] = []
        for number in 0..<16 { doors.append(try #require(receive("check", from: visitor(number), in: &relay)).opened) }
        #expect(Set(doors).count == 16)
        #expect(receive("check", from: visitor(16), in: &relay) == nil)
        // All but the fourth go on.
        let later = now.advanced(by: RelayConversation.patience)
        for number in 0..<16 where number != 3 { _ = receive("data", from: visitor(number), at: later, in: &relay) }
        let news = try #require(receive("check", from: visitor(16), at: later, in: &relay))
        #expect(news.closed == doors[3] && !doors.contains(news.opened))
        // What we still send through the old door reaches nobody.
        _ = passages(of: &relay, at: later)
        Array("late".utf8).withUnsafeBytes { relay.send($0, through: doors[3], at: later) }
        #expect(passages(of: &relay, at: later).isEmpty)
    }

    @Test(arguments: [nil, 1000] as [UInt64?]) func `what the relay holds is bounded, with a rate and without one`(
        rate: UInt64?
    ) throws {
        let settings = LinkSettings(delay: .seconds(60), rate: rate)
        var relay = RelayConversation(inward: settings, outward: settings, seed: 1)
        let door = try #require(receive("check", from: partner, in: &relay)).opened
        let datagram = [UInt8](repeating: 0, count: 60_000)
        let count = 2 * RelayConversation.byteLimit / datagram.count
        for _ in 0..<count {
            datagram.withUnsafeBytes {
                relay.send($0, through: door, at: now)
                _ = relay.receive($0, from: partner, at: now) { _ in false }
            }
        }
        for direction in [relay.counts.inward, relay.counts.outward] {
            #expect(direction.line.sentCount + direction.overflowCount >= count)
            let kept = direction.line.sentCount - direction.line.droppedCount
            // The check is small.
            #expect((kept - 1) * datagram.count <= RelayConversation.byteLimit)
            #expect(direction.line.droppedCount + direction.overflowCount >= count / 2 - 1)
        }
        // Small ones are bounded by their number.
        var small = RelayConversation(inward: settings, outward: LinkSettings(delay: .seconds(60)), seed: 1)
        let other = try #require(receive("check", from: partner, in: &small)).opened
        for _ in 0..<RelayConversation.datagramLimit + 10 {
            Array("x".utf8).withUnsafeBytes { small.send($0, through: other, at: now) }
        }
        #expect(small.counts.outward.overflowCount == 10)
    }

    @Test func `a line that is replaced depends on its seed alone, and what was on its way arrives`() throws {
        func fates(before: Int) throws -> ([Bool], Int) {
            var relay = RelayConversation(
                inward: LinkSettings(delay: .seconds(1)), outward: LinkSettings(delay: .seconds(1)), seed: 9)
            let door = try #require(receive("check", from: partner, in: &relay)).opened
            let early = Array("early".utf8)
            for _ in 0..<before { early.withUnsafeBytes { relay.send($0, through: door, at: now) } }
            let lossy = LinkSettings(delay: .zero, loss: 0.5)
            relay.replaceLink(inward: lossy, outward: lossy, seed: 42)
            #expect(relay.counts.outward.line.sentCount == 0)
            var fates: [Bool] = []
            for number in 0..<64 {
                Array("\(number)".utf8).withUnsafeBytes { relay.send($0, through: door, at: now) }
                fates.append(!passages(of: &relay, at: now).isEmpty)
            }
            let late = passages(of: &relay, at: now.advanced(by: .seconds(1)))
            return (fates, late.count { $0 == .outward(early, partner) })
        }
        let (first, none) = try fates(before: 0)
        let (second, seven) = try fates(before: 7)
        #expect(first == second && first.contains(true) && first.contains(false))
        #expect(none == 0 && seven == 7)
    }

    @Test func `a change of the line concerns what is sent afterwards`() throws {
        var relay = RelayConversation(inward: LinkSettings(), outward: LinkSettings(delay: .seconds(2)), seed: 3)
        let door = try #require(receive("check", from: partner, in: &relay)).opened
        Array("slow".utf8).withUnsafeBytes { relay.send($0, through: door, at: now) }
        relay.setLink(inward: LinkSettings(), outward: LinkSettings(delay: .seconds(1)))
        Array("fast".utf8).withUnsafeBytes { relay.send($0, through: door, at: now) }
        let arrived = passages(of: &relay, at: now.advanced(by: .seconds(3)))
        #expect(
            arrived.filter { if case .outward = $0 { true } else { false } } == [
                .outward(Array("fast".utf8), partner), .outward(Array("slow".utf8), partner),
            ])
    }
}
