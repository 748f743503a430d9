import SDP
import Wire

@testable import Signaling

/// The vectors of Docs/Protocols/Offline.md.
enum OfflineSamples {
    static let expires: Int64 = 1_795_000_000

    static let offer = OfflineDescription(
        kind: .offer, ufrag: "abcdEFGH", pwd: "0123456789abcdefghij+/AB", fingerprint: Array(0..<32), setup: .actpass,
        candidates: [
            OfflineCandidate(kind: .host, address: .ip(.init(v4: 0xC0A8_0114)), port: 50_000),
            OfflineCandidate(kind: .host, address: .ip(.init(v4: 0x7F00_0001)), port: 50_001),
        ])
    static let offerText = """
        MARTLET1AAAFA2X5Q3AAQ2NXDUIFDBYY2NO3PY46XPZ5NG3R26PYEGFD7PYACAABAIBQIBIGA4EASCQLBQGQ4DYQCEJBGFAVCYLRQGI2DMOB2HQ7
        AIAMBKABCTBVABGDKG7GHDMC
        """

    /// One candidate of each kind, and no usual value.
    static let answer = OfflineDescription(
        kind: .answer, ufrag: "y0v2", pwd: "OHD0uHRiu3v/uAOinBsnpL4b", fingerprint: Array((0..<32).reversed()),
        setup: .active, sctpPort: 5001, maxMessageBytes: 1_073_741_823,
        candidates: [
            OfflineCandidate(
                kind: .host, address: .name("b0194bb8-3307-4668-8815-a81dea927ea9.local"), port: 43_149),
            OfflineCandidate(
                kind: .host, address: .ip(.init(v6High: 0x2001_0db8_0000_0000, low: 0x1)), port: 43_150),
            OfflineCandidate(kind: .host, address: .ip(.init(v6High: 0, low: 1)), port: 43_151),
            OfflineCandidate(kind: .host, address: .name("printer.local"), port: 43_152),
            OfflineCandidate(kind: .serverReflexive, address: .ip(.init(v4: 0xCB00_7107)), port: 43_153),
            OfflineCandidate(kind: .relayed, address: .ip(.init(v4: 0xC633_6402)), port: 43_154),
        ])
    static let answerText = """
        MARTLET1DMAJK2X5Q3AK7WODZIJYSP77777QJS2L6YMDQ4HUXB2GFO33764AHIU4DMT2JPQ3D4PB2HA3DIMRQFYWCUKBGEQRCAHQ4DIMBMFASCAH
        AYCQIAYCAEAAMAVQDFF3QMYHIZUIQFNIDXVJE7VJVCGQCIABBW4AAAAAAAAAAAAAAAAAAANIRYC2RDYDBVYHE2LOORSXELTMN5RWC3FISAEMWADR
        A6UJCEGGGNSAFKESYN7TOAA
        """

    static func paste(
        _ description: OfflineDescription, answers: OfflineIdentifier? = nil, form: OfflinePaste.Form = .compact
    ) throws -> OfflinePaste {
        try OfflinePaste(description.kind, sdp: description.sdp, answers: answers, expires: expires, form: form)
    }

    /// A description with so many host candidates.
    static func crowded(_ count: Int) -> OfflineDescription {
        var description = offer
        description.candidates = (0..<count).map { index in
            OfflineCandidate(
                kind: .host, address: .ip(.init(v4: 0x0A00_0000 + UInt32(index))), port: UInt16(1000 + index))
        }
        return description
    }
}
