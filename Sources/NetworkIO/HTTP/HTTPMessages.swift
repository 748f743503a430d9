package import Wire

/// One header field of a message. Names compare without regard to case (RFC 9110 section 5.1).
package struct HTTPField: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A request without a body, which is the only kind the server accepts.
package struct HTTPRequest: Sendable, Equatable {
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
    }

    package var method: Method
    /// The part of the request target before `?`, as it came: it starts with `/` and percent signs are not decoded.
    package var path: String
    /// What follows the first `?`, or nil.
    package var query: String?
    /// In the order they came.
    package var fields: [HTTPField]
    /// Where the connection comes from; nil only in tests.
    package var remoteAddress: TransportAddress?

    package init(
        method: Method, path: String, query: String? = nil, fields: [HTTPField] = [],
        remoteAddress: TransportAddress? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
        self.remoteAddress = remoteAddress
    }

    /// The values of every field of that name.
    package func values(_ name: String) -> [String] {
        let wanted = name.lowercased()
        return fields.filter { $0.name.lowercased() == wanted }.map(\.value)
    }
}

/// Bytes that live as long as the process, such as a page embedded in the program. They are never copied whole.
///
/// Sendable because nobody can change them: the initialiser's caller vouches for that.
@safe
package struct StaticBytes: @unchecked Sendable {
    let buffer: UnsafeRawBufferPointer

    /// - Parameter buffer: must stay valid and unchanged until the process ends.
    package init(immortal buffer: UnsafeRawBufferPointer) {
        unsafe self.buffer = buffer
    }

    package init(_ text: StaticString) {
        unsafe buffer = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    package var count: Int { unsafe buffer.count }
}

/// What the server answers. The server itself adds `Content-Length` and `Connection`.
package struct HTTPResponse: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        case `static`(StaticBytes)

        var count: Int {
            switch self {
            case .bytes(let bytes): bytes.count
            case .static(let bytes): bytes.count
            }
        }
    }

    /// 200 to 599.
    package var status: Int
    package var fields: [HTTPField]
    /// Left out of the answer to a HEAD request; `Content-Length` still counts it.
    package var body: Body

    package init(status: Int = 200, fields: [HTTPField] = [], body: Body = .bytes([])) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// A plain-text answer of one line.
    package static func text(_ status: Int, _ text: String, _ fields: [HTTPField] = []) -> HTTPResponse {
        let type = HTTPField("Content-Type", "text/plain; charset=utf-8")
        return HTTPResponse(status: status, fields: [type] + fields, body: .bytes(Array((text + "\n").utf8)))
    }

    /// Whether every field can be written without letting its value end the field (RFC 9110 section 5.5).
    var isWritable: Bool {
        (200...599).contains(status)
            && fields.allSatisfy { field in
                !field.name.isEmpty && field.name.utf8.allSatisfy(HTTPToken.contains)
                    && field.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
            }
    }
}

/// The characters of a token (RFC 9110 section 5.6.2).
enum HTTPToken {
    static func contains(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
