internal import NIOSSL

/// Where a server's certificate and private key lie, both PEM.
package struct TLSFiles: Sendable, Equatable {
    /// The server's certificate first, then those that lead to its authority.
    package var certificateChain: String
    package var privateKey: String

    package init(certificateChain: String, privateKey: String) {
        self.certificateChain = certificateChain
        self.privateKey = privateKey
    }

    /// Reads both files; this blocks and belongs to the start of the program.
    func makeContext() throws(HTTPServerError) -> NIOSSLContext {
        let chain: [NIOSSLCertificate]
        do { chain = try NIOSSLCertificate.fromPEMFile(certificateChain) } catch {
            throw .certificateUnusable(path: certificateChain, reason: "\(error)")
        }
        guard !chain.isEmpty else {
            throw .certificateUnusable(path: certificateChain, reason: "the file holds no certificate")
        }
        let key: NIOSSLPrivateKey
        do { key = try NIOSSLPrivateKey(file: privateKey, format: .pem) } catch {
            throw .privateKeyUnusable(path: privateKey, reason: "\(error)")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw .privateKeyUnusable(path: privateKey, reason: "it does not belong to the certificate (\(error))")
        }
    }
}

/// Whom a client believes.
package enum TLSTrust: Sendable, Equatable {
    /// The certificate authorities of the system.
    case system
    /// Only the certificates in this PEM file, for a server with a certificate of its own making.
    case certificates(path: String)

    func makeContext() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        if case .certificates(let path) = self { configuration.trustRoots = .file(path) }
        return try NIOSSLContext(configuration: configuration)
    }
}
