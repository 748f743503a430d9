import Wire

@testable import LinkSimulator

/// One datagram of a run, known by the number in its first bytes.
struct Arrival: Equatable {
    var number: Int
    var time: NetworkTime
}

/// Sends `count` datagrams from A at a steady interval and returns what arrived at B.
func run(
    _ link: inout SimulatedLink, count: Int, bytes: Int = 100, every interval: Duration = .milliseconds(1)
) -> [Arrival] {
    var arrivals: [Arrival] = []
    var now = NetworkTime.zero
    for number in 0..<count {
        while let next = link.nextArrival(), next <= now { take(from: &link, at: next, into: &arrivals) }
        link.send(numbered(number, bytes: bytes), from: .a, at: now)
        now = now.advanced(by: interval)
    }
    while let next = link.nextArrival() { take(from: &link, at: next, into: &arrivals) }
    return arrivals
}

func numbered(_ number: Int, bytes: Int = 100) -> [UInt8] {
    var datagram = [UInt8](repeating: 0, count: max(4, bytes))
    for index in 0..<4 { datagram[index] = UInt8(truncatingIfNeeded: number >> (24 - 8 * index)) }
    return datagram
}

private func take(from link: inout SimulatedLink, at time: NetworkTime, into arrivals: inout [Arrival]) {
    while let (end, bytes) = link.receive(at: time) {
        guard end == .b, bytes.count >= 4 else { continue }
        let number = Int(bytes[0]) << 24 | Int(bytes[1]) << 16 | Int(bytes[2]) << 8 | Int(bytes[3])
        arrivals.append(Arrival(number: number, time: time))
    }
}

/// Whether a count of successes lies within three standard errors of its binomial expectation.
func isPlausible(_ count: Int, of trials: Int, probability: Double) -> Bool {
    let expected = Double(trials) * probability
    return abs(Double(count) - expected) <= 3 * (expected * (1 - probability)).squareRoot()
}

func milliseconds(_ count: Int64) -> NetworkTime { .zero.advanced(by: .milliseconds(count)) }
