import JSON

extension JSONValue {
    /// Reads as room messages are read, where a test does not care.
    init(
        parsing text: some StringProtocol, unpairedSurrogates: UnpairedSurrogate = .refused
    ) throws(JSONError) {
        try self.init(parsing: text, depthLimit: 16, unpairedSurrogates: unpairedSurrogates)
    }
}
