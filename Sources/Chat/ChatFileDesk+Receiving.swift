internal import Martlet
internal import Transfer

/// Files that others send.
extension ChatFileDesk {
    /// Takes a channel that a member has announced.
    func incoming(_ channel: DataChannel, from member: Int, over link: Link) {
        let isFit =
            channel.label == "martlet-file" && channel.protocol == "martlet.transfer.1" && channel.ordered
            && channel.maxRetransmits == nil && channel.maxPacketLifeTime == nil && !channel.negotiated
        guard isFit, !isClosed, let party = parties[member], party.link?.ticket == link.ticket,
            party.receivingCount < Self.channelLimit
        else { return channel.close() }
        parties[member]?.receivingCount += 1
        let teller = ChatFileTeller(queue, member: party.member)
        _ = start { desk, number in
            let outcome = await desk.perform(channel, from: party, Run(number: number, teller: teller))
            channel.close()
            await desk.ended(outcome, from: member, Run(number: number, teller: teller), link)
        }
    }

    private func perform(
        _ channel: DataChannel, from party: Party, _ run: Run
    ) async -> Result<TransferReport, TransferError> {
        let destination: Destination
        do throws(TransferError) { destination = try reception.destination() } catch { return .failure(error) }
        var options = TransferOptions()
        options.agent = agent
        options.session = party.session
        let id = party.member.id
        var receiver = FileReceiver(
            destination: destination, channel: channel, options: options, onEvent: { run.teller.tell($0) },
            decide: { [weak self] offer in await self?.decide(offer, run) ?? .decline() })
        receiver.onTransfer = { [weak self] transfer in await self?.begin(transfer, of: id, run) }
        do throws(TransferError) { return .success(try await receiver.run()) } catch { return .failure(error) }
    }

    /// An offer has begun: of a transfer that was interrupted, or of a new one.
    private func begin(_ transfer: String, of member: Int, _ run: Run) {
        guard !isClosed, let party = parties[member] else { return stop(run) }
        if let index = receivings.firstIndex(where: { $0.member == member && $0.transfer == transfer }) {
            // One that still runs belongs to a connection whose end nobody has noticed.
            stop(receivings[index].run)
            receivings[index].waiter.take()?.resume(returning: .decline())
            receivings[index].run = run
            return run.teller.begin(receivings[index].file, party.member)
        }
        let theirs = receivings.filter { $0.member == member }
        if theirs.count >= Self.rememberedLimit, let oldest = theirs.first(where: { $0.run == nil }) {
            end(oldest, party.member, .failure(TransferError(.peerVanished, "It was not taken up again.")))
        }
        let file = nextFile()
        receivings.append(Receiving(file: file, member: member, transfer: transfer, run: run))
        run.teller.begin(file, party.member)
    }

    private func decide(_ offer: IncomingOffer, _ run: Run) async -> OfferDecision {
        guard let receiving = receivings.first(where: { $0.run?.number == run.number }) else { return .decline() }
        // A yes holds for the list that it was said to.
        switch receiving.answer {
        case .decline(let reason): return .decline(reason: reason)
        case .accept: if let policy = await receiving.consent.policy(for: offer) { return .accept(existing: policy) }
        case nil: break
        }
        guard let index = receivings.firstIndex(where: { $0.run?.number == run.number }), !Task.isCancelled else {
            return .decline()
        }
        (receivings[index].asked, receivings[index].answer) = (offer, nil)
        run.teller.tell(offer)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { receivings[index].waiter = $0 }
        } onCancel: {
            Task { await self.stopAsking(run) }
        }
    }

    private func stopAsking(_ run: Run) {
        guard let index = receivings.firstIndex(where: { $0.run?.number == run.number }) else { return }
        receivings[index].waiter.take()?.resume(returning: .decline())
    }

    private func ended(
        _ outcome: Result<TransferReport, TransferError>, from member: Int, _ run: Run, _ link: Link
    ) async {
        var isInterrupted = false
        if case .failure(let error) = outcome, error.code == .peerVanished {
            isInterrupted = await isLost(link, of: member)
        }
        run.teller.stop()
        if parties[member]?.link?.ticket == link.ticket { parties[member]?.receivingCount -= 1 }
        if let index = receivings.firstIndex(where: { $0.run?.number == run.number }) {
            if isInterrupted {
                receivings[index].run = nil
            } else if let party = parties[member] {
                end(receivings[index], party.member, outcome)
            }
        } else if run.teller.file == nil, !isInterrupted, !isClosed, let party = parties[member],
            case .failure(let error) = outcome, error.code != .peerVanished
        {
            // Nobody has heard of it yet.
            queue.append(.fileEnded(nextFile(), party.member, .failure(error)))
        }
    }
}
