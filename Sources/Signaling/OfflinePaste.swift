internal import JSON

/// An offer or an answer as people carry it from one program to the other, in either form (Docs/Protocols/Offline.md).
package struct OfflinePaste: Sendable, Equatable {
    package enum Form: String, Sendable {
        /// `MARTLET1…`: letters and digits, for chat programs, QR codes and patient people.
        case compact
        /// The JSON of an `RTCSessionDescription` with all its candidates, which other programs read too.
        case complete
    }

    package let kind: OfflineKind
    package let form: Form
    /// The session description.
    package let sdp: String
    /// Of this description.
    package let identifier: OfflineIdentifier
    /// Of the offer that this answers; nil in an offer, and where another program made the answer.
    package let answers: OfflineIdentifier?
    /// When its maker stops to wait, in seconds since 1970; nil when that is not said.
    package let expires: Int64?

    /// In front of the compact form; the digit is its version.
    static let prefix = "MARTLET1"

    /// Two clocks may differ by so many seconds.
    private static let clockSlack: Int64 = 300

    /// - Parameters:
    ///   - sdp: a description with all its candidates.
    ///   - answers: of the offer, in an answer.
    ///   - expires: when nobody will wait any more, in seconds since 1970.
    /// - Throws: `unusable` for what describes no data channels.
    package init(
        _ kind: OfflineKind, sdp: String, answers: OfflineIdentifier? = nil, expires: Int64? = nil,
        form: Form = .compact
    ) throws(OfflineError) {
        self.kind = kind
        self.form = form
        self.sdp = sdp
        self.answers = kind == .answer ? answers : nil
        self.expires = expires
        identifier = try OfflineDescription.identifier(kind, sdp: sdp)
    }

    /// Reads the bytes of the compact form.
    init(compact bytes: [UInt8]) throws(OfflineError) {
        let (description, answers, expires) = try OfflineDescription.read(compact: bytes)
        kind = description.kind
        form = .compact
        sdp = description.sdp
        identifier = description.identifier
        self.answers = answers
        self.expires = expires == 0 ? nil : Int64(expires)
    }

    /// Reads the complete form.
    init(complete text: String) throws(OfflineError) {
        guard let object = try? JSONValue(parsing: text, depthLimit: 16, unpairedSurrogates: .refused).object else {
            throw .damaged
        }
        guard let kind = object["type"]?.string.flatMap({ OfflineKind(rawValue: $0) }), let sdp = object["sdp"]?.string
        else { throw .unusable }
        let ours = object["martlet"]?.object
        try self.init(
            kind, sdp: sdp, answers: ours?["answers"]?.string.flatMap { OfflineIdentifier(text: $0) },
            expires: ours?["expires"]?.integer.flatMap { (1...Int64(UInt32.max)).contains($0) ? $0 : nil },
            form: .complete)
    }

    // MARK: Writing

    /// In the form it has; what the compact form cannot say is written in the complete one.
    package var text: String {
        guard form == .compact, let compact = try? compactText else { return completeText }
        return compact
    }

    /// Letters and digits only, upper case.
    ///
    /// - Throws: `notCompact`.
    package var compactText: String {
        get throws(OfflineError) {
            let bytes = try OfflineDescription(kind, sdp: sdp).compact(
                answers: answers, expires: UInt32(clamping: expires ?? 0))
            return Self.prefix + Base32.encode(bytes)
        }
    }

    /// One line of JSON.
    package var completeText: String {
        var object: JSONObject = ["type": .string(kind.rawValue), "sdp": .string(sdp)]
        var ours = JSONObject()
        if let answers { ours.insert(.string(answers.text), as: "answers") }
        if let expires { ours.insert(.integer(expires), as: "expires") }
        if !ours.names.isEmpty { object.insert(.object(ours), as: "martlet") }
        return JSONValue.object(object).text
    }

    // MARK: What it is good for

    /// Whether we can answer it.
    ///
    /// - Parameter now: in seconds since 1970.
    package func checkIsOffer(at now: Int64) throws(OfflineError) {
        guard kind == .offer else { throw .answerForOffer }
        try checkIsFresh(at: now)
    }

    /// Whether it answers our offer.
    package func checkIsAnswer(to offer: OfflineIdentifier, at now: Int64) throws(OfflineError) {
        guard kind == .answer else { throw identifier == offer ? .ownOffer : .offerForAnswer }
        guard answers == nil || answers == offer else { throw .answersAnother }
        try checkIsFresh(at: now)
    }

    private func checkIsFresh(at now: Int64) throws(OfflineError) {
        guard let expires, now > expires, now - expires > Self.clockSlack else { return }
        throw .expired(secondsAgo: now - expires)
    }
}
