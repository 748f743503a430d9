package import JSON

extension JSONObject {
    /// Reads what every text of rooms is, messages, bodies and payloads alike: one object (Docs/Protocols/Rooms.md).
    ///
    /// What is wrong with any other text interests nobody: all of it is "no JSON object" to its readers, each of whom
    /// has an error for that.
    package init?(roomText text: String) {
        // Rooms.md says 16; what this module reads needs three.
        let value = try? JSONValue(parsing: text, depthLimit: 16, unpairedSurrogates: .refused)
        guard let object = value?.object else { return nil }
        self = object
    }
}
