internal import CPlatform
internal import CUsrsctp
package import Wire

/// usrsctp, of which a process has exactly one: started at first use, without threads of its own.
///
/// Everything here and in ``SCTPAssociation`` must happen on one thread at a time: in the program that is the network
/// loop, in tests whoever holds the exclusive right to it. usrsctp never sees a pointer of ours: associations are
/// known to it by integers, so a call that comes after the end finds nobody.
package enum SCTPStack {
    private struct State {
        var isStarted = false
        var lastHandle: UInt = 0
        var associations: [UInt: Unmanaged<SCTPAssociation>] = [:]
        var clock: NetworkTime?
    }

    /// Safe because of the rule above: one thread at a time, and no call from usrsctp into us while we change it.
    private nonisolated(unsafe) static var state = State()

    /// The most that one read takes: the largest message that we announce, and one byte to notice a larger one.
    static let scratchByteCount = SCTPParameters.maximumMessageBytes + 64

    /// Where messages land before they are cut to size; one for all, as no read is nested in another.
    nonisolated(unsafe) static let scratch = UnsafeMutableRawBufferPointer.allocate(
        byteCount: scratchByteCount, alignment: 64)

    /// How often timers want to run while there is an association: usrsctp's own thread uses the same period, and
    /// nothing tells its next deadline.
    package static let tick = Duration.milliseconds(10)

    /// Runs the timers of all associations up to `now`. Calls for the same instant, or from several sessions in one
    /// turn, run them once. A clock that went back is a new clock: it starts from there.
    package static func advance(to now: NetworkTime) {
        guard state.isStarted, !state.associations.isEmpty, let last = state.clock, last <= now else {
            state.clock = now
            return
        }
        let milliseconds = last.duration(to: now).wholeMilliseconds
        guard milliseconds > 0 else { return }
        state.clock = last.advanced(by: .milliseconds(milliseconds))
        usrsctp_handle_timers(UInt32(clamping: min(milliseconds, 60_000)))
        // In their order, so that what is simulated repeats.
        for handle in state.associations.keys.sorted() {
            state.associations[handle]?.takeUnretainedValue().tick()
        }
    }

    /// The time up to which timers have run.
    static var now: NetworkTime { state.clock ?? .zero }

    /// Associations that have been made and not closed, for tests of leaks.
    package static var associationCount: Int { state.associations.count }

    static func register(_ association: SCTPAssociation) -> UInt {
        start()
        state.lastHandle += 1
        state.associations[state.lastHandle] = Unmanaged.passUnretained(association)
        usrsctp_register_address(UnsafeMutableRawPointer(bitPattern: state.lastHandle))
        return state.lastHandle
    }

    static func deregister(_ handle: UInt) {
        usrsctp_deregister_address(UnsafeMutableRawPointer(bitPattern: handle))
        state.associations[handle] = nil
    }

    static func association(_ handle: UnsafeMutableRawPointer?) -> SCTPAssociation? {
        state.associations[UInt(bitPattern: handle)]?.takeUnretainedValue()
    }

    private static func start() {
        guard !state.isStarted else { return }
        state.isStarted = true
        usrsctp_init_nothreads(
            0,
            { handle, packet, count, _, _ in
                guard let packet, let association = SCTPStack.association(handle) else { return 0 }
                association.emit(UnsafeMutableRawBufferPointer(start: packet, count: count))
                return 0
            }, nil)
        usrsctp_enable_crc32c_offload()
        SCTPParameters.applyGlobally()
    }
}
