internal import Wire

/// The pairs of the one component there is, and which of them is checked next (RFC 8445 section 6.1.2).
struct CheckList: Sendable {
    static let maximumPairCount = 100

    private(set) var pairs: [CandidatePair] = []
    /// Pairs to be checked ahead of the others, because their peer has just checked them (section 6.1.4.1).
    private(set) var triggered: [AddressPair] = []

    func index(of key: AddressPair) -> Int? {
        pairs.firstIndex { $0.key == key }
    }

    subscript(index: Int) -> CandidatePair {
        get { pairs[index] }
        set { pairs[index] = newValue }
    }

    /// Whether ``next()`` would give a pair.
    var hasWork: Bool { !triggered.isEmpty || pairs.contains { $0.state == .waiting } }

    var hasPending: Bool { !triggered.isEmpty || pairs.contains(where: \.isPending) }

    /// Adds a pair, frozen behind others of its foundation.
    ///
    /// A full list gives up the least promising pair that nothing has come back on: a failed one, or, for a pair that
    /// matters more, the one with the lowest priority (section 6.1.2.5).
    /// - Parameter insists: the peer was heard on this pair, so that it matters more than any unheard one.
    /// - Returns: false when the list has no room for it.
    mutating func insert(_ pair: CandidatePair, insists: Bool, isHeard: (AddressPair) -> Bool) -> Bool {
        var pair = pair
        if pairs.count >= Self.maximumPairCount {
            let candidates = pairs.indices.filter { !pairs[$0].isValid && !isHeard(pairs[$0].key) }
            let least = candidates.min { left, right in
                let (a, b) = (pairs[left], pairs[right])
                return a.isPending == b.isPending ? a.priority < b.priority : !a.isPending
            }
            guard let least, insists || !pairs[least].isPending || pairs[least].priority < pair.priority else {
                return false
            }
            remove(at: least)
        }
        let isBlocked = pairs.contains {
            ($0.state == .waiting || $0.state == .inProgress) && $0.sharesFoundation(with: pair)
        }
        pair.state = isBlocked ? .frozen : .waiting
        pairs.append(pair)
        return true
    }

    mutating func remove(at index: Int) {
        let key = pairs.remove(at: index).key
        triggered.removeAll { $0 == key }
    }

    mutating func removeAll() {
        pairs.removeAll()
        triggered.removeAll()
    }

    mutating func trigger(_ key: AddressPair, ahead: Bool = false) {
        if triggered.contains(key) { return }
        if ahead { triggered.insert(key, at: 0) } else { triggered.append(key) }
    }

    /// Lets frozen pairs wait whose foundation nobody works on any more (section 6.1.4.2), all of them once a pair of
    /// their foundation has succeeded (section 7.2.5.3.3).
    mutating func thaw() {
        for index in pairs.indices where pairs[index].state == .frozen {
            let kin = pairs.filter { $0.sharesFoundation(with: pairs[index]) }
            if kin.contains(where: \.isValid)
                || !kin.contains(where: { $0.state == .waiting || $0.state == .inProgress })
            {
                pairs[index].state = .waiting
            }
        }
    }

    /// Takes the pair to be checked now: the first triggered one, else the waiting one of highest priority.
    mutating func next() -> Int? {
        while !triggered.isEmpty {
            let key = triggered.removeFirst()
            guard let index = index(of: key) else { continue }
            if pairs[index].nomination == .wanted || !pairs[index].isValid { return index }
        }
        return pairs.indices.filter { pairs[$0].state == .waiting }.max { pairs[$0].priority < pairs[$1].priority }
    }

    /// Gives up the pairs below `priority` whose checks have not begun (section 8.1.2). A check of the peer's would
    /// bring one back.
    mutating func prune(below priority: UInt64) {
        for index in pairs.indices where pairs[index].priority < priority {
            if pairs[index].state == .waiting || pairs[index].state == .frozen {
                pairs[index].state = .failed
                triggered.removeAll { $0 == pairs[index].key }
            }
        }
    }
}
