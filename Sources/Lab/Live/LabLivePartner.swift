/// One channel of the live view, over a connection of its own.
package protocol LabLiveRun: Sendable {
    /// Messages flow from now on, over a link that is impaired. Once.
    func start() async
    func setLink(_ link: LabLink) async
    /// Returns when it is over by itself.
    ///
    /// - Throws: why, unless it was to end.
    func ended() async throws(LabError)
    /// Idempotent.
    func close() async
}

/// Who the messages of a live view go to.
package protocol LabLivePartner: Sendable {
    /// The programs at both sides, with their versions. The partner's is its own word.
    var agents: (conductor: String, partner: String) { get }
    /// Settings that the partner asks for; ends with the partner.
    var turns: AsyncStream<LabLiveTurn> { get }

    /// Makes a connection for each of the settings' scenarios, all at once, up to where messages may flow.
    ///
    /// - Parameter observe: is told on the network loop what happens on which of them.
    func open(
        _ settings: LabLiveSettings,
        observe: @escaping @Sendable (_ index: Int, MeasuredConnection.Event) -> Void
    ) async throws(LabError) -> [any LabLiveRun]

    /// The link has changed.
    func tell(_ settings: LabLiveSettings) async
    /// Says good-bye. Idempotent.
    func close() async
}

/// What a partner asks for: what it leaves out stays.
package struct LabLiveTurn: Hashable, Sendable {
    package var link: LabLiveLink?
    package var messageBytes: Int?
    package var rate: Double?

    package init(link: LabLiveLink? = nil, messageBytes: Int? = nil, rate: Double? = nil) {
        self.link = link
        self.messageBytes = messageBytes
        self.rate = rate
    }
}

extension LabLiveSettings {
    /// The settings as a partner wants them.
    package func turned(by turn: LabLiveTurn) -> LabLiveSettings {
        LabLiveSettings(
            link: turn.link ?? link, messageBytes: turn.messageBytes ?? messageBytes, rate: turn.rate ?? rate
        ).clamped
    }
}
