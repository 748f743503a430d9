internal import Wire

extension RoomRegistry {
    mutating func relay(
        _ body: String, to peer: PeerIdentifier, from id: ConnectionIdentifier, at now: NetworkTime
    ) {
        guard let membership = connections[id]?.membership, let room = rooms[membership.room] else {
            return refuse(id, .badMessage, "enter a room first", at: now)
        }
        let count = body.utf8.count
        guard count <= limits.bodyBytes else { return refuse(id, .badMessage, "the body is too large", at: now) }
        connections[id]?.relayedMessageCount += 1
        connections[id]?.relayedBytes += count
        guard let connection = connections[id],
            connection.relayedMessageCount <= limits.relayedMessageCount * connection.allowances,
            connection.relayedBytes <= limits.relayedBytes * connection.allowances
        else { return refuse(id, .tooManyMessages, "a member may say only so much", at: now) }
        guard peer != membership.peer, let target = room.members.first(where: { $0.peer == peer }) else {
            actions.append(.send(.error(code: .noSuchPeer, message: "nobody of that name is here"), to: id))
            return
        }
        counters.relayedMessages += 1
        counters.relayedBytes += count
        rooms[membership.room]?.messageCount += 1
        rooms[membership.room]?.byteCount += count
        actions.append(.send(.message(from: membership.peer, body: body), to: target.connection))
    }

    // MARK: Ends

    /// The host puts a guest out of its room. Who has just left is no mistake of the host's.
    mutating func drop(_ peer: PeerIdentifier, by id: ConnectionIdentifier, at now: NetworkTime) {
        guard let membership = connections[id]?.membership, let room = rooms[membership.room],
            membership.peer == room.host, peer != room.host
        else { return refuse(id, .badMessage, "a host drops its guests", at: now) }
        guard let guest = room.members.first(where: { $0.peer == peer }) else { return }
        refuse(guest.connection, .dropped, "the host put this guest out", at: now)
    }

    /// - Parameter ending: of its room, if it is a host; nil to take what the code says.
    mutating func refuse(
        _ id: ConnectionIdentifier, _ code: RoomErrorCode, _ message: String, at now: NetworkTime,
        _ ending: RoomEnding? = nil
    ) {
        guard connections[id]?.isClosing == false else { return }
        actions.append(.send(.error(code: code, message: message), to: id))
        counters.refusals[code.rawValue, default: 0] += 1
        record({ .refused(code: code.rawValue, from: $0) }, of: id)
        let implied: RoomEnding =
            switch code {
            case .expired: .expired
            case .restarting: .stopped
            default: .refused
            }
        close(id, code.closeCode, message, ending ?? implied, at: now)
    }

    mutating func close(
        _ id: ConnectionIdentifier, _ code: UInt16, _ reason: String, _ ending: RoomEnding, at now: NetworkTime
    ) {
        guard connections[id]?.isClosing == false else { return }
        connections[id]?.isClosing = true
        actions.append(.close(id, code: code, reason: reason))
        leave(id, ending, at: now)
    }

    mutating func leave(_ id: ConnectionIdentifier, _ ending: RoomEnding, at now: NetworkTime) {
        guard let membership = connections[id]?.membership, var room = rooms[membership.room] else { return }
        connections[id]?.membership = nil
        room.members.removeAll { $0.connection == id }
        for member in room.members where !isStopped {
            actions.append(.send(.peerLeft(membership.peer), to: member.connection))
        }
        if membership.peer == room.host {
            end(membership.room, room, ending, at: now)
        } else {
            room.lastActivity = now
            rooms[membership.room] = room
            if !room.hasGuests { scheduleExpiry(of: membership.room) }
        }
    }

    /// - Parameter room: with those who are still to be closed.
    private mutating func end(_ name: RoomIdentifier, _ room: Room, _ ending: RoomEnding, at now: NetworkTime) {
        rooms[name] = nil
        if let number = room.number { numbers.release(number, of: NumberOwner(name, room.token), at: now) }
        // Whose line broke comes back over another one, and whose room expired may want it again.
        if ending == .lost || ending == .expired {
            remembered.add(name, number: room.number, token: room.token, at: now)
        }
        counters.endings[ending, default: 0] += 1
        if keepsRecords {
            records.append(
                .ended(
                    name, ending, lifetime: room.began.duration(to: now), guests: room.guestCount,
                    messages: room.messageCount, bytes: room.byteCount))
        }
        for member in room.members {
            connections[member.connection]?.membership = nil
            if isStopped {
                refuse(member.connection, .restarting, "the server is restarting", at: now)
            } else {
                close(member.connection, 4006, "the host left", ending, at: now)
            }
        }
    }

    mutating func record(_ make: (IPAddress) -> RoomRecord, of id: ConnectionIdentifier) {
        if keepsRecords, let address = connections[id]?.address { records.append(make(address)) }
    }
}
