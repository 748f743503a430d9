internal import NetworkIO
internal import Web

/// What a server answers to a GET: the page's files, what the server offers to the page, and nothing else.
enum PageResponse {
    static func answer(_ request: HTTPRequest, offer: ServerOffer) -> HTTPResponse {
        if request.path == ServerOffer.path {
            let fields = ServerOffer.headers.map { HTTPField($0.name, $0.value) }
            return HTTPResponse(fields: fields, body: .bytes(Array(offer.json.utf8)))
        }
        let common = PageHeaders.common.map { HTTPField($0.name, $0.value) }
        guard let asset = PageAssets.asset(forPath: request.path) else {
            return .text(404, "There is nothing here.", common)
        }
        let fields = asset.headers.map { HTTPField($0.name, $0.value) }
        let known = request.values("if-none-match").flatMap { $0.split(separator: ",") }.map(\.trimmed)
        // A weak mark may come from a proxy in between (RFC 9110 section 13.1.2).
        if known.contains(where: { $0 == asset.entityTag || $0 == "W/" + asset.entityTag || $0 == "*" }) {
            return HTTPResponse(status: 304, fields: fields)
        }
        return HTTPResponse(fields: fields, body: .static(StaticBytes(immortal: asset.bytes)))
    }
}
