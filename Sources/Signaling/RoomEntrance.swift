/// What a guest holds: a link, or a code and the server that knows its number.
package enum RoomEntrance: Sendable, Equatable {
    case link(RoomLink)
    case code(RoomCode, at: Rendezvous)

    /// Reads an address whose fragment is a link's or a code: `http://HOST/#ROOM.SECRET`,
    /// `http://HOST/#7-clock-mango-crust`.
    package init(parsing text: some StringProtocol) throws(RoomLinkError) {
        let (rendezvous, fragment) = try RoomLink.split(text)
        // A room's name starts with a digit at times, but no link has a hyphen before its dot.
        guard fragment.prefix(while: { $0 != "." }).contains("-") else {
            self = .link(try RoomLink(rendezvous: rendezvous, fragment: fragment))
            return
        }
        do { self = .code(try RoomCode(parsing: fragment), at: rendezvous) } catch { throw .badCode(error) }
    }

    package var rendezvous: Rendezvous {
        switch self {
        case .link(let link): link.rendezvous
        case .code(_, let rendezvous): rendezvous
        }
    }
}

extension RoomEntrance: CustomStringConvertible {
    package var description: String {
        switch self {
        case .link(let link): link.description
        case .code(let code, let rendezvous): "\(code) at \(rendezvous)"
        }
    }
}
