internal import Lab
internal import Transfer
internal import Wire

/// The live view as lines of text: the link that somebody turns at, and four channels side by side.
struct LabLiveScreen: Sendable {
    var settings: LabLiveSettings
    var strips: [LabLiveStrip]
    var phase: LabLive.Phase
    var elapsed: Duration
    /// Who the messages go to, as it came.
    var partner: String
    var knob: LabKnob

    private static let bars: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    /// A shorter wait is not worth a word, in microseconds.
    private static let noticeable: Int64 = 5_000
    private static let labelColumns = 12
    private static let gap = 1
    private static let leastWidth = 9
    /// When half of what comes is older than that, it has waited at the sender; in microseconds.
    private static let piled: Int64 = 2_000_000
    /// The longest name of a channel there is, and a little.
    private static let largestWidth = 30

    /// For a terminal of that size: each line takes one column less at most, and there is one line less at most.
    func lines(columns: Int, rows: Int, hasColour: Bool) -> [String] {
        let room = columns - 1 - Self.labelColumns + Self.gap
        let width = max(Self.leastWidth, min(Self.largestWidth, room / strips.count - Self.gap))
        var lines = [title(columns: columns)]
        lines += knobs(columns: columns, hasColour: hasColour)
        lines.append(note)
        let names = strips.map { Self.name($0.channel, width: width) }
        lines.append(strong(row("", names.map(\.0), width: width), hasColour))
        lines.append(strong(row("", names.map(\.1), width: width), hasColour))
        lines.append(heading("last 10 s", hasColour))
        lines += figures(\.recent, width: width, hasColour: hasColour)
        lines.append(heading("last minute", hasColour))
        lines += figures(\.minute, width: width, hasColour: hasColour)
        lines.append(heading("each second", hasColour))
        let largest = strips.flatMap { $0.history.suffix(width).compactMap(\.p99) }.max() ?? 0
        lines.append(
            row("delivered", strips.map { Self.spark($0.history, width) { $0.deliveredShare } }, width: width))
        lines.append(
            row(
                "99 % within",
                strips.map { strip in
                    Self.spark(strip.history, width) { $0.p99.map { Double($0) / Double(max(1, largest)) } }
                }, width: width))
        if largest > 0 { lines.append("            bars up to \(LabText.time(largest)), the same for all") }
        return lines.prefix(max(1, rows - 1)).map { Self.cut($0, columns: columns - 1) }
    }

    // MARK: - Above

    private func title(columns: Int) -> String {
        let state = phase == .connecting ? "connecting…" : DurationText.text(elapsed)
        let room = max(8, columns - 1 - 28 - Printable.columns(of: state))
        return "martlet lab live · \(state) · with \(Printable.line(partner, columns: room))"
    }

    /// The knobs, in as many lines as they need, and what the keys do.
    private func knobs(columns: Int, hasColour: Bool) -> [String] {
        var lines: [String] = []
        var line = ""
        var used = 0
        for candidate in LabKnob.allCases {
            let text = candidate == knob ? "[\(candidate.text(settings))]" : " \(candidate.text(settings)) "
            let width = Printable.columns(of: text)
            if used > 0, used + width > columns - 1 {
                lines.append(line)
                line = ""
                used = 0
            }
            line += candidate == knob ? strong(text, hasColour) : text
            used += width
        }
        lines.append(line)
        let keys = LabKnob.allCases.map { String($0.key) }.joined(separator: " ")
        lines.append(" ← → or \(keys) chooses, ↑ ↓ turns, q ends")
        return lines
    }

    /// Why messages are as old as they are, where that surprises: no option switches SCTP's congestion control off.
    private var note: String {
        strips.contains { ($0.recent.p50 ?? 0) > Self.piled }
            ? " Messages pile up: SCTP may not send faster on this link." : ""
    }

    // MARK: - Rows

