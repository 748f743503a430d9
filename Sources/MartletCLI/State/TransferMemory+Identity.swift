internal import Transfer

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension TransferMemory {
    /// What makes two `send` commands the same: real paths and texts in their order, and where the two sides meet.
    /// Nil for what cannot be read twice, such as standard input.
    static func identity(of sources: [Source], _ server: ServerOptions, isOffline: Bool = false) -> [String]? {
        var words = ["1", "\(server.port ?? 0)", server.bind.map { "\($0)" } ?? "", server.local ? "local" : ""]
        if let url = server.url, !url.isEmpty { words.append("server " + url) }
        if isOffline { words.append("offline") }
        for source in sources {
            switch source {
            case .path(let path):
                guard let real = realpath(path, nil) else { return nil }
                defer { free(real) }
                words.append("path " + String(cString: real))
            case .text(let text): words.append("text " + text)
            case .standardInput: return nil
            }
        }
        return words
    }
}
