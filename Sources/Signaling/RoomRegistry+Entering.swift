internal import Wire

extension RoomRegistry {
    mutating func create(
        _ name: RoomIdentifier, size: Int, wish: RoomNumberWish, token: RoomToken?, by id: ConnectionIdentifier,
        at now: NetworkTime
    ) {
        guard mayEnter(id, at: now) else { return }
        guard (2...limits.memberCount).contains(size) else {
            return refuse(id, .badMessage, "a room has 2 to \(limits.memberCount) members", at: now)
        }
        remembered.forget(at: now)
        if let token, let former = former(name), former.token == RoomTokenHash(token) {
            takeBack(name, former, size: size, wish: wish, token: token, by: id, at: now)
        } else if rooms[name] != nil || remembered.entry(name)?.isHeld == true {
            refuse(id, .roomExists, "the room exists", at: now)
        } else {
            make(name, size: size, wish: wish, token: token, by: id, at: now)
        }
    }

    private func former(_ name: RoomIdentifier) -> (number: RoomNumber?, token: RoomTokenHash)? {
        rooms[name].map { ($0.number, $0.token) } ?? remembered.entry(name).map { ($0.number, $0.token) }
    }

    private mutating func make(
        _ name: RoomIdentifier, size: Int, wish: RoomNumberWish, token former: RoomToken?, by id: ConnectionIdentifier,
        at now: NetworkTime
    ) {
        guard rooms.count < limits.roomCount else { return refuse(id, .busy, "there are too many rooms", at: now) }
        let (number, token): (RoomNumber?, RoomToken)
        if case .preferred(let wanted) = wish, let former,
            numbers.rests(wanted, of: NumberOwner(name, RoomTokenHash(former)), at: now)
        {
            // Its host is back after long, or after `bye`: the number rests for others, not for the room that had it.
            guard mayUseNumber(id, at: now), numbers.giveBack(wanted, to: name) else { return }
            (number, token) = (wanted, former)
        } else {
            guard let new = self.number(for: name, wish, by: id, at: now) else { return }
            (number, token) = (new, RoomToken.random(using: &generator))
        }
        remembered.remove(name)
        counters.roomsMade += 1
        open(name, size: size, number: number, token: token, firstPeer: 1, host: id, at: now)
        record({ .made(name, hasNumber: number != nil, from: $0) }, of: id)
    }

    /// The host is back: what was in the room before goes, and it begins anew under its name and number.
    private mutating func takeBack(
        _ name: RoomIdentifier, _ former: (number: RoomNumber?, token: RoomTokenHash), size: Int, wish: RoomNumberWish,
        token: RoomToken, by id: ConnectionIdentifier, at now: NetworkTime
    ) {
        var firstPeer = 1
        if let room = rooms[name], let host = room.members.first {
            firstPeer = room.nextPeer
            refuse(host.connection, .replaced, "the host came back over another connection", at: now, .replaced)
        } else if rooms.count >= limits.roomCount {
            return refuse(id, .busy, "there are too many rooms", at: now)
        }
        remembered.remove(name)
        var number = former.number
        if let old = former.number, !numbers.giveBack(old, to: name) { number = nil }
        if number == nil {
            guard let given = self.number(for: name, wish, by: id, at: now) else { return }
            number = given
        }
        counters.roomsTakenBack += 1
        open(name, size: size, number: number, token: token, firstPeer: firstPeer, host: id, at: now)
        record({ .takenBack(name, from: $0) }, of: id)
    }

    /// - Returns: nil when the connection was refused; a nil inside when no number is wanted.
    private mutating func number(
        for name: RoomIdentifier, _ wish: RoomNumberWish, by id: ConnectionIdentifier, at now: NetworkTime
    ) -> RoomNumber?? {
        let preferred: RoomNumber?
        switch wish {
        case .none: return .some(nil)
        case .any: preferred = nil
        case .preferred(let number): preferred = number
        }
        guard mayUseNumber(id, at: now) else { return nil }
        // A number that is held for a host that is expected back is at rest, and so not free.
        guard let number = numbers.give(to: name, wish: preferred, at: now, using: &generator) else {
            refuse(id, .busy, "there are no more numbers", at: now)
            return nil
        }
        return number
    }

    private mutating func open(
        _ name: RoomIdentifier, size: Int, number: RoomNumber?, token: RoomToken, firstPeer: Int,
        host id: ConnectionIdentifier, at now: NetworkTime
    ) {
        let host = PeerIdentifier(number: firstPeer)
        rooms[name] = Room(
            serial: nextSerial, size: size, host: host, number: number, token: RoomTokenHash(token),
            members: [(host, id)], nextPeer: firstPeer + 1, began: now, lastActivity: now)
        nextSerial += 1
        connections[id]?.membership = (name, host)
        scheduleExpiry(of: name)
        let notice = RoomNotice.created(
            room: name, peer: host, number: number, token: token, iceServers: iceServers)
        actions.append(.send(notice, to: id))
    }

