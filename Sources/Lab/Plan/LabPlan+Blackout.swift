extension LabPlan {
    /// How long a path may be dark at most, so that a connection outlives it: with martlet at both sides, and with
    /// another partner.
    ///
    /// Who hears no answer of the other for 30 seconds must not send any more (RFC 7675 section 5.1), and has no
    /// connection then. Questions are 6 seconds apart at most, so that the last answer may have come 6 seconds before,
    /// and a round trip or two go by behind the end. Chromium gives up after 15 seconds.
    package static let blackoutLimit = (ours: Duration.seconds(20), others: Duration.seconds(12))

    /// Whether connections outlive the blackouts of this plan.
    ///
    /// A relay that let the questions of ICE pass would keep them alive, and show what no real network does: so
    /// whatever ends a connection is no scenario.
    ///
    /// - Parameter isOurs: whether the partner is martlet.
    /// - Throws: an error that names the limit.
    package func checkBlackouts(isOurs: Bool) throws(LabPlanError) {
        let limit = isOurs ? Self.blackoutLimit.ours : Self.blackoutLimit.others
        guard let longest = scenarios.map(\.longestBlackout).max(), longest > limit else { return }
        let who = isOurs ? "" : " with a partner that is not martlet"
        let others = isOurs ? "" : ", and some browsers after 15 s"
        throw LabPlanError(
            "A path that is dark for \(LabQuantity.duration(longest)) ends the connection: who hears no answer for 30 s "
                + "gives it up (RFC 7675)\(others).",
            remedy: "\(LabQuantity.duration(limit)) at most\(who); blackouts less than 3 s apart count as one")
    }
}

extension LabScenario {
    /// Between blackouts there must be time for a question and its answer.
    private static let breath = Duration.seconds(3)

    /// For how long at most one of the directions is dark, or there is no time for an answer in between.
    var longestBlackout: Duration {
        let breath = Self.breath + link.forward.longestDelay + link.back.longestDelay
        var longest = Duration.zero
        var dark: (start: Duration, end: Duration)?
        for blackout in (link.forward.blackouts + link.back.blackouts).sorted(by: { $0.start < $1.start }) {
            let end = blackout.start + blackout.length
            if let before = dark, blackout.start < before.end + breath {
                dark = (before.start, max(before.end, end))
            } else {
                dark = (blackout.start, end)
            }
            if let dark { longest = max(longest, dark.end - dark.start) }
        }
        return longest
    }
}
