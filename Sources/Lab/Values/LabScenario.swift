/// One of the two sides of an experiment.
package enum LabSide: String, Hashable, Sendable, CaseIterable {
    /// The side that runs the experiments and measures.
    case conductor
    /// The side that takes part.
    case partner
}

/// What lies between the two sides.
package enum LabMedium: String, Hashable, Sendable, CaseIterable {
    /// A simulated link in virtual time.
    case simulated
    /// The network, with every packet through a relay that shapes it.
    case shaped
    /// The network as it is.
    case real
}

/// One experiment: a channel, a link and traffic, repeated once for each seed.
package struct LabScenario: Hashable, Sendable {
    /// What tells it from the others of its plan, for people; up to 200 characters.
    package var name: String
    package var channel: LabChannel
    package var link: LabLink
    package var traffic: LabTraffic
    /// The side that sends the messages.
    package var from: LabSide
    /// One run for each, 1 to 1,000.
    package var seeds: [UInt64]

    package init(
        name: String, channel: LabChannel, link: LabLink, traffic: LabTraffic, from: LabSide = .conductor,
        seeds: [UInt64]
    ) {
        self.name = name
        self.channel = channel
        self.link = link
        self.traffic = traffic
        self.from = from
        self.seeds = seeds
    }
}

/// A list of experiments over one medium.
package struct LabPlan: Hashable, Sendable {
    /// What it is about, for people; up to 200 characters.
    package var title: String
    package var medium: LabMedium
    /// Up to 1,000.
    package var scenarios: [LabScenario]

    package init(title: String, medium: LabMedium, scenarios: [LabScenario]) {
        self.title = title
        self.medium = medium
        self.scenarios = scenarios
    }
}
