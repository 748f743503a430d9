package import Wire

/// How a candidate's address was learnt (RFC 8445 section 4).
package enum CandidateType: String, Hashable, Sendable {
    case host
    case serverReflexive = "srflx"
    case peerReflexive = "prflx"
    case relayed = "relay"

    /// The recommended type preferences of RFC 8445 section 5.1.2.2.
    var preference: UInt32 {
        switch self {
        case .host: 126
        case .peerReflexive: 110
        case .serverReflexive: 100
        case .relayed: 0
        }
    }
}

/// An address at which an agent may be reached, as it is written in a description (RFC 8839 section 5.1).
///
/// Every well-formed candidate can be held; which of them this agent can check says ``isCheckable``.
package struct Candidate: Hashable, Sendable {
    package enum Transport: Hashable, Sendable {
        case udp
        /// RFC 6544, with `tcptype` as it was written.
        case tcp(type: String?)
        case other(String)
    }

    package enum Address: Hashable, Sendable {
        case ip(TransportAddress)
        /// A host name, for browsers a random one below `.local` that only multicast DNS may know.
        case name(String, port: UInt16)
    }

    /// 1 to 32 ice-chars; equal for candidates that will fare alike.
    package var foundation: String
    /// 1 to 256. With RTCP multiplexed, as always here, only 1 matters.
    package var component: Int
    package var transport: Transport
    package var priority: UInt32
    package var address: Address
    package var type: CandidateType
    /// `raddr` and `rport`: the base of a reflexive candidate.
    package var relatedAddress: TransportAddress?
    /// The `ufrag` extension: which generation of credentials the candidate belongs to.
    package var ufrag: String?

    package init(
        foundation: String, component: Int = 1, transport: Transport = .udp, priority: UInt32, address: Address,
        type: CandidateType, relatedAddress: TransportAddress? = nil, ufrag: String? = nil
    ) {
        self.foundation = foundation
        self.component = component
        self.transport = transport
        self.priority = priority
        self.address = address
        self.type = type
        self.relatedAddress = relatedAddress
        self.ufrag = ufrag
    }

    /// The address, unless it is a name.
    package var transportAddress: TransportAddress? {
        if case .ip(let address) = address { address } else { nil }
    }

    /// Whether checks can be sent to it: UDP, component 1, an address and not a name, and one that belongs to a
    /// single host.
    package var isCheckable: Bool {
        component == 1 && transport == .udp && transportAddress?.isUsableForICE == true
    }
}

extension TransportAddress {
    /// Neither port 0, nor the unspecified, a multicast or the broadcast address, nor IPv4 dressed as IPv6
    /// (RFC 8445 section 5.1.1.1 excludes the last).
    var isUsableForICE: Bool {
        port != 0 && !ip.isUnspecified && !ip.isMulticastOrBroadcast && !ip.isIPv4Mapped
    }
}
