/// Loss in bursts: a two-state Markov chain that takes one step per datagram (Gilbert 1960, Elliott 1963).
package struct GilbertElliott: Hashable, Sendable {
    /// Probability per datagram of turning bad while good, 0 to 1.
    package var goodToBad: Double
    /// Probability per datagram of turning good while bad, 0 to 1. Bad spells last `1 / badToGood` datagrams on
    /// average.
    package var badToGood: Double
    package var lossInGood: Double
    package var lossInBad: Double

    package init(goodToBad: Double, badToGood: Double, lossInGood: Double = 0, lossInBad: Double = 1) {
        self.goodToBad = goodToBad
        self.badToGood = badToGood
        self.lossInGood = lossInGood
        self.lossInBad = lossInBad
    }

    /// A chain that loses everything while bad and nothing while good.
    ///
    /// - Parameters:
    ///   - meanBurst: datagrams lost in a row, on average; at least 1.
    ///   - averageLoss: share of all datagrams lost, from 0 up to but not including 1.
    package init(meanBurst: Double, averageLoss: Double) {
        let badToGood = 1 / max(1, meanBurst)
        // The share of time spent bad is goodToBad / (goodToBad + badToGood).
        self.init(goodToBad: min(1, badToGood * averageLoss / (1 - averageLoss)), badToGood: badToGood)
    }
}
