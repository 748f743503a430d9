internal import STUN
internal import Wire

/// The search for our server-reflexive candidates (RFC 8445 section 5.1.1.2).
///
/// It never holds anything up: candidates come out as they are found, and a silent server is given up after its time.
struct Gathering: Sendable {
    struct Question: Sendable {
        let base: TransportAddress
        let server: TransportAddress
        let expiresAt: NetworkTime
    }

    /// A question that has been asked. Two repetitions fit three seconds: at 0, 0.5 and 1.5 s.
    struct Query: Sendable {
        static let maximumTransmissionCount = 3

        let id: TransactionID
        let question: Question
        let bytes: [UInt8]
        var transmissionCount = 1
        var nextAt: NetworkTime

        func isExhausted(at now: NetworkTime) -> Bool {
            transmissionCount >= Self.maximumTransmissionCount || now >= question.expiresAt
        }
    }

    /// A mapping in a NAT that must not be forgotten while the peer may still send to it.
    struct Mapping: Sendable {
        let base: TransportAddress
        let server: TransportAddress
        var keepaliveAt: NetworkTime
    }

    static let maximumServerCount = 8

    var unasked: [Question] = []
    var queries: [Query] = []
    var mappings: [Mapping] = []
    var nextQueryAt = NetworkTime.zero
    /// The driver has named all bases.
    var hasAllBases = false
    /// ``ICEEvent/gatheringComplete`` has been told.
    var isComplete = false

    var isIdle: Bool { unasked.isEmpty && queries.isEmpty }

    func deadline(keepsMappings: Bool) -> NetworkTime? {
        var times = queries.map(\.nextAt)
        if !unasked.isEmpty { times.append(nextQueryAt) }
        if keepsMappings { times += mappings.map(\.keepaliveAt) }
        return times.min()
    }
}
