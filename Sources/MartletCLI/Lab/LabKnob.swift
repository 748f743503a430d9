internal import Lab

/// What one turns at in the live view, with the steps that a key takes.
enum LabKnob: CaseIterable, Sendable {
    case loss, burst, delay, jitter, rate, messages, size

    private static let losses = [
        0, 0.001, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1,
    ]
    private static let bursts: [Double] = [1, 2, 3, 5, 10, 20, 50]
    private static let times: [Double] = [
        0, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 2_000, 5_000,
    ]
    /// The last stands for no limit.
    private static let rates: [Double] = [5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 1e8, .infinity]
    private static let messageRates: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500]
    private static let sizes: [Double] = [24, 100, 300, 1_000, 3_000, 10_000, 30_000, 65_536]

    /// The key that chooses it.
    var key: Character {
        switch self {
        case .loss: "l"
        case .burst: "b"
        case .delay: "d"
        case .jitter: "j"
        case .rate: "r"
        case .messages: "m"
        case .size: "s"
        }
    }

    /// How it stands: "loss 5 %".
    func text(_ settings: LabLiveSettings) -> String {
        switch self {
        case .loss: "loss \(LabQuantity.share(settings.link.loss))"
        case .burst:
            settings.link.burst > 1 ? "bursts of \(LabQuantity.decimal(settings.link.burst, places: 1))" : "no bursts"
        case .delay: "delay \(LabQuantity.decimal(settings.link.delay, places: 1)) ms"
        case .jitter: "jitter \(LabQuantity.decimal(settings.link.jitter, places: 1)) ms"
        case .rate: settings.link.rate.map { LabQuantity.bitRate($0) } ?? "no rate limit"
        case .messages: "messages \(LabQuantity.decimal(settings.rate, places: 1))/s"
        case .size: "size \(LabQuantity.bytes(settings.messageBytes))"
        }
    }

    /// The settings with this one step further up or down; as they are at the end.
    func turned(_ settings: LabLiveSettings, up: Bool) -> LabLiveSettings {
        var turned = settings
        switch self {
        case .loss: turned.link.loss = Self.step(Self.losses, settings.link.loss, up)
        case .burst: turned.link.burst = Self.step(Self.bursts, settings.link.burst, up)
        case .delay: turned.link.delay = Self.step(Self.times, settings.link.delay, up)
        case .jitter: turned.link.jitter = Self.step(Self.times, settings.link.jitter, up)
        case .rate:
            let rate = Self.step(Self.rates, settings.link.rate ?? .infinity, up)
            turned.link.rate = rate.isFinite ? rate : nil
        case .messages: turned.rate = Self.step(Self.messageRates, settings.rate, up)
        case .size: turned.messageBytes = Int(Self.step(Self.sizes, Double(settings.messageBytes), up))
        }
        return turned
    }

    private static func step(_ steps: [Double], _ value: Double, _ up: Bool) -> Double {
        (up ? steps.first { $0 > value } : steps.last { $0 < value }) ?? value
    }
}
