import CPlatform
import Wire

@testable import SCTP

/// Two associations over a link with a delay of 10 ms each way, in virtual time.
final class AssociationPair {
    struct Packet {
        var arrival: NetworkTime
        var bytes: [UInt8]
    }

    private(set) var now = NetworkTime.zero
    private(set) var events: [[SCTPEvent]] = [[], []]
    private(set) var packetCount = 0
    /// Index of the sending end and its packet, which may be changed; false drops the packet.
    var passes: (Int, inout [UInt8]) -> Bool = { _, _ in true }
    /// When true, end 1 does not take what has arrived.
    var holdsReading = false
    private var flights: [[Packet]] = [[], []]
    private(set) var ends: [SCTPAssociation] = []

    init(ports: [UInt16] = [5000, 5000]) throws {
        for index in 0...1 {
            ends.append(
                try SCTPAssociation(localPort: ports[index], remotePort: ports[1 - index]) { [weak self] packet in
                    self?.transmit([UInt8](packet), from: index)
                })
        }
    }

    deinit {
        for end in ends { end.close() }
    }

    private func transmit(_ bytes: [UInt8], from index: Int) {
        packetCount += 1
        var bytes = bytes
        guard passes(index, &bytes) else { return }
        flights[1 - index].append(Packet(arrival: now.advanced(by: .milliseconds(10)), bytes: bytes))
    }

    /// Lets simulated time pass, delivering packets and running timers.
    func run(for duration: Duration) {
        let end = now.advanced(by: duration)
        while now < end {
            now = now.advanced(by: .milliseconds(1))
            martlet_virtual_clock_set(now.nanoseconds)
            for index in 0...1 {
                while let packet = flights[index].first, packet.arrival <= now {
                    flights[index].removeFirst()
                    var bytes = packet.bytes
                    bytes.withUnsafeMutableBytes { ends[index].handlePacket($0) }
                    drain(index)
                }
            }
            SCTPStack.advance(to: now)
            drain(0)
            drain(1)
        }
    }

    private func drain(_ index: Int) {
        if index == 1, holdsReading { return }
        while let event = ends[index].pollEvent() { events[index].append(event) }
    }

    func send(
        _ bytes: [UInt8], from index: Int = 0, stream: UInt16 = 0, ordered: Bool = true,
        reliability: SCTPReliability = .reliable
    ) throws -> Bool {
        try ends[index].send(
            bytes, stream: stream, protocolIdentifier: 53, ordered: ordered, reliability: reliability)
    }

    func messages(at index: Int) -> [SCTPMessage] {
        events[index].compactMap { if case .message(let message) = $0 { message } else { nil } }
    }

    func close(_ index: Int) {
        ends[index].close()
    }
}
