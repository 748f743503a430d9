/// Headers that every answer carries which belongs to the page.
package enum PageHeaders {
    /// - `Content-Security-Policy`: everything from this origin only, no inline script or style, no frames around us,
    ///   and scripts by address only through the page's one Trusted Types policy. `default-src 'self'` covers the
    ///   WebSocket of the same host and port, and the frame that starts a download.
    /// - `Referrer-Policy`: the address of the page is nobody's business (its fragment is never sent anyway).
    /// - `Cache-Control: no-cache`: asked for anew each time, so that a new program never meets an old page; `ETag`
    ///   makes that cheap.
    package static let common: [(name: String, value: String)] = [
        (
            "Content-Security-Policy",
            "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                + "require-trusted-types-for 'script'; trusted-types martlet"
        ),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-cache"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
}
