package import Wire

/// Reads the SCTP packets of a measured connection as they pass: what was sent again, and when a message was there.
package struct SCTPTrace: Sendable {
    /// DATA chunks sent, and sent again: those whose transmission sequence number had been sent before.
    package private(set) var packets = LabPackets()

    /// - Parameter run: the number of the run whose messages count.
    package init(run: UInt32) {
        self.run = run
    }

    private let run: UInt32

    /// A packet on its way: one that is sent, or one that has come.
    package mutating func handle(packet: UnsafeRawBufferPointer, outgoing: Bool, at now: NetworkTime) {
    }

    /// When the last fragment of a message came, which is forgotten with the answer; nil when that was not seen.
    package mutating func takeArrival(of sequence: UInt32) -> NetworkTime? { nil }
}
