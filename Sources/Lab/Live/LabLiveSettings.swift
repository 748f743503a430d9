/// What somebody turns at while messages flow: the link, the same in both directions, and the messages.
package struct LabLiveSettings: Hashable, Sendable {
    /// The channels that are compared, each with the same messages over a link of the same kind.
    package static let channels = [
        LabChannel(ordered: true), LabChannel(ordered: false), LabChannel(ordered: false, maxRetransmits: 0),
        LabChannel(ordered: false, maxPacketLifeTime: 100),
    ]
    /// Messages per second that a live view keeps up with.
    package static let rates = 1.0...500.0
    /// Bytes of a message.
    package static let sizes = LabMessage.headerBytes...65_536

    package var link: LabLiveLink
    /// Bytes of each message, in ``sizes``.
    package var messageBytes: Int
    /// Messages per second, in ``rates``.
    package var rate: Double

    package init(
        link: LabLiveLink = LabLiveLink(loss: 0.05, delay: 50), messageBytes: Int = 300, rate: Double = 50
    ) {
        self.link = link
        self.messageBytes = messageBytes
        self.rate = rate
    }

    /// The settings with every number brought to what there can be; a partner may ask for any.
    package var clamped: LabLiveSettings {
        var settings = self
        settings.link.loss = Self.clamp(link.loss, 0...1)
        settings.link.burst = Self.clamp(link.burst, 1...10_000)
        settings.link.delay = Self.clamp(link.delay, 0...5_000)
        settings.link.jitter = Self.clamp(link.jitter, 0...5_000)
        settings.link.rate = link.rate.map { Self.clamp($0, 10_000...1e9) }
        settings.messageBytes = min(max(messageBytes, Self.sizes.lowerBound), Self.sizes.upperBound)
        settings.rate = Self.clamp(rate, Self.rates)
        return settings
    }

    /// Whether the messages are the same: then the runs go on, and only the link changes.
    package func hasSameMessages(as other: LabLiveSettings) -> Bool {
        messageBytes == other.messageBytes && rate == other.rate
    }

    /// One scenario for each channel.
    package var scenarios: [LabScenario] {
        let settings = clamped
        // Until they are stopped.
        let traffic = LabTraffic(
            messageBytes: settings.messageBytes, rate: settings.rate, duration: .seconds(86_400), late: .seconds(1))
        return Self.channels.map { channel in
            LabScenario(
                name: channel.name, channel: channel, link: LabLink(settings.link), traffic: traffic, seeds: [1])
        }
    }

    /// NaN becomes the smallest.
    private static func clamp(_ value: Double, _ range: ClosedRange<Double>) -> Double {
        value >= range.lowerBound ? min(value, range.upperBound) : range.lowerBound
    }
}

extension LabLink {
    /// The same link in both directions.
    package init(_ live: LabLiveLink) {
        var path = LabPath()
        if live.burst > 1 {
            path.burst = LabBurst(meanLength: live.burst, share: min(live.loss, 0.999))
        } else {
            path.loss = live.loss
        }
        path.delay = .microseconds(Int64(live.delay * 1_000))
        path.jitter = .microseconds(Int64(live.jitter * 1_000))
        path.rate = live.rate.map { UInt64($0) }
        self.init(forward: path, back: path)
    }
}
