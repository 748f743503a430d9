internal import Martlet
internal import NetworkIO
internal import Signaling
internal import Transfer
internal import Wire

/// More than two: the host introduces its guests to each other, and carries what they say until they are connected
/// (Docs/Protocols/Chat.md, More than two).
extension ChatTalk {
    /// Two guests of ours.
    struct Introduced: Hashable {
        let first: Int
        let second: Int

        init(_ one: Int, _ other: Int) {
            (first, second) = (min(one, other), max(one, other))
        }
    }

    /// How often two guests were introduced, and how many signals of each were passed on since.
    struct IntroductionCount {
        var attempt: Int64 = 0
        var introducedAt: NetworkTime
        var passed: [Int: Int] = [:]
    }

    /// What is under way to reach another guest.
    struct Approach {
        /// The host's number of the newest.
        var number: Int64
        /// Of all attempts to reach anybody.
        var serial: Int
        var name: String
        var introduction: CarriedConnection<RoomChannels>
        var calls: Bool
        /// The one that runs, which is the newest or has to go.
        var attempt: Task<Result<ChatPeer, PeerConnectorError>, Never>?
        var isRunning = false
        /// It was given up, and stays until what runs has ended: so whatever a host says, there are never more attempts
        /// than people.
        var isGone = false
        /// The person knows that there is no connection.
        var isTold = false
    }

    /// No two guests are introduced to each other again sooner than that.
    private static let introductionInterval = Duration.seconds(3)
    /// How long a guest waits before it asks for that, and how long at most behind many times.
    private static let seekingPause = (first: Duration.seconds(1), longest: Duration.seconds(30))

    // MARK: The host

    /// Introduces somebody who has come, or come back, to all others who are here.
    func introduce(_ index: Int) {
        guard partners[index].link?.isTold == true else { return }
        for other in partners.indices where other != index && partners[other].link?.isTold == true {
            introduce(index, and: other)
        }
    }

    private func introduce(_ index: Int, and other: Int) {
        let pair = Introduced(partners[index].member.id, partners[other].member.id)
        let attempt = (introductions[pair]?.attempt ?? 0) + 1
        introductions[pair] = IntroductionCount(attempt: attempt, introducedAt: NetworkLoop.shared.now())
        for (hearer, fellow) in [(index, other), (other, index)] {
            let (own, theirs) = (partners[hearer].member.id, partners[fellow].member)
            // Whoever takes nothing off us is not connected to the others.
            try? partners[hearer].pair.introduce(
                peer: Int64(theirs.id), attempt: attempt, name: ChatText.ownName(theirs.name) ?? "somebody",
                calls: own < theirs.id)
            touch(hearer)
        }
    }

    /// A guest of ours has lost another one. Both say so, and whoever is heard too soon says it again.
    func introduceAgain(_ key: Partner.Key, to peer: Int64) {
        guard case .guest(let id) = key, let index = partner(key), let fellow = Int(exactly: peer), fellow != id,
            let other = partner(.guest(fellow)), partners[index].link?.isTold == true,
            partners[other].link?.isTold == true, let last = introductions[Introduced(id, fellow)]?.introducedAt,
            last.duration(to: NetworkLoop.shared.now()) >= Self.introductionInterval
        else { return }
        introduce(index, and: other)
    }

    /// Passes on what one guest says to another, or hears what another guest says to us.
    func carry(_ payload: String, between key: Partner.Key, and peer: Int64, attempt: Int64) async {
        switch key {
        case .host: await hear(payload, of: peer, attempt: attempt)
        case .guest(let sender):
            guard let receiver = Int(exactly: peer), let index = partner(.guest(receiver)), receiver != sender else {
                return
            }
            let pair = Introduced(sender, receiver)
            guard var count = introductions[pair], count.attempt == attempt else { return }
            guard count.passed[sender, default: 0] < CarriedSignals.limit else { return }
            count.passed[sender, default: 0] += 1
            introductions[pair] = count
            try? partners[index].pair.signal(peer: Int64(sender), attempt: attempt, payload: payload)
            touch(index)
        case .fellow: break
        }
    }

    /// Tells the others that a guest is gone for good.
    func tellParted(_ partner: Partner) {
        guard case .guest(let id) = partner.key else { return }
        introductions = introductions.filter { $0.key.first != id && $0.key.second != id }
        for index in partners.indices where partners[index].link?.isOpen == true {
            try? partners[index].pair.parted(peer: Int64(id))
            touch(index)
        }
    }

    // MARK: A guest