    mutating func join(_ number: RoomNumber, by id: ConnectionIdentifier, at now: NetworkTime) {
        guard mayEnter(id, at: now), mayUseNumber(id, at: now) else { return }
        remembered.forget(at: now)
        if let name = numbers.room(number) { return enter(name, byNumber: true, id, at: now) }
        if remembered.heldRoom(number) != nil { return refuse(id, .restarting, "the host is not back yet", at: now) }
        refuse(id, .noSuchRoom, "there is no such room", at: now)
    }

    mutating func join(_ name: RoomIdentifier, by id: ConnectionIdentifier, at now: NetworkTime) {
        guard mayEnter(id, at: now) else { return }
        remembered.forget(at: now)
        if rooms[name] == nil, remembered.entry(name)?.isHeld == true {
            return refuse(id, .restarting, "the host is not back yet", at: now)
        }
        enter(name, byNumber: false, id, at: now)
    }

    private mutating func enter(
        _ name: RoomIdentifier, byNumber: Bool, _ id: ConnectionIdentifier, at now: NetworkTime
    ) {
        guard var room = rooms[name] else { return refuse(id, .noSuchRoom, "there is no such room", at: now) }
        guard room.members.count < room.size else {
            actions.append(.send(.full, to: id))
            counters.refusals["full", default: 0] += 1
            record({ .refused(code: "full", from: $0) }, of: id)
            return close(id, 4002, "the room is full", .refused, at: now)
        }
        let peer = PeerIdentifier(number: room.nextPeer)
        let others = room.members
        room.nextPeer += 1
        room.members.append((peer, id))
        room.lastActivity = now
        room.guestCount += 1
        rooms[name] = room
        connections[id]?.membership = (name, peer)
        if let host = others.first, host.peer == room.host { connections[host.connection]?.allowances += 1 }
        counters.joins += 1
        if byNumber { counters.joinsByNumber += 1 }
        let notice = RoomNotice.joined(
            room: name, peer: peer, host: room.host, peers: others.map(\.peer), iceServers: iceServers)
        actions.append(.send(notice, to: id))
        for other in others { actions.append(.send(.peerJoined(peer), to: other.connection)) }
        record({ .joined(name, byNumber: byNumber, from: $0) }, of: id)
    }

    private mutating func mayEnter(_ id: ConnectionIdentifier, at now: NetworkTime) -> Bool {
        guard let connection = connections[id] else { return false }
        guard entries.spend(connection.address, at: now) else {
            refuse(id, .busy, "too many attempts from this address", at: now)
            return false
        }
        guard connection.membership == nil else {
            refuse(id, .badMessage, "a connection enters one room", at: now)
            return false
        }
        return true
    }

    private mutating func mayUseNumber(_ id: ConnectionIdentifier, at now: NetworkTime) -> Bool {
        guard let connection = connections[id] else { return false }
        if numberEntries.spend(connection.address, at: now) { return true }
        refuse(id, .busy, "too many numbers from this address", at: now)
        return false
    }

    // MARK: After a restart

    mutating func remember(_ memory: RoomMemory, age: Duration, at now: NetworkTime) {
        let rest = limits.numberRest
        for resting in memory.numbers {
            let end = now.advanced(by: min(rest, .seconds(resting.secondsLeft)) - age)
            if end > now { numbers.putToRest(resting.number, of: resting.owner, until: end) }
        }
        for room in memory.rooms.prefix(limits.roomCount) {
            let end = now.advanced(by: rest - age)
            if let number = room.number, end > now {
                numbers.putToRest(number, of: NumberOwner(room.name, room.token), until: end)
            }
            guard age < limits.returnTimeout else { continue }
            let moment = now.advanced(by: .zero - age)
            remembered.add(room.name, number: room.number, token: room.token, isHeld: true, at: moment)
        }
    }

    func memory(at now: NetworkTime) -> RoomMemory {
        var memory = RoomMemory()
        // Whoever was expected back is expected once more.
        memory.rooms =
            rooms.map { .init(name: $0.key, number: $0.value.number, token: $0.value.token) }
            .sorted { $0.name.text < $1.name.text }
            + remembered.all.map { .init(name: $0.room, number: $0.entry.number, token: $0.entry.token) }
        memory.numbers = numbers.allResting(at: now).map {
            .init(number: $0.number, secondsLeft: Int($0.left.components.seconds) + 1, owner: $0.owner)
        }
        return memory
    }
}
