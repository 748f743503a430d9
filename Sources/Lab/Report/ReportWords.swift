/// Figures as a report says them.
enum ReportWords {
    /// A share in per cent: tenths, where there are any, as in sentences (``LabText/share(_:)``), and as many decimals
    /// as tell it from nothing and from everything: 0 %, 0.04 %, 9.8 %, 50 %, 79.4 %, 99.96 %, 100 %.
    static func share(_ share: Double) -> String {
        let percent = PlotNumber.finite(share) * 100
        for digits in 0...4 {
            let unit = PlotNumber.power(Double(-digits))
            let rounded = (percent / unit).rounded() * unit
            // 79.98 is 80, as 80 is: no digit says more than it knows.
            let isWhole = digits == 0 && (percent * 10).rounded() == rounded * 10 && rounded > 0 && rounded < 100
            let isRound = isWhole || abs(percent / unit - (percent / unit).rounded()) < 1e-6 / unit
            let isEnough = digits >= 1 && (rounded > 0 || percent <= 0) && (rounded < 100 || percent >= 100)
            if isRound || isEnough { return PlotNumber.decimal(percent, digits: digits) + "\u{A0}%" }
        }
        return (percent > 50 ? "almost 100" : "almost 0") + "\u{A0}%"
    }

    /// A time on an axis or in settings, where it is round: 0.05 ms, 4.2 ms, 480 ms, 1.2 s, 65 s, 3 min.
    static func time(microseconds: Double) -> String {
        let value = PlotNumber.finite(microseconds)
        let size = abs(value)
        if size < 1 { return "0\u{A0}ms" }
        if size < 99_500 { return figure(value / 1_000) + "\u{A0}ms" }
        if size < 999_500 { return PlotNumber.decimal(value / 1_000, digits: 0) + "\u{A0}ms" }
        if size < 120_000_000 { return figure(value / 1e6) + "\u{A0}s" }
        if size < 7_200_000_000 { return figure(value / 60e6) + "\u{A0}min" }
        return figure(value / 3_600e6) + "\u{A0}h"
    }

    static func time(_ microseconds: Int64) -> String { bound(LabText.time(microseconds)) }

    static func time(_ duration: Duration) -> String { time(microseconds: microseconds(duration)) }

    /// A place on an axis: like a time, and 0 without a unit.
    static func tick(microseconds: Double) -> String {
        abs(microseconds) < 1 ? "0" : time(microseconds: microseconds)
    }

    static func microseconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) * 1e6 + Double(duration.components.attoseconds) / 1e12
    }

    static func bytes(_ count: Int) -> String { LabText.count(count) + "\u{A0}bytes" }

    /// Two figures, or all before the point: 0.35, 4.2, 48, 1,234. Nothing behind the point when it is zero.
    static func figure(_ value: Double) -> String {
        let size = abs(PlotNumber.finite(value))
        let digits =
            size >= 9.95
            ? (size < 99.5 && (size * 10).rounded() != size.rounded() * 10 && size < 20 ? 1 : 0)
            : size >= 0.0995 ? 1 : 3
        var text = PlotNumber.decimal(value, digits: digits)
        if digits > 0 {
            while text.hasSuffix("0") { text.removeLast() }
            if text.hasSuffix(".") { text.removeLast() }
        }
        return text
    }

    /// `text` in a piece that no line break divides.
    static func bound(_ text: String) -> String { String(text.map { $0 == " " ? "\u{A0}" : $0 }) }

    /// "a", "a and b", "a, b and c".
    static func list(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " and " + last
    }

    /// The day and the minute in universal time: 2026-11-22 04:10 UTC.
    ///
    /// - Parameter seconds: since 1970; what lies outside of the years 1 to 9999 has no words.
    static func date(_ seconds: Int64) -> String? {
        guard (-62_135_596_800...253_402_300_799).contains(seconds) else { return nil }
        let days = Int(seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400)
        let minutes = (Int(seconds) - days * 86_400) / 60
        // Civil from days, with years that begin in March, so that the leap day is the last.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let civil = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (civil <= 2 ? 1 : 0)
        return
            "\(padded(year, 4))-\(padded(civil, 2))-\(padded(day, 2)) \(padded(minutes / 60, 2)):\(padded(minutes % 60, 2)) UTC"
    }

    private static func padded(_ value: Int, _ digits: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
