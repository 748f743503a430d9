/// Why a server could not start. `host` and `port` are those it was asked to listen at.
package enum HTTPServerError: Error, Sendable, Equatable {
    case noAddress
    /// Another process listens there.
    case addressInUse(host: String, port: UInt16)
    /// Ports below 1024 need a privilege on most systems.
    case permissionDenied(host: String, port: UInt16)
    /// The address belongs to no interface of this machine.
    case addressNotAvailable(host: String, port: UInt16)
    case bindFailed(host: String, port: UInt16, reason: String)
    case certificateUnusable(path: String, reason: String)
    case privateKeyUnusable(path: String, reason: String)
}

extension HTTPServerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noAddress: "no address to listen at was given"
        case .addressInUse(let host, let port): "port \(port) at \(host) is in use by another program"
        case .permissionDenied(let host, let port): "listening at port \(port) of \(host) is not permitted"
        case .addressNotAvailable(let host, let port): "\(host) is no address of this machine (port \(port))"
        case .bindFailed(let host, let port, let reason): "cannot listen at port \(port) of \(host): \(reason)"
        case .certificateUnusable(let path, let reason): "cannot use the certificate \(path): \(reason)"
        case .privateKeyUnusable(let path, let reason): "cannot use the private key \(path): \(reason)"
        }
    }
}
