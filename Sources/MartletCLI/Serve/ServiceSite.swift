internal import NetworkIO
internal import Signaling
internal import Web
internal import Wire

/// What a rendezvous server answers to a GET: the page, its health, and its metrics.
struct ServiceSite: Sendable {
    let rooms: RoomServer
    let isStopping: Latch

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        switch request.path {
        case "/health":
            return isStopping.isSet ? .text(503, "stopping", Self.fields) : .text(200, "ok", Self.fields)
        case "/metrics":
            // Numbers only; but who counts along finely enough sees when two people meet.
            guard let address = request.remoteAddress?.ip, address.isPrivate else {
                return .text(403, "The metrics are for private addresses.", Self.fields)
            }
            let text = ServiceMetrics.text(await rooms.status)
            let type = HTTPField("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            return HTTPResponse(fields: [type] + Self.fields, body: .bytes(Array(text.utf8)))
        default: return PageResponse.answer(request, offer: .rendezvous)
        }
    }

    private static let fields = [
        HTTPField("Cache-Control", "no-store"), HTTPField("X-Content-Type-Options", "nosniff"),
    ]
}

extension IPAddress {
    /// This machine, or a network that is nobody else's: RFC 1918, RFC 4193, link-local.
    var isPrivate: Bool {
        if isIPv4Mapped { return IPAddress(v4: UInt32(truncatingIfNeeded: low)).isPrivate }
        if isLoopback || isLinkLocal { return true }
        switch family {
        case .v4: return low >> 24 == 10 || low >> 20 == 0xAC1 || low >> 16 == 0xC0A8
        case .v6: return high >> 57 == 0x7E
        }
    }
}
