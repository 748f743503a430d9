/// Bounds on what is accepted from a peer. Browsers' largest offers stay far below them: 300 lines, 6 KiB.
package enum SDPLimits {
    package static let descriptionBytes = 64 * 1024
    package static let lineBytes = 8 * 1024
    package static let lines = 4096
    package static let mediaSections = 32
    /// At one level; a peer names one certificate by a few hash functions.
    package static let fingerprints = 16
    /// `a=mid` is copied into our own descriptions, so it is kept short.
    package static let midBytes = 64
}
