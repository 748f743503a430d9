internal import ArgumentParser

/// Who takes part in experiments.
enum LabPeer: String, CaseIterable, Sendable, ExpressibleByArgument {
    /// A second one in this process.
    case own = "self"
    /// A page in this browser, which is opened.
    case chromium, firefox
    /// Whoever opens the link in a browser.
    case page
    /// Whoever gives the link to `martlet lab join`.
    case terminal

    /// Whether somebody has to come.
    var isRemote: Bool { self != .own }

    /// What a browser is called where people look for it.
    var browser: BrowserKind? {
        switch self {
        case .chromium: .chromium
        case .firefox: .firefox
        default: nil
        }
    }
}
