internal import NetworkIO

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A browser that this program has opened, with a profile of its own. It ends with the program, however that ends, and
/// its profile is removed then: a shell between the two waits for the end of its standard input, which no signal can
/// keep away.
final class OpenedBrowser: Sendable {
    let kind: BrowserKind
    /// The shell. The end of its input closes the browser.
    private let shell: ChildProcess
    private let hasEnded = Latch()
    private let end: AsyncStream<Never>

    /// How long the shell may take to end the browser and to remove what it leaves.
    private static let grace = Duration.seconds(30)
    /// The longest path below which Chromium can make its socket: its folder there has a name of 28 bytes, which with
    /// two slashes, `SingletonSocket` and the end of the text has to fit into the 104 bytes (108 on Linux) of a
    /// socket's name.
    private static let longestScratch = 104 - 46

    /// The browser is `"$@"`, the profile `$profile`; what it makes beside its profile goes to `$scratch`. The watcher
    /// is killed by its number: a shell that was forked just now may still have the traps of its parent.
    private static let script = """
        trap : TERM HUP INT
        profile=$1; scratch=$2; shift 2
        exec 3<&0
        HOME=$profile TMPDIR=$scratch "$@" </dev/null >/dev/null 2>&1 3<&- &
        browser=$!
        { exec >/dev/null 2>&1; cat <&3; kill -TERM $browser; sleep 3; kill -KILL $browser; } &
        watcher=$!
        while kill -0 $browser; do wait $browser; done
        kill -KILL $watcher
        kill -TERM 0
        for i in 1 2 3 4 5; do rm -rf "$profile" "$scratch" && break; sleep 0.2; done 2>/dev/null
        sleep 0.1; rm -rf "$profile" "$scratch"
        """

    /// Opens `address`, which is no argument of any process: it is a secret.
    ///
    /// - Parameters:
    ///   - isHeadless: without a window.
    ///   - path: where programs are.
    ///   - temporary: the folder for its profile.
    /// - Throws: a failure with what is missing.
    static func open(
        _ kind: BrowserKind, at address: String, isHeadless: Bool, path: String = Environment.value("PATH") ?? "",
        temporary: String = Environment.value("TMPDIR") ?? ""
    ) throws(CommandFailure) -> OpenedBrowser {
        guard let program = kind.program(path: path) else {
            throw CommandFailure(
                .localResource,
                "\(kind.name) is not installed: PATH has none of \(kind.programs.joined(separator: ", ")).",
                remedy: "--peer page, and open the link in any browser")
        }
        let profile = try makeProfile(kind, address: address, in: temporary.isEmpty ? "/tmp" : temporary)
        do throws(CommandFailure) {
            let scratch = profile.utf8.count <= longestScratch ? profile : try makeFolder(kind, in: "/tmp")
            let arguments = kind.arguments(
                profile: profile, address: "file://\(profile)/open.html", isHeadless: isHeadless)
            do throws(ChildProcessError) {
                return OpenedBrowser(
                    kind,
                    try ChildProcess(
                        ["/bin/sh", "-c", script, "sh", profile, scratch, program] + arguments, errors: .nowhere))
            } catch {
                if scratch != profile { rmdir(scratch) }
                var words = "\(kind.name) could not be started."
                if case .notStarted(_, let reason) = error {
                    words = "\(kind.name) could not be started: \(reason)."
                }
                throw CommandFailure(.localResource, words)
            }
        } catch {
            remove(profile, of: kind)
            throw error
        }
    }

    /// Whether there is no screen to show a window on.
    static var hasNoDisplay: Bool {
        #if os(macOS)
            false
        #else
            ["DISPLAY", "WAYLAND_DISPLAY"].allSatisfy { (Environment.value($0) ?? "").isEmpty }
        #endif
    }

    /// Whether it still runs, as far as is known.
    var isOpen: Bool { !hasEnded.isSet }

    /// Returns when it runs no more, or the task is cancelled. One caller.
    func ended() async {
        for await _ in end {}
    }

    /// Closes it and returns when it is gone. Idempotent.
    func close() async { await shell.end(grace: Self.grace) }

    private init(_ kind: BrowserKind, _ shell: ChildProcess) {
        self.kind = kind
        self.shell = shell
        let (end, continuation) = AsyncStream.makeStream(of: Never.self)
        self.end = end
        shell.onEndOfOutput { [hasEnded] in
            hasEnded.set()
            continuation.finish()
        }
    }

    deinit { shell.endInput() }

    /// A folder for nobody else.
    private static func makeFolder(_ kind: BrowserKind, in folder: String) throws(CommandFailure) -> String {
        var template = Array("\(folder)/martlet-browser-\(String(repeating: "X", count: 6))".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CommandFailure(
                .localResource, "No folder for \(kind.name)'s profile could be made in \(folder).",
                remedy: "a TMPDIR that may be written to")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A folder for nobody else, with a page that leads to the address.
    private static func makeProfile(
        _ kind: BrowserKind, address: String, in folder: String
    ) throws(CommandFailure) -> String {
        let profile = try makeFolder(kind, in: folder)
        let page = """
            <!doctype html><meta charset="utf-8"><title>Martlet</title>\
            <meta http-equiv="refresh" content="0;url=\(address.replacing("&", with: "&amp;").replacing("\"", with: "&quot;"))">
            """
        for (name, text) in kind.preferences + [("open.html", page)] {
            let file = systemOpen("\(profile)/\(name)", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            let reason = file < 0 ? errno : WholeWrite.write(Array(text.utf8), to: file)
            if file >= 0 { systemClose(file) }
            guard reason == 0 else {
                remove(profile, of: kind)
                throw CommandFailure(
                    .localResource,
                    "\(kind.name)'s profile could not be written: \(String(cString: strerror(reason))).")
            }
        }
        return profile
    }

    /// Removes a profile that no browser has used.
    private static func remove(_ profile: String, of kind: BrowserKind) {
        for name in kind.preferences.map(\.0) + ["open.html"] { unlink("\(profile)/\(name)") }
        rmdir(profile)
    }
}

/// `open(2)`, out of reach of methods of that name.
private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }

/// `close(2)`, out of reach of methods of that name.
private func systemClose(_ descriptor: Int32) { close(descriptor) }
