package import Signaling

/// What the two sides of an experiment say to each other on the control channel. Source: Docs/Protocols/Lab.md.
package enum LabControlMessage: Sendable, Equatable {
    package static let protocolName = "martlet.lab"
    package static let version: Int64 = 1
    /// Bytes of a message.
    package static let byteLimit = 65_536
    /// Bytes of the payload of a signal.
    package static let payloadBytes = 60 * 1024
    /// Messages that one `received` tells of.
    package static let receivedLimit = 2_000
    /// The same of a `received` that says how long they waited, so that it stays below ``byteLimit`` whatever the
    /// numbers are.
    package static let waitedLimit = 1_500
    /// DATA chunks that a partner may have sent in a run; a report adds up those of 10,000 runs.
    package static let chunkLimit: Int64 = 100_000_000_000
    /// Messages that are not known, on one connection.
    package static let ignoredLimit = 1_000
    /// The largest time and the largest number.
    package static let largestInteger: Int64 = 1 << 53 - 1

    case hello(version: Int64, agent: String)
    /// A greeting of somebody who is there for something else, fit to be shown.
    case otherHello(protocol: String)
    /// Both texts are the peer's.
    case error(code: String, message: String)
    case ping(Int64)
    /// The partner's time in microseconds.
    case pong(Int64, at: Int64)
    /// The partner's clock minus the conductor's, in microseconds.
    case clock(ahead: Int64)
    case run(LabRunRequest)
    case signal(run: UInt32, payload: RoomPayload)
    case ready(run: UInt32)
    /// The text is the peer's.
    case failed(run: UInt32, message: String)
    case start(run: UInt32)
    case sent(run: UInt32, offered: Int, accepted: Int, over: Bool)
    case received(run: UInt32, messages: [LabArrival], damaged: Int)
    case stop(run: UInt32)
    /// With what the partner's SCTP has sent, where the partner sends and sees that.
    case stopped(run: UInt32, packets: LabPackets? = nil)
    case live(runs: [UInt32], link: LabLiveLink, traffic: LabRunRequest.Traffic)
    case turn(link: LabLiveLink?, traffic: LabRunRequest.Traffic?)
    /// Something of a later version that may be passed over.
    case ignorable
}

/// That a message came to the other side.
package struct LabArrival: Hashable, Sendable {
    package var sequence: UInt32
    /// By the other side's clock, in microseconds.
    package var at: Int64
    /// Microseconds for which it had been there, whole, before; nil where the other side does not say.
    package var waited: Int64?

    package init(sequence: UInt32, at: Int64, waited: Int64? = nil) {
        self.sequence = sequence
        self.at = at
        self.waited = waited
    }
}

/// What the conductor asks of a run.
package struct LabRunRequest: Sendable, Equatable {
    /// The messages of a run, as they are said.
    package struct Traffic: Sendable, Equatable {
        /// 24 to 262,144.
        package var bytes: Int
        /// Messages per second, above 0 and at most 10^9; nil for as fast as possible.
        package var rate: Double?
        /// 1 to 86,400,000; nil until the run is stopped.
        package var milliseconds: Int64?

        package init(bytes: Int, rate: Double?, milliseconds: Int64?) {
            self.bytes = bytes
            self.rate = rate
            self.milliseconds = milliseconds
        }

        package init(_ traffic: LabTraffic) {
            let (seconds, attoseconds) = traffic.duration.components
            self.init(
                bytes: traffic.messageBytes, rate: traffic.rate,
                milliseconds: seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
        }
    }

    /// From 1, and growing.
    package var run: UInt32
    /// How many runs there will be; nil where nobody knows.
    package var of: Int64?
    /// The side that sends.
    package var from: LabSide
    package var channel: LabChannel
    package var traffic: Traffic

    package init(run: UInt32, of: Int64?, from: LabSide, channel: LabChannel, traffic: Traffic) {
        self.run = run
        self.of = of
        self.from = from
        self.channel = channel
        self.traffic = traffic
    }
}

/// What both directions of a link do while somebody turns at it.
package struct LabLiveLink: Sendable, Hashable {
    /// Share of packets lost, 0 to 1.
    package var loss: Double
    /// How many packets in a row are lost, on average; 1 to 10,000, 1 for independent of each other.
    package var burst: Double
    /// Milliseconds one way, 0 to 5,000.
    package var delay: Double
    /// Milliseconds, 0 to 5,000.
    package var jitter: Double
    /// Bits per second, 10,000 to 10^9; nil for no limit.
    package var rate: Double?

    package init(loss: Double = 0, burst: Double = 1, delay: Double = 0, jitter: Double = 0, rate: Double? = nil) {
        self.loss = loss
        self.burst = burst
        self.delay = delay
        self.jitter = jitter
        self.rate = rate
    }
}
