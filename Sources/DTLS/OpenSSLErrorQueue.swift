internal import COpenSSL

/// OpenSSL's per-thread error queue: clear before a call, drain after it.
enum OpenSSLErrorQueue {
    static func clear() {
        ERR_clear_error()
    }

    /// The texts of all queued errors, oldest first; the queue is empty afterwards.
    static func drain() -> String {
        var texts: [String] = []
        while case let code = ERR_get_error(), code != 0 {
            guard texts.count < 8 else { continue }
            var text = [CChar](repeating: 0, count: 256)
            ERR_error_string_n(code, &text, text.count)
            texts.append(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        return texts.isEmpty ? "no details" : texts.joined(separator: "; ")
    }
}
