internal import CPlatform
internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A browser that this program has opened, with a profile of its own. It ends with the program, however that ends, and its profile is
/// removed then: a shell between the two waits for the end of its standard input, which no signal can keep away.
final class OpenedBrowser: Sendable {
    let kind: BrowserKind
    /// Its end closes the browser.
    private let leash: Mutex<Int32?>
    private let shell: pid_t
    private let hasEnded = Latch()
    private let end: AsyncStream<Never>

    /// The browser is `"$@"`, the profile `$profile`. The watcher is killed by its number: a shell that was forked just now may still
    /// have the traps of its parent.
    private static let script = """
        trap : TERM HUP INT
        profile=$1; shift
        exec 3<&0
        HOME=$profile "$@" </dev/null >/dev/null 2>&1 3<&- &
        browser=$!
        { exec >/dev/null 2>&1; cat <&3; kill -TERM $browser; sleep 3; kill -KILL $browser; } &
        watcher=$!
        while kill -0 $browser; do wait $browser; done
        kill -KILL $watcher
        kill -TERM 0
        for i in 1 2 3 4 5; do rm -rf "$profile" && break; sleep 0.2; done 2>/dev/null
        sleep 0.1; rm -rf "$profile"
        """

    /// Opens `address`, which is no argument of any process: it is a secret.
    ///
    /// - Parameter isHeadless: without a window.
    /// - Throws: a failure with what is missing.
    static func open(
        _ kind: BrowserKind, at address: String, isHeadless: Bool, path: String = Environment.value("PATH") ?? ""
    ) throws(CommandFailure) -> OpenedBrowser {
        guard let program = kind.program(path: path) else {
            throw CommandFailure(
                .localResource,
                "\(kind.name) is not installed: PATH has none of \(kind.programs.joined(separator: ", ")).",
                remedy: "--peer page, and open the link in any browser")
        }
        let profile = try makeProfile(kind, address: address)
        let arguments = kind.arguments(
            profile: profile, address: "file://\(profile)/open.html", isHeadless: isHeadless)
        do throws(CommandFailure) {
            return try OpenedBrowser(kind, ["/bin/sh", "-c", script, "sh", profile, program] + arguments)
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
    func close() async {
        let leash = leash.withLock { leash in
            defer { leash = nil }
            return leash
        }
        guard let leash else { return }
        Self.close(leash)
        let shell = shell
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                waitpid(shell, nil, 0)
                continuation.resume()
            }
        }
    }

    private init(_ kind: BrowserKind, _ words: [String]) throws(CommandFailure) {
        self.kind = kind
        var input: [Int32] = [-1, -1]
        var output: [Int32] = [-1, -1]
        guard pipe(&input) == 0, pipe(&output) == 0 else {
            for descriptor in input where descriptor >= 0 { Self.close(descriptor) }
            throw CommandFailure(.localResource, "No pipe could be opened for \(kind.name).")
        }
        for descriptor in input + output { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        // Whoever reads our errors to the end must not have to wait for the shell.
        let nowhere = Self.open("/dev/null", O_WRONLY | O_CLOEXEC, 0)
        defer { if nowhere >= 0 { Self.close(nowhere) } }
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        // Its group is its own: Ctrl-C is for us, and we end it in order.
        let code = martlet_spawn(&process, arguments, input[0], output[1], nowhere)
        Self.close(input[0])
        Self.close(output[1])
        shell = process
        leash = Mutex(input[1])
        guard code == 0 else {
            Self.close(output[0])
            throw CommandFailure(
                .localResource, "\(kind.name) could not be started: \(String(cString: strerror(code))).")
        }
        let (ended, reading) = (hasEnded, output[0])
        let (end, continuation) = AsyncStream.makeStream(of: Never.self)
        self.end = end
        DispatchQueue.global().async {
            var byte: UInt8 = 0
            while read(reading, &byte, 1) > 0 {}
            ended.set()
            continuation.finish()
            Self.close(reading)
        }
    }

    deinit {
        if let leash = leash.withLock(\.self) { Self.close(leash) }
    }

    /// A folder for nobody else, with a page that leads to the address.
    private static func makeProfile(_ kind: BrowserKind, address: String) throws(CommandFailure) -> String {
        let folder = Environment.value("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var template = Array("\(folder)/martlet-browser-\(String(repeating: "X", count: 6))".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CommandFailure(
                .localResource, "No folder for \(kind.name)'s profile could be made in \(folder).",
                remedy: "a TMPDIR that may be written to")
        }
        let profile = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let page = """
            <!doctype html><meta charset="utf-8"><title>Martlet</title>\
            <meta http-equiv="refresh" content="0;url=\(address.replacing("&", with: "&amp;").replacing("\"", with: "&quot;"))">
            """
        for (name, text) in kind.preferences + [("open.html", page)] {
            let file = open("\(profile)/\(name)", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            let reason = file < 0 ? errno : WholeWrite.write(Array(text.utf8), to: file)
            if file >= 0 { close(file) }
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

    private static func open(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { systemOpen(path, flags, mode) }

    private static func close(_ descriptor: Int32) { systemClose(descriptor) }
}

/// `open(2)`, out of reach of methods of that name.
private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }

/// `close(2)`, out of reach of methods of that name.
private func systemClose(_ descriptor: Int32) { close(descriptor) }
