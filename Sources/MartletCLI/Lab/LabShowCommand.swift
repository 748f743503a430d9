internal import ArgumentParser
internal import Lab
internal import Transfer

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// `martlet lab show`: a report once more, as a table and in other forms.
struct LabShowCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what a report says, and make a page or a table of it.",
        usage: "martlet lab show [options] REPORT",
        discussion: """
            martlet lab show report.json                   the table once more
            martlet lab show report.json --html talk.html  a page with plots
            martlet lab show results --csv numbers.csv     from a folder of martlet lab -o
            martlet lab show results --svg plots           every plot as a drawing, for talks
            """)

    @Argument(
        help: ArgumentHelp("A report that martlet lab -o has written, or its folder.", valueName: "report"),
        completion: .file())
    var report: String

    @Option(
        help: ArgumentHelp("Write a page with plots, which needs nothing else.", valueName: "file"), completion: .file()
    )
    var html: String?

    @Option(
        help: ArgumentHelp("Write a line with all numbers for each scenario.", valueName: "file"), completion: .file())
    var csv: String?

    @Option(
        help: ArgumentHelp("Write each plot as a drawing of its own into a folder.", valueName: "folder"),
        completion: .directory)
    var svg: String?

    @OptionGroup var speech: OutputOptions

    static let environmentFlags = OutputOptions.environmentFlags

    func perform(on console: Console) async throws(CommandFailure) {
        var options = LabFileOptions()
        options.output = nil
        options.html = html
        options.csv = csv
        let files = try LabFiles(options)
        let path = Self.isFolder(report) ? "\(report)/report.json" : report
        let content: LabReport
        let text = try Self.read(path)
        do throws(LabError) { content = try LabReport(json: text) } catch {
            var failure = CommandFailure(error)
            failure.sentence = "\(Printable.line(path, columns: 200, cut: .middle)): \(failure.sentence)"
            throw failure
        }
        let account = LabAccount(content.plan, on: console)
        console.say(Self.origin(content))
        account.begin(estimate: nil)
        for (index, result) in content.results.enumerated() { account.tell(result, index: index) }
        account.end(content, preset: LabPreset.allCases.first { $0.question == content.plan.title })
        if let svg, !svg.isEmpty { try LabFiles.writeDrawings(of: content, into: svg) }
        guard !files.places.isEmpty else { return }
        let (written, failure) = files.write(content)
        LabAccount.tell(written, isComplete: content.isComplete, on: console)
        if let failure { throw failure }
    }

    /// Who measured with whom, and when.
    private static func origin(_ report: LabReport) -> String {
        let conductor = Printable.line(report.conductor, columns: 60)
        let partner = Printable.line(report.partner, columns: 60)
        let who = conductor == partner ? conductor : "\(conductor) with \(partner)"
        return "Measured by \(who) on \(LabDate.text(report.made))."
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func read(_ path: String) throws(CommandFailure) -> String {
        let shown = Printable.line(path, columns: 200, cut: .middle)
        guard let file = fopen(path, "r") else {
            throw CommandFailure(
                .source, "\(shown) cannot be read: \(String(cString: strerror(errno))).",
                remedy: "check the name; it is looked for in the folder that you are in")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= LabReport.byteLimit {
            let count = fread(&block, 1, block.count, file)
            if count == 0 { break }
            bytes += block[..<count]
        }
        guard bytes.count <= LabReport.byteLimit, let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure(.source, "\(shown) is no report of the lab: it is too large, or no text.")
        }
        return text
    }
}

/// A time as people write it.
enum LabDate {
    /// `2026-11-22 04:10 UTC`.
    static func text(_ seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = tm()
        guard gmtime_r(&time, &parts) != nil else { return "an unknown day" }
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return
            "\(Int(parts.tm_year) + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) \(two(parts.tm_hour)):\(two(parts.tm_min)) UTC"
    }
}
