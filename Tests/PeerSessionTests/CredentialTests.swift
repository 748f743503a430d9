import ICE
import LinkSimulator
import SDP
import Testing

/// What `Negotiation` relies on: credentials of the agent always fit into a description.
struct CredentialTests {
    @Test func `credentials that are made fit into a description`() {
        for seed in 0..<500 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let made = ICE.ICECredentials(random: &random)
            #expect(SDP.ICECredentials(ufrag: made.ufrag, pwd: made.password) != nil, "seed \(seed)")
        }
    }

    @Test func `the agent and the description admit the same credentials`() {
        func check(_ ufrag: String, _ password: String) {
            let isCredential = (try? ICE.ICECredentials(ufrag: ufrag, password: password)) != nil
            #expect(isCredential == (SDP.ICECredentials(ufrag: ufrag, pwd: password) != nil), "\(ufrag) \(password)")
        }
        let password = String(repeating: "p", count: 22)
        for count in [0, 3, 4, 21, 22, 256, 257] {
            check(String(repeating: "a", count: count), password)
            check("abcd", String(repeating: "b", count: count))
        }
        for scalar in 0...0x17F as ClosedRange<UInt32> {
            let character = Unicode.Scalar(scalar).map(String.init) ?? ""
            check("abcd" + character, password)
            check("abcd", password + character)
        }
    }
}
