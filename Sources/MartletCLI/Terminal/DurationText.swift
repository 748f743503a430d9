internal import Wire

/// Durations in words and from words.
enum DurationText {
    /// `1 s`, `11 s`, `4 min 05 s`, `15 min`, `1 h 04 min`, `2 h`, `3 days`: never less than a second, rounded to the
    /// nearest.
    static func text(_ duration: Duration) -> String {
        let seconds = max(1, (duration.wholeMilliseconds + 500) / 1000)
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return "\(seconds / 60) min" + (seconds % 60 == 0 ? "" : " \(twoDigits(seconds % 60)) s")
        case ..<172_800:
            let minutes = seconds % 3600 / 60
            return "\(seconds / 3600) h" + (minutes == 0 ? "" : " \(twoDigits(minutes)) min")
        default: return "\(seconds / 86_400) days"
        }
    }

    /// For something that was measured: `0.4 s`, `2.8 s`, and from ten seconds on as `text`.
    static func measured(_ duration: Duration) -> String {
        let tenths = (duration.wholeMilliseconds + 50) / 100
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10) s" : text(duration)
    }

    /// A round-trip time: `0.4 ms`, `12 ms`.
    static func milliseconds(_ duration: Duration) -> String {
        let tenths = (duration.wholeNanoseconds + 50_000) / 100_000
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10) ms" : "\((tenths + 5) / 10) ms"
    }

    /// Reads `90`, `90s`, `15m`, `2h`, `1d` and sums such as `1h30m`; seconds where no unit stands.
    ///
    /// - Returns: nil for anything else, for zero, and for more than 365 days.
    static func parse(_ text: String) -> Duration? {
        var total: Int64 = 0
        var digits = ""
        for character in text.lowercased() {
            if character.isASCII, character.isNumber {
                digits.append(character)
                continue
            }
            let scale: Int64? =
                switch character {
                case "s": 1
                case "m": 60
                case "h": 3600
                case "d": 86_400
                default: nil
                }
            guard let scale, digits.utf8.count <= 9, let number = Int64(digits) else { return nil }
            total += number * scale
            digits = ""
        }
        if !digits.isEmpty {
            guard total == 0, digits.utf8.count <= 9, let number = Int64(digits) else { return nil }
            total = number
        }
        return (1...365 * 86_400).contains(total) ? .seconds(total) : nil
    }

    private static func twoDigits(_ number: Int64) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
