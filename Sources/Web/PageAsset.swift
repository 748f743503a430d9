internal import CWebAssets

/// One file of the page, as an HTTP server answers a GET for it. The bytes are static data of the program: they are
/// never copied, freed or changed.
package struct PageAsset: Sendable {
    /// The URL path it is served at, beginning with a slash: `/` for the page itself.
    package let path: String
    /// Value of `Content-Type`.
    package let contentType: String
    /// Value of `ETag`, quotes included: a 64-bit FNV-1a hash of the bytes, which tells versions of the page apart and
    /// defends against nobody.
    package let entityTag: String
    private let index: Int

    /// The file's content, valid as long as the program runs.
    package var bytes: UnsafeRawBufferPointer {
        let asset = unsafe martlet_web_asset_at(index)
        // Safe: the pointer and count describe one static array of the C target.
        return unsafe UnsafeRawBufferPointer(start: asset.bytes, count: asset.count)
    }

    /// Headers of the answer beside `Content-Length`: what kind it is, how long it may be kept, and what the browser
    /// must refuse to do with it.
    package var headers: [(name: String, value: String)] {
        [("Content-Type", contentType), ("ETag", entityTag)] + PageHeaders.common
    }

    init(index: Int) {
        let asset = unsafe martlet_web_asset_at(index)
        let name = unsafe String(cString: asset.name)
        self.index = index
        path = name == "index.html" ? "/" : "/" + name
        contentType = Self.contentType(of: name)
        let content = unsafe UnsafeRawBufferPointer(start: asset.bytes, count: asset.count)
        let hash = unsafe content.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        entityTag = "\"" + String(hash, radix: 16) + "\""
    }

    /// Browsers refuse modules and style sheets of any other type.
    private static func contentType(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        case "txt": "text/plain; charset=utf-8"
        default: "application/octet-stream"
        }
    }
}
