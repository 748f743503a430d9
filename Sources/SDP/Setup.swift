/// Who sends the ClientHello: `a=setup` (RFC 4145 section 4, RFC 8842 section 5).
package enum Setup: String, Sendable {
    /// Sends the ClientHello: the DTLS client.
    case active
    /// Waits for it: the DTLS server.
    case passive
    /// Leaves it to the answerer; only in offers.
    case actpass
    /// Wants no connection now. Not usable with DTLS.
    case holdconn

    /// What the other side has to be, or nil when this value leaves it open or wants no connection.
    package var opposite: Setup? {
        switch self {
        case .active: .passive
        case .passive: .active
        case .actpass, .holdconn: nil
        }
    }

    /// The answer to this offered value, nil when there is none.
    ///
    /// `actpass` is answered by `established` when a DTLS association exists (its roles stay as they are, RFC 8842
    /// section 5.5), otherwise by `active`, which saves a round trip (RFC 8829 section 5.3.1).
    package func answer(established: Setup? = nil) -> Setup? {
        let answer = self == .actpass ? established ?? .active : opposite
        guard let established, let answer else { return answer }
        return answer == established ? answer : nil
    }
}
