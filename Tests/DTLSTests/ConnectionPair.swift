import Wire

@testable import DTLS

/// A client and a server whose datagrams are passed by hand.
final class ConnectionPair {
    let client: DTLSConnection
    let server: DTLSConnection
    var now = NetworkTime.zero
    private(set) var received: (client: [[UInt8]], server: [[UInt8]]) = ([], [])
    /// Datagrams that went by, with true for those of the client.
    private(set) var log: [(fromClient: Bool, bytes: [UInt8])] = []
    var passes: (Bool, [UInt8]) -> Bool = { _, _ in true }

    init(
        clientAccepts: ((CertificateFingerprint) -> [CertificateFingerprint])? = nil,
        serverAccepts: ((CertificateFingerprint) -> [CertificateFingerprint])? = nil
    ) throws {
        let (left, right) = (try DTLSCertificate(), try DTLSCertificate())
        client = try DTLSConnection(
            role: .client, certificate: left,
            acceptable: clientAccepts?(right.fingerprint) ?? [right.fingerprint], outgoing: DatagramBatch())
        server = try DTLSConnection(
            role: .server, certificate: right,
            acceptable: serverAccepts?(left.fingerprint) ?? [left.fingerprint], outgoing: DatagramBatch())
    }

    /// Passes datagrams to and fro until both are silent.
    func exchange() {
        while !client.outgoing.isEmpty || !server.outgoing.isEmpty {
            for datagram in take(client) where note(datagram, fromClient: true) {
                datagram.withUnsafeBytes {
                    server.handleDatagram($0, at: now) { received.server.append([UInt8]($0)) }
                }
            }
            for datagram in take(server) where note(datagram, fromClient: false) {
                datagram.withUnsafeBytes {
                    client.handleDatagram($0, at: now) { received.client.append([UInt8]($0)) }
                }
            }
        }
    }

    private func note(_ datagram: [UInt8], fromClient: Bool) -> Bool {
        log.append((fromClient, datagram))
        return passes(fromClient, datagram)
    }

    func take(_ end: DTLSConnection) -> [[UInt8]] {
        var datagrams: [[UInt8]] = []
        end.outgoing.forEachDatagram { datagrams.append([UInt8]($0)) }
        end.outgoing.removeAll()
        return datagrams
    }

    func connect() {
        server.start(at: now)
        client.start(at: now)
        exchange()
    }

    func send(_ bytes: [UInt8], from end: DTLSConnection) throws {
        try bytes.withUnsafeBytes { try end.send($0) }
    }
}
