internal import Digests
package import Martlet

/// What makes the words on one side: its own nonce, to which it commits before it knows the other's, and the other's,
/// which must be what that side committed to. So nobody can try certificates until the words fit.
package struct WordExchange: Sendable {
    package static let nonceByteCount = 16

    private enum State {
        /// The other side has not said hello.
        case waiting
        /// The other side takes no part.
        case none
        case committed(TreeDigest)
        case known(VerificationWords)
    }

    private let role: ControlMessage.Role
    private let certificates: CertificateFingerprints
    /// What `reveal` says.
    package let nonce: [UInt8]
    private var state = State.waiting

    /// - Parameters:
    ///   - role: this side's.
    ///   - nonce: 16 bytes that nobody can guess.
    package init(
        role: ControlMessage.Role, certificates: CertificateFingerprints, nonce: [UInt8] = WordExchange.randomNonce()
    ) {
        self.role = role
        self.certificates = certificates
        self.nonce = nonce
    }

    /// What this side's hello says.
    package var commitment: TreeDigest { Self.commitment(to: nonce, by: role) }

    /// The other side takes part: this side is to reveal what it committed to.
    package var isShared: Bool {
        switch state {
        case .waiting, .none: false
        case .committed, .known: true
        }
    }

    /// The other side has committed itself, and is to reveal now.
    package var isOwed: Bool {
        if case .committed = state { true } else { false }
    }

    /// Whether it is known what the words are, or that there are none.
    package var isSettled: Bool {
        switch state {
        case .none, .known: true
        case .waiting, .committed: false
        }
    }

    package var words: VerificationWords? {
        if case .known(let words) = state { words } else { nil }
    }

    /// Takes what the other side's hello says.
    package mutating func take(_ commitment: TreeDigest?) {
        state = commitment.map { .committed($0) } ?? .none
    }

    /// Takes the other side's nonce.
    package mutating func open(_ theirs: [UInt8]) throws(TransferError) {
        guard case .committed(let commitment) = state else { throw .violation("a reveal out of place") }
        let theirRole = role == .sender ? ControlMessage.Role.receiver : .sender
        guard Self.commitment(to: theirs, by: theirRole) == commitment else {
            throw TransferError(
                .unverified, "The other side could not be verified: it revealed something else than it committed to.")
        }
        let (mine, other) = (certificates.local, certificates.remote)
        state = .known(
            role == .sender
                ? VerificationWords(sender: mine, receiver: other, senderNonce: nonce, receiverNonce: theirs)
                : VerificationWords(sender: other, receiver: mine, senderNonce: theirs, receiverNonce: nonce))
    }

    package static func commitment(to nonce: [UInt8], by role: ControlMessage.Role) -> TreeDigest {
        TreeDigest(exactly: hash(Array("martlet words commit 1".utf8), Array(role.rawValue.utf8), nonce))
    }

    /// SHA-256 over the parts, each behind its length in four big-endian bytes.
    static func hash(_ parts: [UInt8]...) -> [UInt8] {
        var hash = SHA256()
        for part in parts {
            hash.update((0..<4).map { UInt8(truncatingIfNeeded: part.count >> (24 - 8 * $0)) })
            hash.update(part)
        }
        return hash.finish()
    }

    package static func randomNonce() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<nonceByteCount).map { _ in UInt8.random(in: 0...UInt8.max, using: &generator) }
    }
}
