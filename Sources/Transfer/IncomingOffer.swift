/// An offer that may still grow while a person is asked about it: the sender counts its folders meanwhile.
public final class IncomingOffer: Sendable {
    private let monitor: Monitor<Offer>

    init(_ offer: Offer) {
        monitor = Monitor(offer)
    }

    /// What has come so far.
    public var current: Offer { monitor.read { $0 } }

    /// Waits until there is more than `offer`; returns also when the task is cancelled, which happens when the transfer
    /// ends. A complete offer does not change any more.
    public func changed(since offer: Offer) async {
        _ = try? await monitor.wait { $0.version == offer.version ? nil : true }
    }

    /// Takes the place of what was there.
    func update(_ offer: Offer) {
        monitor.note { $0 = offer }
    }
}
