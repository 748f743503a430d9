#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A browser that can be opened, and how it is told to begin without questions and to work at full speed though nobody
/// looks.
enum BrowserKind: String, Sendable {
    case chromium, firefox

    var name: String {
        switch self {
        case .chromium: "Chromium"
        case .firefox: "Firefox"
        }
    }

    /// What the program may be called, the best first.
    var programs: [String] {
        switch self {
        case .chromium: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
        case .firefox: ["firefox", "firefox-esr"]
        }
    }

    /// Where the program is; nil when it is not installed.
    ///
    /// - Parameter path: as `PATH` has it; the current folder, which an empty part would mean, does not count.
    func program(path: String) -> String? {
        for name in programs {
            for folder in path.split(separator: ":") {
                let file = "\(folder)/\(name)"
                var status = stat()
                if stat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, access(file, X_OK) == 0 { return file }
            }
        }
        return nil
    }

    /// - Parameters:
    ///   - profile: a folder of its own.
    ///   - address: what it opens.
    func arguments(profile: String, address: String, isHeadless: Bool) -> [String] {
        switch self {
        case .chromium:
            // Its sandbox does not work for root.
            (geteuid() == 0 ? ["--no-sandbox"] : []) + (isHeadless ? ["--headless=new", "--disable-gpu"] : [])
                + [
                    "--user-data-dir=\(profile)", "--no-first-run", "--no-default-browser-check",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--disable-extensions", "--disable-dev-shm-usage", "--disable-background-timer-throttling",
                    "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
                    "--password-store=basic", "--mute-audio", address,
                ]
        case .firefox:
            (isHeadless ? ["--headless"] : [])
                + ["--profile", profile, "--no-remote", "--new-instance", address]
        }
    }

    /// What the profile holds before the first start: file names and contents.
    var preferences: [(name: String, text: String)] {
        guard self == .firefox else { return [] }
        let lines = [
            ("browser.shell.checkDefaultBrowser", "false"), ("browser.aboutwelcome.enabled", "false"),
            ("browser.startup.page", "0"), ("browser.startup.homepage_override.mstone", "\"ignore\""),
            ("datareporting.policy.dataSubmissionEnabled", "false"), ("toolkit.telemetry.server", "\"\""),
            ("app.update.enabled", "false"), ("app.normandy.enabled", "false"),
            ("extensions.update.enabled", "false"), ("network.captive-portal-service.enabled", "false"),
            ("network.connectivity-service.enabled", "false"), ("browser.safebrowsing.malware.enabled", "false"),
            ("browser.safebrowsing.phishing.enabled", "false"), ("browser.sessionstore.resume_from_crash", "false"),
            ("dom.min_background_timeout_value", "4"),
        ]
        return [("user.js", lines.map { "user_pref(\"\($0)\", \($1));\n" }.joined())]
    }
}
