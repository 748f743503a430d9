package import Martlet
package import Wire

/// The trace of one connection's packets, fed on the network loop. Unchecked because it is confined to that: everything
/// but the initialiser is to be used there.
package final class PacketTrace: @unchecked Sendable {
    private var trace: SCTPTrace

    /// - Parameter run: the number of the run whose messages count.
    package init(run: UInt32) {
        trace = SCTPTrace(run: run)
    }

    /// Follows a connection from its first packet on.
    package func follow(_ connection: PeerConnection) async {
        await connection.setPacketTap { [self] packet, outgoing, now in
            trace.handle(packet: packet, outgoing: outgoing, at: now)
        }
    }

    /// DATA chunks sent, and sent again.
    package var packets: LabPackets { trace.packets }

    /// Microseconds for which a message had been there, whole, before it came out at `now`; nil when that was not seen.
    /// Once for each message.
    package func waiting(of sequence: UInt32, until now: NetworkTime) -> Int64? {
        trace.takeArrival(of: sequence).map { max(0, now.nanoseconds - $0.nanoseconds) / 1000 }
    }
}
