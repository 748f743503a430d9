/// Quantities with their units, as people write them. Where a number could mean two things, it is refused, and both are
/// named.
extension LabWritten {
    /// A share: `10%`, or a number below 1 such as `0.1`. What is neither, like `10`, could be meant in two ways.
    ///
    /// - Returns: 0 to 1.
    func share() throws(LabPlanError) -> Double {
        let (number, unit) = try quantity("10% or 0.1")
        switch unit {
        case "%":
            guard number <= 100 else { throw refused("is more than all", remedy: "100% at most") }
            return number / 100
        case "" where number == 0: return 0
        case "" where number < 1: return number
        case "": throw refused("has no percent sign", remedy: "\(Self.trimmed(value))%, or a share below 1")
        default: throw refused("is no share", remedy: "10% or 0.1")
        }
    }

    /// A time: `50ms`, `1.5s`, `200us`, `2m`, `1h`, and sums such as `1m30s`. Only 0 needs no unit.
    ///
    /// - Returns: whole microseconds, within `bounds`.
    func duration(_ bounds: ClosedRange<Duration>) throws(LabPlanError) -> Duration {
        var rest = Substring(Self.trimmed(value))
        var total = 0.0
        repeat {
            let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count).drop { $0 == " " }
            let unit = rest.prefix { !($0.isASCII && $0.isNumber) && $0 != " " }
            rest = rest.dropFirst(unit.count).drop { $0 == " " }
            guard let number = Self.number(digits) else { throw refused("is no time", remedy: "50ms, 1.5s or 2m") }
            let scale: Double
            switch unit.lowercased() {
            case "us", "µs", "μs": scale = 1
            case "ms": scale = 1e3
            case "s": scale = 1e6
            case "m", "min": scale = 6e7
            case "h": scale = 3.6e9
            case "" where number == 0: scale = 1
            case "": throw refused("has no unit", remedy: "\(digits)ms or \(digits)s")
            default: throw refused("is no time", remedy: "50ms, 1.5s or 2m")
            }
            total += number * scale
        } while !rest.isEmpty
        guard total <= 1e15, bounds.contains(.microseconds(Int64(total.rounded()))) else {
            throw refused(
                "is out of bounds",
                remedy: "\(LabQuantity.duration(bounds.lowerBound)) to \(LabQuantity.duration(bounds.upperBound))")
        }
        return .microseconds(Int64(total.rounded()))
    }

    /// A rate of a line: `5Mbit/s`, `500kbit/s`, `1Gbit`, and bytes where they are called so, `1MB/s`.
    ///
    /// - Returns: bits per second, 10 kbit/s to 100 Gbit/s.
    func bitRate() throws(LabPlanError) -> UInt64 {
        let example = "5Mbit/s, or 625kB/s"
        let (number, unit) = try quantity(example)
        let name = unit.hasSuffix("/s") ? String(unit.dropLast(2)) : unit
        guard let scale = Self.bitScales[name] else {
            let ambiguous = ["", "k", "K", "M", "G", "kb", "Mb", "Gb"].contains(name)
            throw refused(ambiguous ? "could mean bits or bytes" : "is no rate of a line", remedy: example)
        }
        let bits = (number * scale).rounded()
        guard (1e4...1e11).contains(bits) else { throw refused("is out of bounds", remedy: "10kbit/s to 100Gbit/s") }
        return UInt64(bits)
    }

    private static let bitScales: [String: Double] = [
        "bit": 1, "kbit": 1e3, "Mbit": 1e6, "Gbit": 1e9, "bps": 1, "kbps": 1e3, "Mbps": 1e6, "Gbps": 1e9,
        "B": 8, "kB": 8e3, "KB": 8e3, "MB": 8e6, "GB": 8e9, "KiB": 8 * 1024, "MiB": 8 * 1_048_576,
    ]

    /// An amount: `1200`, `1200B`, `64kB`, `64KiB`, `1MB`.
    ///
    /// - Returns: bytes, within `bounds`.
    func byteCount(_ bounds: ClosedRange<Int>) throws(LabPlanError) -> Int {
        let (number, unit) = try quantity("1200 or 64kB")
        let scales = [
            "": 1.0, "B": 1, "bytes": 1, "k": 1e3, "kB": 1e3, "KB": 1e3, "KiB": 1024, "Ki": 1024, "M": 1e6, "MB": 1e6,
            "MiB": 1_048_576,
        ]
        guard let scale = scales[unit] else { throw refused("is no number of bytes", remedy: "1200 or 64kB") }
        let bytes = number * scale
        guard bytes == bytes.rounded(), (Double(bounds.lowerBound)...Double(bounds.upperBound)).contains(bytes) else {
            throw refused("is out of bounds", remedy: "\(bounds.lowerBound) to \(bounds.upperBound) bytes")
        }
        return Int(bytes)
    }

    /// Messages a second: `60`, `60/s`, `0.5`; `max` is as fast as possible.
    func messageRate() throws(LabPlanError) -> Double? {
        if Self.trimmed(value) == "max" { return nil }
        let (number, unit) = try quantity("60, or max")
        guard ["", "/s"].contains(unit) else {
            throw refused("is no number of messages a second", remedy: "60, or max")
        }
        let bounds = LabTraffic.rates
        guard bounds.contains(number) else {
            let ends = [bounds.lowerBound, bounds.upperBound].map { LabQuantity.decimal($0, places: 2) }
            throw refused("is out of bounds", remedy: "\(ends.joined(separator: " to ")), or max")
        }
        return number
    }

    /// Two parts around a colon, each at the same place.
    func pair(_ example: String) throws(LabPlanError) -> (LabWritten, LabWritten) {
        let parts = value.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw refused("has not two parts around a colon", remedy: example) }
        return (LabWritten(Self.trimmed(parts[0]), at: place), LabWritten(Self.trimmed(parts[1]), at: place))
    }

    /// A number and what stands behind it.
    func quantity(_ example: String) throws(LabPlanError) -> (number: Double, unit: String) {
        let text = Self.trimmed(value)
        let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        guard let number = Self.number(digits) else {
            throw text.isEmpty
                ? LabPlanError("\(place): a value is missing.", remedy: example)
                : refused("is no number", remedy: example)
        }
        return (number, Self.trimmed(text.dropFirst(digits.count)))
    }

    /// Digits with at most one point among them; never an exponent, an infinity or a sign.
    static func number(_ digits: Substring) -> Double? {
        guard let first = digits.first, first.isNumber, digits.last != ".", digits.utf8.count <= 15,
            digits.count(where: { $0 == "." }) <= 1
        else { return nil }
        return Double(digits)
    }
}
