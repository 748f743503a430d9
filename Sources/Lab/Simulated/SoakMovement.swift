internal import LinkSimulator
internal import Wire

/// Whether a channel of a ``LabSoak`` still moves.
///
/// On a reliable one something arrives. On one that may lose everything SCTP has to go on sending, and what is sent has
/// to arrive now and then: a receiver that holds all of it back for ever would let the sender go on.
struct SoakMovement {
    /// A reliable channel has to deliver something within this, and any other one to send.
    static let stillness = Duration.seconds(60)
    /// A channel that loses messages has to deliver something within this. At the highest loss about a fifth of its
    /// messages arrives, at the lowest one over four fifths, and each loss lasts for ten seconds, so that three turns
    /// through all four are in this time. The longest wait was 18 s in nine runs of 600 s, and 24 s in one of an hour.
    static let silence = Duration.seconds(120)

    private let isReliable: Bool
    private var sentAt: NetworkTime
    private var deliveredAt: NetworkTime

    init(isReliable: Bool, start: NetworkTime) {
        self.isReliable = isReliable
        sentAt = start
        deliveredAt = start
    }

    /// SCTP has begun to send another message.
    mutating func noteDeparture(at now: NetworkTime) { sentAt = now }

    /// The application got a message.
    mutating func noteDelivery(at now: NetworkTime) { deliveredAt = now }

    /// What does not move any more, if so.
    func fault(at now: NetworkTime) -> String? {
        if (isReliable ? deliveredAt : sentAt).duration(to: now) > Self.stillness { return "nothing moves any more" }
        if deliveredAt.duration(to: now) > Self.silence { return "what is sent does not arrive any more" }
        return nil
    }
}
