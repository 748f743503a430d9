/// The members of a JSON object, in the order they were written, each name once.
///
/// Names that Unicode holds for canonically equivalent are one name, as they are for `String`.
package struct JSONObject: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// The names of all members, in order.
    package private(set) var names: [String] = []
    private var values: [String: JSONValue] = [:]

    package init() {}

    /// Of members of one name, the first counts.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (name, value) in elements { insert(value, as: name) }
    }

    /// The value of a member; nil when there is none of that name.
    package subscript(name: String) -> JSONValue? { values[name] }

    /// Adds a member behind the others.
    ///
    /// - Returns: false, changing nothing, when there is a member of that name.
    @discardableResult
    package mutating func insert(_ value: JSONValue, as name: String) -> Bool {
        guard values[name] == nil else { return false }
        names.append(name)
        values[name] = value
        return true
    }
}