    private func figures(
        _ part: KeyPath<LabLiveStrip, LabLiveFigures>, width: Int, hasColour: Bool
    ) -> [String] {
        let figures = strips.map { $0[keyPath: part] }
        var lines = [
            row(
                "delivered",
                figures.map { figure in
                    let text = figure.deliveredShare.map { LabText.share($0) } ?? "–"
                    return Self.marked(text, when: figure.deliveredShare.map { $0 < 1 } ?? false, hasColour)
                }, width: width),
            row("half within", figures.map { Self.time($0.p50) }, width: width),
            row("99 % within", figures.map { Self.time($0.p99) }, width: width),
        ]
        let seen = figures.filter { $0.waitingP99 != nil }
        if !seen.isEmpty {
            // Of fewer than a hundred there is no one percent; side by side stand figures of the same kind.
            let hasOnePercent = seen.allSatisfy { $0.waitingCount >= LabDistribution.percentCount }
            lines.append(
                row(
                    hasOnePercent ? "1 % wait" : "waits up to",
                    figures.map { figure in
                        guard let waiting = hasOnePercent ? figure.waitingP99 : figure.longestWait else { return "–" }
                        guard waiting >= Self.noticeable else { return "nobody" }
                        return Self.marked((hasOnePercent ? "> " : "") + Self.time(waiting), when: true, hasColour)
                    }, width: width))
        }
        if figures.contains(where: { $0.refused > 0 }) {
            lines.append(row("not sent", figures.map { LabText.count($0.refused) }, width: width))
        }
        return lines
    }

    private func heading(_ text: String, _ hasColour: Bool) -> String {
        hasColour ? strong(text, hasColour) : "\(text):"
    }

    private func strong(_ text: String, _ hasColour: Bool) -> String {
        hasColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text
    }

    private func row(_ label: String, _ cells: [String], width: Int) -> String {
        let parts = cells.map { Self.padded(Self.cut($0, columns: width), to: width + Self.gap) }
        var line = Self.padded(label, to: Self.labelColumns) + parts.joined()
        while line.last == " " { line.removeLast() }
        return line
    }

    /// The name of a channel in two lines; where it does not fit, as `--channel` has it.
    private static func name(_ channel: LabChannel, width: Int) -> (String, String) {
        let order = channel.ordered ? "ordered" : "unordered"
        let names =
            if let count = channel.maxRetransmits {
                ["maxRetransmits \(count)", "rtx \(count)"]
            } else if let life = channel.maxPacketLifeTime {
                ["maxPacketLifeTime \(life)", "lifeTime \(life)", "life \(life)"]
            } else {
                ["reliable"]
            }
        return (order, names.first { $0.count <= width } ?? names[names.count - 1])
    }

    private static func time(_ microseconds: Int64?) -> String { microseconds.map { LabText.time($0) } ?? "–" }

    /// A bar for each of the last seconds, of a value from 0 to 1.
    private static func spark(_ history: [LabLiveMoment], _ width: Int, _ value: (LabLiveMoment) -> Double?) -> String {
        String(
            history.suffix(width).map { moment -> Character in
                guard let value = value(moment) else { return " " }
                return bars[Int((min(max(value, 0), 1) * Double(bars.count - 1)).rounded())]
            })
    }

    // MARK: - Text

    /// Magenta can be read on light and dark, which yellow cannot; red is for errors.
    private static func marked(_ text: String, when isSo: Bool, _ hasColour: Bool) -> String {
        isSo && hasColour ? "\u{1B}[35m\(text)\u{1B}[0m" : text
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - TerminalScreen.columns(of: text)))
    }

    /// Text without colours is cut; with colours it fits by what is in it.
    private static func cut(_ text: String, columns: Int) -> String {
        guard TerminalScreen.columns(of: text) > columns else { return text }
        var plain = ""
        var isColour = false
        for scalar in text.unicodeScalars {
            if scalar == "\u{1B}" { isColour = true }
            if !isColour { plain.unicodeScalars.append(scalar) }
            if scalar == "m" { isColour = false }
        }
        return Printable.line(plain, columns: max(1, columns))
    }
}
