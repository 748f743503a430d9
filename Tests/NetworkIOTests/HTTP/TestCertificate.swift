import Foundation

/// A self-signed certificate for localhost, 127.0.0.1 and ::1, valid from 2020 to 2120. It protects nothing.
final class TestCertificate {
    let certificate: String
    let privateKey: String
    private let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "martlet-tls-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        certificate = folder + "/certificate.pem"
        privateKey = folder + "/key.pem"
        try Self.certificateText.write(toFile: certificate, atomically: true, encoding: .utf8)
        try Self.keyText.write(toFile: privateKey, atomically: true, encoding: .utf8)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static let certificateText = """
        -----BEGIN CERTIFICATE-----
        MIIBfzCCASagAwIBAgIITWFydAAAAAEwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJ
        bG9jYWxob3N0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAUMRIw
        EAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARswppA
        XqEeBCX2R0n2i19+/9x1m4ixdVCTTkw+AvdIyzdIy+/AbCy3MAcgCiyaZlMVQsDS
        8fIf2EJW3LN2ps30o2AwXjAsBgNVHREEJTAjgglsb2NhbGhvc3SHBH8AAAGHEAAA
        AAAAAAAAAAAAAAAAAAEwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUEi1KaHMc
        riFE/WMmL9iHhd3mJDAwCgYIKoZIzj0EAwIDRwAwRAIge+Aikb/JDe99enzDW11W
        GTfKqAInOOGKXapKETvY23cCIGky5hniYc2WfNYUEC54zIe3ehV65EfkWqcjQgao
        nyvP
        -----END CERTIFICATE-----

        """

    private static let keyText = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBB5EtXgsL/DqQWId
        MZmMpUxNHUJpHZZ0HSGp93zoHfahRANCAARswppAXqEeBCX2R0n2i19+/9x1m4ix
        dVCTTkw+AvdIyzdIy+/AbCy3MAcgCiyaZlMVQsDS8fIf2EJW3LN2ps30
        -----END PRIVATE KEY-----

        """
}
