/// A value of JSON (RFC 8259).
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number written without fraction and exponent that an `Int64` holds, exactly.
    case integer(Int64)
    /// Every other number, as near as a `Double` comes; infinite where it is too large for one.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The text of a string; nil for every other value.
    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The number of an `integer`; nil for every other value, numbers like `2.0` among them.
    package var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The elements of an array; nil for every other value.
    package var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members of an object; nil for every other value.
    package var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }
}
