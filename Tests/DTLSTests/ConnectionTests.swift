import CPlatform
import TestSupport
import Testing
import Wire

@testable import DTLS

// OpenSSL takes its timer from gettimeofday(), so these run in virtual time too.
@Suite(.virtualTime, .serialized) struct ConnectionTests {
    @Test func `a handshake connects both sides and data passes both ways`() throws {
        let pair = try ConnectionPair()
        pair.connect()
        #expect(pair.client.state == .connected)
        #expect(pair.server.state == .connected)
        #expect(pair.client.cipherName == "ECDHE-ECDSA-AES128-GCM-SHA256")
        try pair.send([1, 2, 3], from: pair.client)
        try pair.send([4, 5], from: pair.server)
        pair.exchange()
        #expect(pair.received.server == [[1, 2, 3]])
        #expect(pair.received.client == [[4, 5]])
    }

    @Test func `every record is one datagram of the announced overhead`() throws {
        let pair = try ConnectionPair()
        pair.connect()
        try pair.send([UInt8](repeating: 0, count: 1191), from: pair.client)
        let datagrams = pair.take(pair.client)
        #expect(datagrams.map(\.count) == [1191 + DTLSConnection.recordOverheadBytes])
        #expect(datagrams.map(\.count) == [DTLSConnection.maximumDatagramBytes])
    }

    @Test(arguments: [true, false]) func `a certificate that signaling did not name ends the handshake`(
        atClient: Bool
    ) throws {
        let stranger = try DTLSCertificate().fingerprint
        let pair = try ConnectionPair(
            clientAccepts: atClient ? { _ in [stranger] } : nil, serverAccepts: atClient ? nil : { _ in [stranger] })
        pair.connect()
        let (deceived, other) = atClient ? (pair.client, pair.server) : (pair.server, pair.client)
        #expect(deceived.state == .failed(.fingerprintMismatch))
        #expect(other.state != .connected || atClient == false)
        #expect(throws: DTLSError.notConnected) { try pair.send([1], from: deceived) }
        #expect(pair.received.client.isEmpty && pair.received.server.isEmpty)
    }

    @Test func `of several fingerprints the strongest algorithm decides`() throws {
        let pair = try ConnectionPair(clientAccepts: { right in
            [right, CertificateFingerprint(algorithm: .sha512, digest: [UInt8](repeating: 1, count: 64))].compactMap(
                \.self)
        })
        pair.connect()
        #expect(pair.client.state == .failed(.fingerprintMismatch))
    }

    @Test func `both sides export the same keys and agree on an SRTP profile`() throws {
        let pair = try ConnectionPair()
        pair.connect()
        let keys = try pair.client.exportSRTPKeyingMaterial(byteCount: 56)
        #expect(keys == (try pair.server.exportSRTPKeyingMaterial(byteCount: 56)))
        #expect(Set(keys).count > 8)
        #expect(pair.client.srtpProfile == 7)
        #expect(pair.server.srtpProfile == 7)
    }

    @Test func `a lost flight is repeated after a tenth of a second`() throws {
        let pair = try ConnectionPair()
        pair.passes = { _, _ in false }
        pair.connect()
        #expect(pair.client.pollTimeout() == NetworkTime(nanoseconds: 100_000_000))
        pair.passes = { _, _ in true }
        pair.now = NetworkTime(nanoseconds: 100_000_000)
        martlet_virtual_clock_set(pair.now.nanoseconds)
        pair.client.handleTimeout(at: pair.now)
        #expect(!pair.client.outgoing.isEmpty)
        pair.exchange()
        #expect(pair.client.state == .connected)
        #expect(pair.client.pollTimeout() == nil)
    }

    @Test func `a handshake that is never answered fails in the end`() throws {
        let pair = try ConnectionPair()
        pair.passes = { _, _ in false }
        pair.connect()
        var repeats = 0
        while let deadline = pair.client.pollTimeout(), repeats < 100 {
            repeats += 1
            pair.now = deadline
            martlet_virtual_clock_set(deadline.nanoseconds)
            pair.client.handleTimeout(at: deadline)
            pair.exchange()
        }
        guard case .failed(.handshakeFailed) = pair.client.state else {
            Issue.record("state is \(pair.client.state)")
            return
        }
        #expect((5...20).contains(repeats))
        #expect(pair.now < NetworkTime(nanoseconds: 60_000_000_000))
    }

    @Test(arguments: 1...6) func `a handshake survives the loss of any one datagram`(lost: Int) throws {
        let pair = try ConnectionPair()
        var count = 0
        pair.passes = { _, _ in
            count += 1
            return count != lost
        }
        pair.connect()
        for _ in 0..<4 where pair.client.state != .connected || pair.server.state != .connected {
            let deadlines = [pair.client.pollTimeout(), pair.server.pollTimeout()].compactMap(\.self)
            pair.now = try #require(deadlines.min())
            martlet_virtual_clock_set(pair.now.nanoseconds)
            pair.client.handleTimeout(at: pair.now)
            pair.server.handleTimeout(at: pair.now)
            pair.exchange()
        }
        #expect(pair.client.state == .connected)
        #expect(pair.server.state == .connected)
    }

    @Test func `garbage and altered records are dropped without harm`() throws {
        let pair = try ConnectionPair()
        pair.connect()
        try pair.send([1, 2, 3], from: pair.client)
        let record = pair.take(pair.client)[0]
        for index in record.indices {
            for change in 1...UInt8.max {
                var altered = record
                altered[index] ^= change
                altered.withUnsafeBytes {
                    pair.server.handleDatagram($0, at: pair.now) { _ in Issue.record("an altered record was delivered")
                    }
                }
                try #require(pair.server.state == .connected, "byte \(index), changed by \(change)")
            }
        }
        for length in 0..<record.count {
            record[..<length].withUnsafeBytes {
                pair.server.handleDatagram($0, at: pair.now) { _ in Issue.record("a cut record was delivered") }
            }
        }
        var delivered: [[UInt8]] = []
        record.withUnsafeBytes { pair.server.handleDatagram($0, at: pair.now) { delivered.append([UInt8]($0)) } }
        // The same record again is a replay.
        record.withUnsafeBytes { pair.server.handleDatagram($0, at: pair.now) { delivered.append([UInt8]($0)) } }
        #expect(delivered == [[1, 2, 3]])
        #expect(pair.server.state == .connected)
    }

    @Test func `close tells the other side`() throws {
        let pair = try ConnectionPair()
        pair.connect()
        pair.client.close()
        #expect(pair.client.state == .closed)
        pair.exchange()
        #expect(pair.server.state == .closed)
    }
}
