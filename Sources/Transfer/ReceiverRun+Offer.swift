/// The offer, as long as the person has not answered.
extension ReceiverRun {
    /// How often a growing offer is shown anew.
    private static let countingInterval = Duration.milliseconds(100)
    private static let declineLinger = Duration.seconds(2)

    /// What the person said, or said on an earlier connection.
    struct Agreement: Sendable {
        var policy: ExistingFilePolicy
        var transfer: String
        var earlier: JournalState?
        var itemCount: Int
        /// The whole list is known.
        var isComplete: Bool
    }

    /// What changed while the offer comes.
    private struct News: Sendable {
        var offered: [ControlMessage.Item]
        var transfer: String
        var isComplete: Bool
        var isQuestionDue: Bool
        var answer: OfferDecision?
    }

    /// Takes the offer, asks, and returns how to go on. A no is told and thrown.
    func negotiate(with agent: String) async throws(TransferError) -> Agreement {
        var asking: (offer: IncomingOffer, task: Task<Void, Never>)?
        var timer: Task<Void, any Error>?
        defer {
            asking?.task.cancel()
            timer?.cancel()
        }
        var known = News(offered: [], transfer: "", isComplete: false, isQuestionDue: false)
        var earlier: JournalState?
        var count = 0
        var version = 0
        var shownAt: ContinuousClock.Instant?
        while true {
            let news = try await news(since: known)
            if known.transfer.isEmpty, !news.transfer.isEmpty {
                await receiver.onTransfer?(news.transfer)
                earlier = try await writer.find(news.transfer)
                timer = questionTimer()
            }
            known = news
            _ = await writer.add(news.offered)
            count += news.offered.count

            let isDue = shownAt.map { .now - $0 >= Self.countingInterval } ?? true
            if isDue || news.isComplete || news.answer != nil || asking == nil && isTime(news, earlier) {
                version += 1
                shownAt = .now
                let offer = await writer.offer(
                    agent: agent, isComplete: news.isComplete, version: version, earlier: earlier)
                receiver.onEvent(.counting(items: count, bytes: offer.totalBytes))
                var agreement = Agreement(
                    policy: .fail, transfer: news.transfer, earlier: earlier, itemCount: count,
                    isComplete: news.isComplete)
                if let answer = news.answer {
                    agreement.policy = try await policy(answer, offer)
                    return agreement
                }
                // Nobody is asked about what cannot be; what exists may turn out to stay.
                try await check(offer, .skip)
                if news.isComplete, let earlier, await writer.digest() == earlier.acceptedDigest {
                    agreement.policy = earlier.policy
                    return agreement
                }
                if let asking {
                    asking.offer.update(offer)
                } else if isTime(news, earlier) {
                    asking = ask(offer)
                }
            }
        }
    }

    private func news(since known: News) async throws(TransferError) -> News {
        try await session.monitor.wait { state -> News? in
            let core = state.core
            let isNew =
                core.offerIsComplete != known.isComplete || core.signals.isQuestionDue != known.isQuestionDue
                || core.signals.answer != nil
            let offered = state.core.takeOffered()
            guard !offered.isEmpty || isNew else { return nil }
            return News(
                offered: offered, transfer: core.transfer ?? "", isComplete: core.offerIsComplete,
                isQuestionDue: core.signals.isQuestionDue, answer: core.signals.answer)
        }
    }

    private func questionTimer() -> Task<Void, any Error> {
        Task {
            try await Task.sleep(for: questionDelay)
            session.monitor.note { $0.core.signals.isQuestionDue = true }
        }
    }

    /// With something here already, and for standard output, only the whole list tells what to ask.
    private func isTime(_ news: News, _ earlier: JournalState?) -> Bool {
        if news.isComplete { return true }
        return news.isQuestionDue && earlier == nil && receiver.destination.directory != nil
    }

    /// Asks in a task of its own, so that a person who does not answer does not keep a transfer alive that has ended.
    private func ask(_ offer: Offer) -> (IncomingOffer, Task<Void, Never>) {
        let incoming = IncomingOffer(offer)
        let decide = receiver.decide
        let monitor = session.monitor
        monitor.note { $0.core.signals.isDeciding = true }
        let task = Task {
            let decision = await decide(incoming)
            monitor.note { state in
                state.core.signals.answer = decision
                state.core.signals.isDeciding = false
            }
        }
        return (incoming, task)
    }

    private func policy(
        _ answer: OfferDecision, _ offer: Offer
    ) async throws(TransferError) -> ExistingFilePolicy {
        switch answer {
        case .accept(let policy):
            try await check(offer, policy)
            return policy
        case .decline(let reason):
            try await decline(reason)
            throw TransferError(.declined, "The offer was declined.")
        }
    }

    private func check(_ offer: Offer, _ policy: ExistingFilePolicy) async throws(TransferError) {
        if receiver.destination.directory == nil, offer.items.count > 1 || offer.items.first?.kind == .folder {
            try await decline("Only one file can be received there.")
            throw TransferError(.declined, "Only one file can go to standard output, and more are offered.")
        }
        let neededBytes = offer.neededBytes(policy)
        guard neededBytes > offer.freeBytes else { return }
        try await decline("There is not enough free space for it.")
        throw TransferError(
            .storage,
            "There is not enough free space: \(Printable.size(neededBytes)) are offered, but "
                + "\(receiver.destination.display) has room for \(Printable.size(offer.freeBytes)).")
    }

    private func decline(_ reason: String) async throws(TransferError) {
        let transfer = try session.monitor.update { state in
            state.core.decline()
            state.core.signals.isBusy = true
            return state.core.transfer ?? ""
        }
        try await session.send(.decline(transfer: transfer, reason: String(reason.prefix(500))))
        await session.linger(atMost: Self.declineLinger) { $0.intake.hasSaidBye }
    }
}
