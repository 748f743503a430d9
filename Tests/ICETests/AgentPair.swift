import Digests
import STUN
import Testing
import Wire

@testable import ICE

/// SplitMix64: small, seedable, and the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

let hmacSHA1: HMACProvider = { HMAC.authenticationCode(.sha1, key: $0, message: $1) }

/// `192.0.2.1:5000` or `[2001:db8::1]:5000`; a typing error in a test gives an address nobody has.
func address(_ text: String) -> TransportAddress {
    let colon = text.lastIndex(of: ":") ?? text.endIndex
    let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
    let port = UInt16(text[colon...].dropFirst()) ?? 0
    return TransportAddress(IPAddress(host) ?? IPAddress(v4: 0), port: port)
}

func milliseconds(_ count: Int) -> NetworkTime {
    NetworkTime(nanoseconds: Int64(count) * 1_000_000)
}

extension ICEAgent {
    init(
        _ role: ICERole, seed: UInt64, tieBreaker: UInt64? = nil, stunServers: [TransportAddress] = [],
        timing: ICEConfiguration.Timing = .init()
    ) {
        self.init(
            configuration: ICEConfiguration(
                role: role, tieBreaker: tieBreaker, stunServers: stunServers, timing: timing),
            random: SeededGenerator(seed: seed), hmac: hmacSHA1)
    }

    mutating func receive(
        _ bytes: [UInt8], from remote: TransportAddress, to base: TransportAddress, at now: NetworkTime
    )
        throws(ICEError)
    {
        try handleDatagram(bytes.span.bytes, from: remote, to: base, at: now)
    }

    mutating func drainTransmits() -> [ICETransmit] {
        var all: [ICETransmit] = []
        while let transmit = pollTransmit() { all.append(transmit) }
        return all
    }

    mutating func drainEvents() -> [ICEEvent] {
        var all: [ICEEvent] = []
        while let event = pollEvent() { all.append(event) }
        return all
    }
}

/// An agent, and all that its driver was told.
struct Peer {
    var agent: ICEAgent
    var states: [ICEState] = []
    var roles: [ICERole] = []
    var usable: [CandidatePair] = []
    var selected: [CandidatePair] = []
    var errors: [ICEError] = []
    var sentCount = 0
    var gatheringCompleteAt: NetworkTime?
    /// Whether candidates go to the other side as they come.
    var trickles = true
}

/// Two agents and the network between them, in virtual time: the clock jumps to the next deadline or arrival.
struct AgentPair {
    enum Side: Int {
        case left = 0
        case right = 1
        var other: Side { self == .left ? .right : .left }
    }

    struct Arrival {
        let at: NetworkTime
        let order: Int
        let to: Side
        let transmit: ICETransmit
        /// Where it seems to come from.
        let source: TransportAddress
    }

    var peers: [Peer]
    var now = NetworkTime.zero
    var delay: Duration = .milliseconds(10)
    var loss = 0.0
    /// Whether a datagram to the other side passes; told who sends it and when.
    var passes: (Side, ICETransmit, NetworkTime) -> Bool = { _, _, _ in true }
    /// What NATs make of a base: outside address by inside address.
    var mappings: [TransportAddress: TransportAddress] = [:]
    /// Answers Binding requests here, after the delay.
    var stunServer: TransportAddress?
    private var random: SeededGenerator
    private var arrivals: [Arrival] = []
    private var order = 0
    private var trickled: [(to: Side, candidate: Candidate?)] = []

    init(left: ICEAgent, right: ICEAgent, seed: UInt64 = 1) {
        peers = [Peer(agent: left), Peer(agent: right)]
        random = SeededGenerator(seed: seed)
    }

    init(seed: UInt64 = 1, timing: ICEConfiguration.Timing = .init()) {
        self.init(
            left: ICEAgent(.controlling, seed: seed &* 2 &+ 1, timing: timing),
            right: ICEAgent(.controlled, seed: seed &* 2 &+ 2, timing: timing), seed: seed)
    }

    var left: Peer {
        get { peers[0] }
        set { peers[0] = newValue }
    }
    var right: Peer {
        get { peers[1] }
        set { peers[1] = newValue }
    }

    subscript(side: Side) -> Peer {
        get { peers[side.rawValue] }
        set { peers[side.rawValue] = newValue }
    }

    /// Gives both sides their addresses.
    mutating func addBases(left: [String] = ["192.0.2.1:1001"], right: [String] = ["192.0.2.2:2002"]) throws {
        for (side, bases) in [(Side.left, left), (.right, right)] {
            for base in bases { try self[side].agent.addLocalCandidate(base: address(base), at: now) }
            self[side].agent.endOfLocalCandidates(at: now)
            drain(side)
        }
    }

