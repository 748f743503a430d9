internal import JSON

/// The members of an object in a report, read with bounds: whatever stands in a file, each number is one that can be.
struct LabMembers {
    /// The largest integer that every reader of JSON holds exactly, 2^53 - 1 (RFC 7493 section 2.2).
    static let exactLimit: Int64 = 1 << 53 - 1

    private let object: JSONObject
    /// What this is, for messages.
    private let what: String

    init(_ value: JSONValue, _ what: String) throws(LabError) {
        guard let object = value.object else { throw .badReport("\(what) is no object") }
        self.object = object
        self.what = what
    }

    func has(_ name: String) -> Bool { object[name] != nil }

    func object(_ name: String) throws(LabError) -> LabMembers {
        try LabMembers(try value(name), "\"\(name)\" of \(what)")
    }

    func optionalObject(_ name: String) throws(LabError) -> LabMembers? {
        has(name) ? try object(name) : nil
    }

    func text(_ name: String, limit: Int = LabCheck.textLimit) throws(LabError) -> String {
        guard let text = try value(name).string, text.utf8.count <= limit else { throw wrong(name) }
        return text
    }

    func bool(_ name: String) throws(LabError) -> Bool {
        guard case .bool(let value) = try value(name) else { throw wrong(name) }
        return value
    }

    func optionalBool(_ name: String) throws(LabError) -> Bool { has(name) ? try bool(name) : false }

    func integer(_ name: String, _ range: ClosedRange<Int64>) throws(LabError) -> Int64 {
        guard let value = try value(name).integer, range.contains(value) else { throw wrong(name) }
        return value
    }

    func optionalInteger(_ name: String, _ range: ClosedRange<Int64>) throws(LabError) -> Int64? {
        has(name) ? try integer(name, range) : nil
    }

    /// A count of something: 0 to `exactLimit`.
    func count(_ name: String) throws(LabError) -> Int { Int(try integer(name, 0...Self.exactLimit)) }

    /// A time that was measured, in microseconds.
    func time(_ name: String) throws(LabError) -> Int64 { try integer(name, 0...Self.exactLimit) }

    func optionalTime(_ name: String) throws(LabError) -> Int64? { try optionalInteger(name, 0...Self.exactLimit) }

    func number(_ name: String, _ range: ClosedRange<Double>) throws(LabError) -> Double {
        guard let number = Self.number(try value(name)), range.contains(number) else { throw wrong(name) }
        return number
    }

    func optionalNumber(_ name: String, _ range: ClosedRange<Double>) throws(LabError) -> Double? {
        has(name) ? try number(name, range) : nil
    }

    /// A time that was set, in milliseconds with a fraction.
    func duration(_ name: String) throws(LabError) -> Duration {
        .nanoseconds(Int64((try number(name, 0...86_400_000) * 1_000_000).rounded()))
    }

    /// See `LabScenario.reportValue(ofSeed:)`.
    func seed(_ name: String) throws(LabError) -> UInt64 {
        guard let seed = LabScenario.seed(try value(name)) else { throw wrong(name) }
        return seed
    }

    func list<Element>(
        _ name: String, limit: Int, _ read: (JSONValue) throws(LabError) -> Element
    ) throws(LabError) -> [Element] {
        guard let values = try value(name).array, values.count <= limit else { throw wrong(name) }
        var elements: [Element] = []
        elements.reserveCapacity(values.count)
        for value in values { elements.append(try read(value)) }
        return elements
    }

    func wrong(_ name: String) -> LabError { .badReport("\"\(name)\" of \(what) is not what it can be") }

    static func number(_ value: JSONValue) -> Double? {
        switch value {
        case .integer(let integer): Double(integer)
        case .number(let number): number
        default: nil
        }
    }

    private func value(_ name: String) throws(LabError) -> JSONValue {
        guard let value = object[name] else { throw .badReport("\"\(name)\" of \(what) is missing") }
        return value
    }
}
