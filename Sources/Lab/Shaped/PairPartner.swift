internal import Martlet
internal import NetworkIO
internal import Wire

/// The partner of a ``PairRunner``: the other end of a measured connection, in the same process and on the same clock.
/// Lives on the network loop.
actor PairPartner {
    private let measured: MeasuredConnection
    private let trace: PacketTrace
    private var connection: PeerConnection?
    private var channel: DataChannel?
    private var sender: LabSender?
    private var receiver: LabReceiver?

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        NetworkLoop.shared.executor.asUnownedSerialExecutor()
    }

    init(_ measured: MeasuredConnection) {
        self.measured = measured
        trace = PacketTrace(run: measured.run)
    }

    func prepare(_ connection: PeerConnection) async throws -> DataChannel {
        self.connection = connection
        await trace.follow(connection)
        let options = measured.scenario.channel.options(negotiatedAs: MeasuredConnection.channelIdentifier)
        let channel = try await connection.createDataChannel(MeasuredConnection.label, options)
        self.channel = channel
        return channel
    }

    func opened() async throws(LabError) {
        do { try await channel?.opened() } catch { throw LabError(error) }
    }

    /// Sends or receives, as the scenario has it.
    func start() async {
        guard let channel else { return }
        let traffic = measured.scenario.traffic
        if measured.scenario.from == .conductor {
            receiver = LabReceiver(channel, run: measured.run, messageBytes: traffic.messageBytes) { [weak self] note in
                self?.assumeIsolated { $0.handle(note) }
            }
        } else {
            let sender = LabSender(
                channel, run: measured.run, messageBytes: traffic.messageBytes, rate: traffic.rate,
                duration: traffic.duration
            ) { [weak self] note in self?.assumeIsolated { $0.handle(note) } }
            self.sender = sender
            await sender.start()
        }
    }

    /// DATA chunks that this side's SCTP sent.
    var packets: LabPackets { trace.packets }

    func close() async {
        receiver?.stop()
        await sender?.stop()
        await connection?.setPacketTap(nil)
        await connection?.close()
    }

    private func handle(_ note: LabReceiver.Note) {
        switch note {
        case .received(let message, let time):
            let waited = trace.waiting(of: message.sequence, until: time)
            measured.assumeIsolated { measured in
                // A message that the conductor never sent is no message of this run.
                if !measured.partnerReceived(message.sequence, at: time.nanoseconds / 1000, waited: waited) {
                    measured.partnerReceivedDamaged(1)
                }
            }
        case .damaged: measured.assumeIsolated { $0.partnerReceivedDamaged(1) }
        case .ended: measured.assumeIsolated { $0.partnerFailed("the connection ended") }
        }
    }

    private func handle(_ note: LabSender.Note) {
        guard let sender else { return }
        let (offered, accepted, isOver) = sender.assumeIsolated { ($0.offeredCount, $0.acceptedCount, $0.isOver) }
        _ = measured.assumeIsolated { $0.partnerSent(offered: offered, accepted: accepted, isOver: isOver) }
    }
}
