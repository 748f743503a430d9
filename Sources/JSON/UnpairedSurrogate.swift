/// What the escape of a UTF-16 surrogate without its partner means in a string (RFC 8259 section 8.2 leaves it open).
package enum UnpairedSurrogate: Sendable {
    /// The text is no JSON: nobody who writes Unicode means one.
    case refused
    /// It reads as U+FFFD, REPLACEMENT CHARACTER. ECMAScript strings may hold such a surrogate, from a file name for
    /// example, and its `JSON.stringify` writes it as an escape.
    case replaced
}
