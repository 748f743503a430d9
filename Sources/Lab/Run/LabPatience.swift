package import Wire

/// When a run is over though not everything has come: the one rule for simulated and for measured runs
/// (Docs/Protocols/Lab.md, "A run").
///
/// Nothing may have come for three seconds, of a reliable channel for a minute, and for as long as the path itself
/// takes. That counts from the last message that was sent or came, or from the end of a blackout, of either direction,
/// that begins while it is waited: and then as long again as the blackout, for SCTP has doubled its timeouts in it.
package struct LabPatience: Sendable {
    /// What is to be done at a time.
    package enum Verdict: Hashable, Sendable {
        /// To look again at this time.
        case wait(until: NetworkTime)
        /// Nothing comes any more.
        case over
        /// Messages still come, long behind the last that was sent: whatever is counted then is no result.
        case endless
    }

    /// Silence of channels that give messages up, and of those that do not.
    package static let silence = (partial: Duration.seconds(3), reliable: Duration.seconds(60))
    /// How long messages may come behind the last that was sent, in addition to what a slow line needs.
    package static let whole = Duration.seconds(900)
    /// What may wait in a sender besides its largest messages: its channel and its SCTP.
    private static let waitingBytes = 2 << 20

    private let silence: Duration
    private let whole: Duration
    private let blackouts: [LabBlackout]

    package init(_ channel: LabChannel, over link: LabLink, messageBytes: Int) {
        let line = link.forward.time(of: messageBytes) + link.back.time(of: 0)
        silence =
            (channel.isReliable ? Self.silence.reliable : Self.silence.partial)
            + link.forward.longestDelay + link.back.longestDelay + line
        // Four times: of what is sent again as well.
        whole = Self.whole + link.forward.time(of: Self.waitingBytes + LabSender.heldMessages * messageBytes) * 4
        blackouts = (link.forward.blackouts + link.back.blackouts).sorted { $0.start < $1.start }
    }

    /// What is to be done now, while something that was accepted has not come.
    ///
    /// - Parameters:
    ///   - start: when the run began.
    ///   - over: when the sender was through.
    ///   - lastArrival: when a message came last; nil when none has.
    package func verdict(
        at now: NetworkTime, start: NetworkTime, over: NetworkTime, lastArrival: NetworkTime?
    ) -> Verdict {
        let silent = end(of: max(over, lastArrival ?? over), since: start)
        if now >= silent { return .over }
        let last = end(of: over, since: start).advanced(by: whole)
        return now >= last ? .endless : .wait(until: min(silent, last))
    }

    /// When it has been silent for long enough, if nothing comes from `time` on.
    private func end(of time: NetworkTime, since start: NetworkTime) -> NetworkTime {
        blackouts.reduce(time.advanced(by: silence)) { deadline, blackout in
            let begin = start.advanced(by: blackout.start)
            guard begin < deadline else { return deadline }
            return max(deadline, begin.advanced(by: blackout.length * 2 + silence))
        }
    }
}
