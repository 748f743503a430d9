internal import Martlet
internal import Transfer

/// Files that we send.
extension ChatFileDesk {
    /// Starts what waits for a member, as far as channels are free.
    func startWaiting(for member: Int) {
        guard !isClosed, let party = parties[member], let link = party.link else { return }
        var count = sendings.count { $0.member == member && $0.run != nil }
        for index in sendings.indices where sendings[index].member == member && sendings[index].run == nil {
            guard count < Self.channelLimit else { return }
            count += 1
            let sending = sendings[index]
            let teller = ChatFileTeller(queue, file: sending.file, member: party.member)
            let number = start { desk, number in
                let outcome = await desk.perform(sending, over: link, teller)
                await desk.ended(sending, number, link, outcome)
            }
            sendings[index].run = Run(number: number, teller: teller)
        }
    }

    private func perform(
        _ sending: Sending, over link: Link, _ teller: ChatFileTeller
    ) async -> Result<TransferReport, TransferError> {
        let lost = TransferError(.peerVanished, "The connection ended before the transfer began.")
        let channel: DataChannel
        do {
            channel = try await link.connection.createDataChannel(
                "martlet-file", DataChannelOptions(protocol: "martlet.transfer.1"))
        } catch { return .failure(lost) }
        defer { channel.close() }
        do { try await channel.opened() } catch { return .failure(lost) }
        var options = TransferOptions()
        options.agent = agent
        options.transfer = sending.transfer
        let sender = FileSender(
            sources: sending.sources, channel: channel, options: options, onEvent: { teller.tell($0) })
        do throws(TransferError) { return .success(try await sender.run()) } catch { return .failure(error) }
    }

    private func ended(
        _ sending: Sending, _ run: Int, _ link: Link, _ outcome: Result<TransferReport, TransferError>
    ) async {
        var isInterrupted = false
        if case .failure(let error) = outcome, error.code == .peerVanished {
            isInterrupted = await isLost(link, of: sending.member)
        }
        // It may have been cancelled meanwhile, or the member has left.
        guard let index = index(of: sending), sendings[index].run?.number == run else { return }
        if isInterrupted {
            sendings[index].run?.teller.stop()
            sendings[index].run = nil
            // The next connection may be there already.
            if parties[sending.member]?.link?.ticket != link.ticket { startWaiting(for: sending.member) }
        } else if let member = parties[sending.member]?.member {
            end(sending, member, outcome)
            startWaiting(for: sending.member)
        }
    }
}
