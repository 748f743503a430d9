import Testing
import Transfer

struct PrintableTests {
    @Test(arguments: ["film.mkv", "naïve café", "字幕.srt", "👩‍👩‍👧‍👦", "🏳️‍🌈", "e\u{301}", "a\\b", "Ελλάς", "שלום", "❤️"])
    func `usual text stays as it is`(text: String) {
        #expect(Printable.line(text) == text)
    }

    @Test(arguments: [
        ("a\u{1B}[1A\rb", #"a\u{1B}[1A\u{D}b"#),
        ("a\nb\tc", #"a\u{A}b\u{9}c"#),
        ("\u{7F}\u{9B}2J", #"\u{7F}\u{9B}2J"#),
        ("photo\u{202E}gpj.exe", #"photo\u{202E}gpj.exe"#),
        ("a\u{2066}b\u{2069}", #"a\u{2066}b\u{2069}"#),
        ("a\u{200B}b\u{200D}c\u{FEFF}", #"a\u{200B}b\u{200D}c\u{FEFF}"#),
        ("a\u{2028}b\u{2029}", #"a\u{2028}b\u{2029}"#),
        ("\u{E000}\u{3164}", #"\u{E000}\u{3164}"#),
    ])
    func `what deceives is escaped`(text: String, shown: String) {
        #expect(Printable.line(text) == shown)
    }

    @Test(arguments: [
        (0 as Int64, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1_000, "1.0 kB"), (999_999, "999.9 kB"),
        (3_456_000_000, "3.4 GB"), (.max, "9.2 EB"),
    ])
    func `a size is shown in decimal units`(bytes: Int64, text: String) {
        #expect(Printable.size(bytes) == text)
    }

    @Test func `combining marks do not pile up`() {
        let shown = Printable.line("a" + String(repeating: "\u{301}", count: 50))
        #expect(shown.unicodeScalars.prefix { $0 == "a" || $0 == "\u{301}" }.count == 7)
    }

    @Test func `a line is cut to its columns`() {
        #expect(Printable.line("abcdef", columns: 4) == "abc…")
        #expect(Printable.line("abcd", columns: 4) == "abcd")
        #expect(Printable.line("字字字", columns: 5) == "字字…")
        #expect(Printable.line("a-very-long-name.exe", columns: 11, cut: .middle) == "a-ver…e.exe")
    }

    /// Of each block that terminals draw two columns wide: Hangul, brackets, trigrams, ideographs, vertical and full
    /// width forms, Tangut, Khitan, kana, Tai Xuan Jing, squared words, pictures, and a heart that is made a picture.
    @Test(arguments: [
        "\u{1100}", "\u{2329}", "\u{232A}", "\u{2630}", "\u{268F}", "字", "\u{4DC0}", "\u{FE10}", "\u{FF21}",
        "\u{16FE0}", "\u{17000}", "\u{18B00}", "\u{18D08}", "\u{1AFF0}", "\u{1B000}", "\u{1B2FB}", "\u{1D300}",
        "\u{1D376}", "\u{1F200}", "\u{1F265}", "\u{1F680}", "\u{20000}", "\u{2764}\u{FE0F}",
    ])
    func `what is drawn in two columns counts as two`(text: String) {
        #expect(Printable.columns(of: text) == 2)
        #expect(Printable.line(text + text, columns: 3) == text + "…")
    }

    @Test func `any scalars come out as one line without controls, in the columns asked for`() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<3_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                let value = UInt32.random(in: 0...(Bool.random(using: &random) ? 0x2FFF : 0x10FFFF), using: &random)
                if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
            }
            let shown = Printable.line(text, columns: 20, cut: Bool.random(using: &random) ? .end : .middle)
            #expect(Printable.columns(of: shown) <= 20)
            for scalar in shown.unicodeScalars {
                switch scalar.properties.generalCategory {
                case .control, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse:
                    Issue.record("\(String(scalar.value, radix: 16)) came through")
                default: break
                }
                #expect(!(0x202A...0x202E).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value))
            }
        }
    }
}
