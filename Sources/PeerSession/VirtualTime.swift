internal import CPlatform
internal import Synchronization
package import Wire

/// The right of one simulation to the process's usrsctp and to the clock that C libraries read, which then stands where
/// ``set(_:)`` puts it.
///
/// A process has one usrsctp and one such clock. While somebody holds this, sessions that were made without it begin no
/// DTLS and no SCTP; and as long as one of those does either, nobody gets this.
package final class VirtualTime: Sendable {
    private struct Users {
        /// Transports on the real clock.
        var realCount = 0
        var isVirtual = false
    }

    private static let users = Mutex(Users())
    private let isOver = Atomic(false)

    /// Takes the right; time begins at zero.
    ///
    /// - Throws: ``PeerSessionError/clockInUse``.
    package init() throws(PeerSessionError) {
        let isTaken = Self.users.withLock { users in
            guard users.realCount == 0, !users.isVirtual else { return false }
            users.isVirtual = true
            return true
        }
        guard isTaken else {
            isOver.store(true, ordering: .relaxed)
            throw .clockInUse
        }
        martlet_virtual_clock_start(0)
    }

    deinit { end() }

    package func set(_ now: NetworkTime) {
        martlet_virtual_clock_set(now.nanoseconds)
    }

    /// Gives the right back. All sessions that were made with it must be closed by then. Idempotent.
    package func end() {
        guard !isOver.exchange(true, ordering: .acquiringAndReleasing) else { return }
        martlet_virtual_clock_stop()
        Self.users.withLock { $0.isVirtual = false }
    }

    /// What a transport on the real clock holds, as long as it is not closed.
    final class RealUse: Sendable {
        private init() {}

        /// - Throws: ``PeerSessionError/clockInUse`` while there is a simulation.
        static func begin() throws(PeerSessionError) -> RealUse {
            let isTaken = VirtualTime.users.withLock { users in
                guard !users.isVirtual else { return false }
                users.realCount += 1
                return true
            }
            guard isTaken else { throw .clockInUse }
            return RealUse()
        }

        deinit { VirtualTime.users.withLock { $0.realCount -= 1 } }
    }
}