    /// The host says that another guest is there: a new attempt to connect begins, and what was under way is dropped.
    func approach(_ peer: Int64, attempt: Int64, name: String, calls: Bool) {
        let isKnown = partner(.fellow(peer)) != nil || approaches[peer] != nil
        let others = Set(approaches.keys.map(Partner.Key.fellow)).union(partners.filter { !$0.isParted }.map(\.key))
        let old = approaches[peer]
        let last = old.map { $0.isGone ? 0 : $0.number } ?? 0
        guard !isLeaving, isKnown || others.count < people - 1, attempt > last else { return }
        let introduction = CarriedConnection(
            calls: calls, configuration: fellowConfiguration, prepare: RoomChannels.make
        ) { [weak self] payload in
            await self?.signal(payload, to: peer, attempt: attempt)
        }
        lastApproach += 1
        approaches[peer] = Approach(
            number: attempt, serial: lastApproach, name: name, introduction: introduction, calls: calls,
            attempt: old?.attempt, isRunning: true, isTold: old?.isTold ?? false)
        old?.attempt?.cancel()
        if old?.isRunning != true { Task { await self.runApproaches(to: peer) } }
    }

    /// One attempt after the other, always the newest.
    private func runApproaches(to peer: Int64) async {
        var last = 0
        while let approach = approaches[peer], !approach.isGone, approach.serial != last, !isLeaving {
            last = approach.serial
            let attempt = Task { () -> Result<ChatPeer, PeerConnectorError> in
                do throws(PeerConnectorError) {
                    let stands = try await approach.introduction.connect()
                    return .success(
                        ChatPeer(connection: stands.connection, channels: stands.channels, events: stands.events))
                } catch {
                    return .failure(error)
                }
            }
            approaches[peer]?.attempt = attempt
            let outcome = await attempt.value
            approaches[peer]?.attempt = nil
            let isNewest = approaches[peer].map { $0.serial == last && !$0.isGone } == true && !isLeaving
            switch outcome {
            case .success(let connected) where isNewest:
                Task { _ = await self.serve(connected, .fellow(peer, calls: approach.calls)) }
            case .success(let connected): await connected.close()
            case .failure(let error):
                guard isNewest, partner(.fellow(peer)).map({ partners[$0].link == nil }) ?? true else { continue }
                if !approach.isTold { queue.append(.notConnected(name: approach.name, reason: error.reason)) }
                approaches[peer]?.isTold = true
                seek(peer)
            }
        }
        approaches[peer]?.isRunning = false
        if approaches[peer]?.isGone == true { approaches[peer] = nil }
    }

    /// Asks the host for another introduction, again and again, for as long as there is no connection to that guest.
    func seek(_ peer: Int64) {
        guard seekers[peer] == nil, isSought(peer) else { return }
        seekers[peer] = Task {
            var pause = Self.seekingPause.first
            while isSought(peer) {
                try? await NetworkClock().sleep(for: pause)
                guard !Task.isCancelled else { break }
                pause = min(pause * 2, Self.seekingPause.longest)
                guard isSought(peer), approaches[peer]?.isRunning != true, let host = partner(.host) else { continue }
                // A host that takes nothing off us, or is away, hears it the next time.
                try? partners[host].pair.again(peer: peer)
                touch(host)
            }
            seekers[peer] = nil
        }
    }

    private func isSought(_ peer: Int64) -> Bool {
        guard !isLeaving, let approach = approaches[peer], !approach.isGone else { return false }
        return partner(.fellow(peer)).map { partners[$0].link == nil && !partners[$0].isParted } ?? true
    }

    /// Nobody wants to reach that guest any more.
    private func giveUpApproach(to peer: Int64) {
        approaches[peer]?.attempt?.cancel()
        approaches[peer]?.isGone = true
        if approaches[peer]?.isRunning == false { approaches[peer] = nil }
    }

    private func signal(_ payload: RoomPayload, to peer: Int64, attempt: Int64) {
        guard let index = partner(.host), approaches[peer]?.number == attempt else { return }
        try? partners[index].pair.signal(peer: peer, attempt: attempt, payload: payload.text)
        touch(index)
    }

    private func hear(_ payload: String, of peer: Int64, attempt: Int64) async {
        guard let approach = approaches[peer], approach.number == attempt,
            let payload = try? RoomPayload(parsing: payload)
        else { return }
        // In order: a candidate belongs to the description before it.
        await approach.introduction.hear(payload)
    }

    /// The host says that another guest is gone for good. Where we are connected, the connection tells.
    func parted(_ peer: Int64) {
        giveUpApproach(to: peer)
        guard let index = partner(.fellow(peer)) else { return }
        partners[index].isParted = true
        if partners[index].link == nil, !partners[index].pair.hasParted { leave(index, .gaveUp) }
    }

    /// Somebody else is the host: the numbers of the other guests mean nothing any more.
    func forgetFellows() {
        for peer in approaches.keys { giveUpApproach(to: peer) }
        while let index = partners.firstIndex(where: { if case .fellow = $0.key { true } else { false } }) {
            leave(index, .gaveUp)
        }
    }
}

extension PeerConnectorError {
    /// For a person, as part of a sentence.
    var reason: String {
        switch self {
        case .noNetworkPath: "no network path was found"
        case .timedOut: "no answer came in time"
        case .peerFailed(_, let message): Printable.line(message, columns: 200)
        case .couldNotVerify: "the other side could not be verified"
        case .connectionFailed(let error): Printable.line(error.message, columns: 200)
        case .peerLeft: "the other side has left"
        default: "the connection failed"
        }
    }
}
