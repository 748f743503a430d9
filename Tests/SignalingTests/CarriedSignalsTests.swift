internal import Testing

@testable internal import Signaling

@Suite struct CarriedSignalsTests {
    @Test func `a carried description names one certificate, by its SHA-256`() {
        let line = "a=fingerprint:sha-256 AB:CD\r\n"
        #expect(CarriedSignals.namesOneCertificate("v=0\r\n" + line))
        #expect(CarriedSignals.namesOneCertificate(line + "m=application\r\n" + line.lowercased()))
        #expect(!CarriedSignals.namesOneCertificate("v=0\r\n"))
        #expect(!CarriedSignals.namesOneCertificate(line + "a=fingerprint:sha-256 AB:CE\r\n"))
        #expect(!CarriedSignals.namesOneCertificate(line + "a=fingerprint:sha-512 AB:CD\r\n"))
        #expect(!CarriedSignals.namesOneCertificate("a=fingerprint:sha-1 AB:CD\r\n"))
    }
}
