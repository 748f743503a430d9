internal import CQREncode

/// The modules of a QR code (ISO/IEC 18004), without its quiet zone.
struct QRMatrix: Sendable, Equatable {
    /// Modules on each side, 21 to 177.
    let size: Int
    /// Row after row; true is dark.
    private let modules: [Bool]

    /// - Returns: nil unless there are `size` times `size` modules.
    init?(size: Int, modules: [Bool]) {
        guard size > 0, modules.count == size * size else { return nil }
        self.size = size
        self.modules = modules
    }

    /// Encodes `text` at the lowest level of error correction: a screen is never dirty, and the code stays small.
    ///
    /// - Returns: nil when the text is empty or too long for a QR code (2953 bytes), or memory is short.
    init?(_ text: String) {
        // 8-bit mode takes any bytes, and capitals and digits get the smaller modes that there are for them; only NUL
        // would end the text early.
        guard !text.isEmpty, !text.utf8.contains(0),
            let code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1)
        else { return nil }
        defer { QRcode_free(code) }
        guard let data = code.pointee.data else { return nil }
        let size = Int(code.pointee.width)
        let modules = UnsafeBufferPointer(start: data, count: size * size).map { $0 & 1 == 1 }
        self.init(size: size, modules: modules)
    }

    /// Whether the module is dark; outside everything is light.
    func isDark(row: Int, column: Int) -> Bool {
        guard (0..<size).contains(row), (0..<size).contains(column) else { return false }
        return modules[row * size + column]
    }
}