    /// Tells a side the other's credentials.
    mutating func introduce(to side: Side) throws {
        try self[side].agent.setRemoteCredentials(self[side.other].agent.localCredentials, at: now)
        drain(side)
    }

    mutating func introduceBoth() throws {
        try introduce(to: .left)
        try introduce(to: .right)
    }

    mutating func connect() throws {
        try addBases()
        try introduceBoth()
        run(for: .seconds(2))
    }

    /// Runs until nothing is due within `duration`, and moves the clock there.
    mutating func run(for duration: Duration) {
        run(until: now.advanced(by: duration)) { _ in false }
    }

    /// Runs until `isDone`, or `end`.
    /// - Returns: whether it was done.
    @discardableResult
    mutating func run(until end: NetworkTime, _ isDone: (AgentPair) -> Bool) -> Bool {
        signal()
        var turns = 0
        while true {
            if isDone(self) { return true }
            turns += 1
            if turns > 200_000 {
                Issue.record("the pair does not come to rest at \(now)")
                return false
            }
            let times = [left, right].compactMap { $0.agent.pollTimeout() } + arrivals.map(\.at)
            guard let next = times.min(), next <= end else { break }
            now = max(now, next)
            deliver()
            for side in [Side.left, .right] {
                guard let due = self[side].agent.pollTimeout(), due <= now else { continue }
                self[side].agent.handleTimeout(at: now)
                let following = self[side].agent.pollTimeout()
                #expect(following.map { $0 > now } ?? true, "a deadline that does not move on")
                drain(side)
            }
            signal()
        }
        now = max(now, end)
        return isDone(self)
    }

    /// Takes over what an agent has to say; tests that call its verbs directly call this next.
    mutating func drain(_ side: Side) {
        for event in self[side].agent.drainEvents() {
            switch event {
            case .localCandidate(let candidate): if self[side].trickles { trickled.append((side.other, candidate)) }
            case .gatheringComplete:
                self[side].gatheringCompleteAt = now
                if self[side].trickles { trickled.append((side.other, nil)) }
            case .stateChanged(let state): self[side].states.append(state)
            case .roleChanged(let role): self[side].roles.append(role)
            case .usablePairChanged(let pair): self[side].usable.append(pair)
            case .pairSelected(let pair): self[side].selected.append(pair)
            }
        }
        for transmit in self[side].agent.drainTransmits() {
            self[side].sentCount += 1
            send(transmit, from: side)
        }
    }

    /// Puts a datagram on the way to a side.
    mutating func inject(_ transmit: ICETransmit, source: TransportAddress, to side: Side, after delay: Duration) {
        order += 1
        arrivals.append(
            Arrival(at: now.advanced(by: delay), order: order, to: side, transmit: transmit, source: source))
    }

    private mutating func send(_ transmit: ICETransmit, from side: Side) {
        guard passes(side, transmit, now), Double.random(in: 0..<1, using: &random) >= loss else { return }
        let outside = mappings[transmit.localBase] ?? transmit.localBase
        if transmit.remote == stunServer {
            guard let request = try? parse(transmit.bytes), request.messageClass == .request
            else { return }
            let response = STUNMessage(
                .successResponse, transactionID: request.transactionID, attributes: [.xorMappedAddress(outside)])
            let answer = ICETransmit(localBase: transmit.remote, remote: transmit.localBase, bytes: response.encoded())
            return inject(answer, source: transmit.remote, to: side, after: delay * 2)
        }
        // A mapped base is reached through its NAT alone.
        let inside = mappings.first { $0.value == transmit.remote }?.key ?? transmit.remote
        guard mappings[transmit.remote] == nil, self[side.other].agent.bases.contains(where: { $0.address == inside })
        else { return }
        let inner = ICETransmit(localBase: transmit.localBase, remote: inside, bytes: transmit.bytes)
        inject(inner, source: outside, to: side.other, after: delay)
    }

    private mutating func deliver() {
        let due = arrivals.filter { $0.at <= now }.sorted { ($0.at, $0.order) < ($1.at, $1.order) }
        arrivals.removeAll { $0.at <= now }
        for arrival in due {
            do throws(ICEError) {
                try self[arrival.to].agent.receive(
                    arrival.transmit.bytes, from: arrival.source, to: arrival.transmit.remote, at: now)
            } catch {
                self[arrival.to].errors.append(error)
            }
            drain(arrival.to)
        }
    }

    /// Signaling without delay.
    private mutating func signal() {
        while !trickled.isEmpty {
            let (side, candidate) = trickled.removeFirst()
            if let candidate {
                self[side].agent.addRemoteCandidate(candidate, at: now)
            } else {
                self[side].agent.endOfRemoteCandidates(at: now)
            }
            drain(side)
        }
    }
}

func parse(_ bytes: [UInt8]) throws(STUNError) -> STUNMessage {
    try STUNMessage(parsing: bytes.span.bytes)
}
