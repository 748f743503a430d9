import Testing
import Transfer

@testable import MartletCLI

@Suite struct ProgressLineTests {
    private let film = ProgressLine(
        name: "film.mkv", fileNumber: 1, fileCount: 1, completedBytes: 1_984_000_000, totalBytes: 3_200_000_000,
        rate: 112_000_000, timeLeft: .seconds(11))

    @Test func `a usual terminal shows everything`() {
        let text = film.text(columns: 80)
        #expect(text.hasPrefix("film.mkv  62 % |████████"))
        #expect(text.hasSuffix(" | 2.0 of 3.2 GB · 112 MB/s · 11 s left"))
    }

    @Test func `a narrow terminal does without the bar, and then without more`() {
        #expect(film.text(columns: 54) == "film.mkv  62 % 2.0 of 3.2 GB · 112 MB/s · 11 s left")
        #expect(film.text(columns: 40) == "film.mkv  62 % 112 MB/s · 11 s left")
        #expect(film.text(columns: 30) == "film.mkv  62 % 11 s left")
        #expect(film.text(columns: 20) == "62 % 11 s left")
        #expect(film.text(columns: 8) == "62 % 1…")
    }

    private static let names = [
        "a", "film.mkv", "a very long name of a film that nobody will ever read to its end, part 17.mkv",
        "日本語の長いファイル名はこのように幅が広い.txt", "👩‍👩‍👧‍👦🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉 party.jpg",
        "e\u{301}e\u{301}e\u{301} combining.txt", "\u{1B}[2J\u{202E}evil\r\n.txt",
    ]

    @Test(arguments: names, [1, 2, 10, 20, 40, 60, 79, 80, 81, 120, 200])
    func `no line is wider than its terminal`(name: String, columns: Int) {
        var line = film
        line.name = name
        for fileCount in [1, 12, 100_000] {
            for rate in [nil, 0.0, 999_999_999] {
                for left in [nil, Duration.seconds(11), .seconds(86_399)] {
                    for completed in [0, 1, 1_984_000_000, 3_200_000_000] as [Int64] {
                        line.fileCount = fileCount
                        line.fileNumber = fileCount
                        line.rate = rate
                        line.timeLeft = left
                        line.completedBytes = completed
                        let text = line.text(columns: columns)
                        #expect(Printable.columns(of: text) <= max(1, columns - 1), "\(text)")
                        #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E })
                    }
                }
            }
        }
    }

    @Test func `the bar keeps its length while the numbers change`() {
        var line = film
        var lengths: Set<Int> = []
        for (completed, rate, left) in [
            (0, nil, nil), (9_000_000, 9_000_000, .seconds(3000)), (1_000_000_000, 123_000_000, .seconds(9)),
            (3_199_999_999, 99_900_000, .seconds(1)), (3_200_000_000, 99_900_000, .zero),
        ] as [(Int64, Double?, Duration?)] {
            (line.completedBytes, line.rate, line.timeLeft) = (completed, rate, left)
            lengths.insert(bar(of: line.text(columns: 100)).count)
        }
        #expect(lengths.count == 1)
    }

    @Test func `a hundred percent is said only of everything`() {
        var line = film
        line.completedBytes = line.totalBytes - 1
        #expect(line.plain.contains(" 99 % "))
        line.completedBytes = line.totalBytes
        #expect(line.plain.contains(" 100 % "))
        #expect(!line.plain.contains("left"))
    }

    @Test func `files without bytes are complete from the start`() {
        let line = ProgressLine(name: "empty", fileNumber: 1, fileCount: 1, completedBytes: 0, totalBytes: 0)
        #expect(line.plain == "empty 100 % 0 of 0 bytes")
    }

    @Test func `several files are counted, and a stall is said`() {
        var line = film
        (line.fileNumber, line.fileCount, line.rate, line.timeLeft) = (2, 3, 0, .seconds(40))
        line.finishedCount = 2
        #expect(line.plain == "2/3 film.mkv 62 % 2.0 of 3.2 GB · 0.0 kB/s · waiting")
    }

    @Test func `what has no known size has no percentage`() {
        let stream = ProgressLine(
            name: "backup.tar", fileNumber: 1, fileCount: 1, completedBytes: 21_700_000, totalBytes: 0,
            isTotalKnown: false, rate: 58_500_000)
        #expect(stream.text(columns: 60) == "backup.tar  21.7 MB · 58.5 MB/s")
        #expect(stream.plain == "backup.tar 21.7 MB · 58.5 MB/s")
        for columns in 1...40 { #expect(Printable.columns(of: stream.text(columns: columns)) <= max(1, columns - 1)) }
    }

    @Test func `many small files are done by their number rather than by their bytes`() {
        let files = ProgressLine(
            name: "big/f7", fileNumber: 15_001, fileCount: 30_000, completedBytes: 90_000, totalBytes: 20_000_000,
            finishedCount: 15_000)
        #expect(files.percent == "49 %")
        #expect(files.plain.hasPrefix("15,001/30,000 big/f7 49 % "))
        var last = files
        (last.completedBytes, last.finishedCount) = (20_000_000, 29_999)
        #expect(last.percent == "99 %")
    }

    private func bar(of text: String) -> String {
        guard let first = text.firstIndex(of: "|"), let last = text.lastIndex(of: "|") else { return "" }
        return String(text[first...last])
    }
}
