internal import ArgumentParser
internal import Lab
internal import Transfer

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Where a report goes.
struct LabFileOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Keep the report: in a file FILE.json, or as report.json, .csv and .html in a folder.", valueName: "path"),
        completion: .file())
    var output: String?

    @Option(
        help: ArgumentHelp("Write a page with plots, which needs nothing else.", valueName: "file"), completion: .file()
    )
    var html: String?

    @Option(
        help: ArgumentHelp("Write a line with all numbers for each scenario.", valueName: "file"), completion: .file())
    var csv: String?

    static let environmentFlags = ["output", "html", "csv"].map { EnvironmentFlag(lab: $0, .value) }
}

/// The files that a report is written to. What is there is replaced as a whole, or not at all.
struct LabFiles: Sendable {
    enum Form: String, Sendable, CaseIterable {
        case json, csv, html
    }

    let places: [(form: Form, path: String)]

    /// Looks whether the files can be written, before hours are spent on what goes into them. Makes the folder.
    init(_ options: LabFileOptions) throws(CommandFailure) {
        var places: [(Form, String)] = []
        if let output = options.output, !output.isEmpty {
            if output.hasSuffix(".json") {
                places.append((.json, output))
            } else if output.hasSuffix(".html") || output.hasSuffix(".csv") {
                let flag = output.hasSuffix(".csv") ? "--csv" : "--html"
                throw CommandFailure(
                    .usage, "-o is for a folder or a file FILE.json: \(Self.shown(output)) is neither.",
                    remedy: "\(flag) \(Self.shown(output))")
            } else {
                let folder = output.hasSuffix("/") ? String(output.dropLast()) : output
                try Self.makeFolder(folder.isEmpty ? "/" : folder)
                places += Form.allCases.map { ($0, "\(folder)/report.\($0.rawValue)") }
            }
        }
        if let csv = options.csv, !csv.isEmpty { places.append((.csv, csv)) }
        if let html = options.html, !html.isEmpty { places.append((.html, html)) }
        for (_, path) in places { try Self.check(path) }
        self.places = places
    }

    /// Writes all of them.
    ///
    /// - Returns: the paths of those that were written, and what is wrong with the first of the others.
    func write(_ report: LabReport) -> (written: [(form: Form, path: String)], failure: CommandFailure?) {
        var written: [(form: Form, path: String)] = []
        var failure: CommandFailure?
        for (form, path) in places {
            let text =
                switch form {
                case .json: report.json + "\n"
                case .csv: report.csv
                case .html: LabReportPage(report).html
                }
            let reason = Self.save(text, as: path)
            if reason == 0 { written.append((form, path)) } else { failure = failure ?? Self.failure(path, reason) }
        }
        return (written, failure)
    }

    /// Writes each plot as a file of SVG into a folder, which is made.
    static func writeDrawings(of report: LabReport, into folder: String) throws(CommandFailure) {
        try makeFolder(folder)
        for (name, svg) in LabReportPage(report).drawings {
            let path = "\(folder)/\(name).svg"
            let reason = save(svg, as: path)
            guard reason == 0 else { throw failure(path, reason) }
        }
    }

    private static func makeFolder(_ path: String) throws(CommandFailure) {
        guard mkdir(path, 0o777) != 0, errno != EEXIST else { return }
        throw failure(path, errno)
    }

    private static func check(_ path: String) throws(CommandFailure) {
        var status = stat()
        if stat(path, &status) == 0 {
            if status.st_mode & S_IFMT == S_IFDIR { throw failure(path, EISDIR) }
            guard access(path, W_OK) == 0 else { throw failure(path, errno) }
            if status.st_mode & S_IFMT != S_IFREG { return }
        }
        guard access(folder(of: path), W_OK) == 0 else { throw failure(path, errno) }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// - Returns: 0, or the `errno` for which the file is as it was.
    private static func save(_ text: String, as path: String) -> Int32 {
        var status = stat()
        let isSpecial = stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
        // A pipe or a device is written to; it cannot be replaced.
        let place = isSpecial ? path : "\(path).\(getpid()).part"
        let file = open(place, isSpecial ? O_WRONLY | O_CLOEXEC : O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard file >= 0 else { return errno }
        let reason = WholeWrite.write(Array(text.utf8), to: file)
        close(file)
        guard !isSpecial else { return reason }
        if reason == 0, rename(place, path) == 0 { return 0 }
        let failure = reason == 0 ? errno : reason
        unlink(place)
        return failure
    }

    private static func failure(_ path: String, _ reason: Int32) -> CommandFailure {
        CommandFailure(
            .localResource, "\(shown(path)) cannot be written: \(String(cString: strerror(reason))).",
            remedy: "another place, which is there and may be written to")
    }

    private static func shown(_ path: String) -> String { Printable.line(path, columns: 200, cut: .middle) }
}
