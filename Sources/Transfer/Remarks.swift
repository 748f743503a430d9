/// What the other side says of items that failed, made fit to be shown. Reports keep it for as long as a transfer
/// lasts, and there may be 250,000 of them: so many words, and no more.
struct Remarks: Sendable {
    private var room = TransferLimits.failureTextBytes

    /// The code, and the text as long as there is room.
    mutating func take(code: String, text: String) -> (code: TransferError.Code, text: String) {
        let known = TransferError.Code(rawValue: code)
        let isShort = code.utf8.count <= 16
        guard room > 0 else { return (isShort ? known.shown : .internal, "") }
        let text = Printable.line(text, columns: 500)
        let shown = known.shown
        room -= text.utf8.count + shown.rawValue.utf8.count
        return (shown, text)
    }
}

extension TransferError.Code {
    /// Fit to be shown.
    fileprivate var shown: Self { Self(rawValue: Printable.line(rawValue, columns: 40)) }
}
