import Testing

@testable import Pairing

struct CodeTests {
    @Test(arguments: [
        "7-clock-mango-crust", "  7 Clock MANGO crust\n", "7.clock_mango--crust", "7--clock - mango .. crust",
        "7-cloc-mango-crust", "7-clockk-mango-crust", "7-lcock-mango-crust", "7-clock-mangp-crust",
    ])
    func `codes are read as people type them`(text: String) throws {
        let code = try RoomCode(parsing: text)
        #expect(code.number == RoomNumber(7))
        #expect(code.text == "7-clock-mango-crust")
        #expect(code == (try RoomCode(parsing: "7-clock-mango-crust")))
    }

    @Test(
        arguments: [
            ("", .badNumber), ("clock-mango-crust", .badNumber), ("0-clock-mango-crust", .badNumber),
            ("07-clock-mango-crust", .badNumber), ("1000000-clock-mango-crust", .badNumber),
            ("7", .wordCount(0)), ("7-clock-mango", .wordCount(2)), ("7-clock-mango-crust-acid", .wordCount(4)),
            // Near to two words of the list: not guessed.
            ("7-clok-mango-crust", .unknownWord(position: 1, proposals: ["cloak", "clock"])),
            ("7-clock-mango-cru", .unknownWord(position: 3, proposals: ["crumb", "crush", "crust"])),
            ("7-clock-zzzzz-crust", .unknownWord(position: 2, proposals: [])),
            ("7-clock-ÄÖ-crust", .unknownWord(position: 2, proposals: [])),
        ] as [(String, CodeError)])
    func `what is no code is said, with proposals, and never repeated`(text: String, expected: CodeError) throws {
        let error = try #require(throws: CodeError.self) { try RoomCode(parsing: text) }
        #expect(error == expected)
        #expect(!error.description.isEmpty)
        #expect(!error.description.contains("zzzzz"))
    }

    @Test func `a long text costs no time`() {
        #expect(throws: CodeError.self) { try RoomCode(parsing: String(repeating: "7-", count: 1_000_000)) }
    }

    @Test func `words at distance one are found, others are not`() {
        func near(_ left: String, _ right: String) -> Bool {
            let (left, right) = (Array(left.unicodeScalars), Array(right.unicodeScalars))
            #expect(CodeText.isAtDistanceOne(left, right) == CodeText.isAtDistanceOne(right, left))
            return CodeText.isAtDistanceOne(left, right)
        }
        for other in [
            "lock", "cock", "cloc", "aclock", "clocks", "clrock", "block", "clack", "clocc", "lcock", "clokc",
        ] {
            #expect(near("clock", other), "\(other)")
        }
        for other in ["clock", "", "clo", "lcokc", "kcolc", "blocks", "colcks", "cockl"] {
            #expect(!near("clock", other), "\(other)")
        }
    }

    @Test func `every word of the list is read as itself, and some without a letter never as a third`() throws {
        for word in CodeWords.list { #expect(try CodeWords(parsing: word + " acid acid").text == word + "-acid-acid") }
        for word in CodeWords.list.enumerated().filter({ $0.offset % 40 == 7 }).map(\.element) {
            for place in word.indices {
                var typed = word
                typed.remove(at: place)
                guard let read = try? CodeWords(parsing: "\(typed) acid acid") else { continue }
                // It is the word itself, or the typed letters are another word of the list.
                #expect(read.text == "\(word)-acid-acid" || read.text == "\(typed)-acid-acid", "\(word) \(typed)")
            }
        }
    }

    @Test func `the list has no hyphens, and completions are its words in order`() {
        #expect(CodeWords.list.count == 1295)
        #expect(!CodeWords.list.contains { $0.contains("-") })
        #expect(CodeWords.completions(of: "cru") == ["crumb", "crush", "crust"])
        #expect(CodeWords.completions(of: "CRUS") == ["crush", "crust"])
        #expect(CodeWords.completions(of: "xyz").isEmpty)
        #expect(CodeWords.completions(of: "").count == 1295)
    }

    @Test func `words are drawn uniformly`() throws {
        var generator = SeededGenerator(state: 31)
        var counts: [String: Int] = [:]
        let draws = 43_000
        for _ in 0..<draws {
            for word in CodeWords.random(using: &generator).text.split(separator: "-") {
                counts[String(word), default: 0] += 1
            }
        }
        let expected = Double(draws * 3) / 1295
        let square = CodeWords.list.reduce(0.0) { sum, word in
            let difference = Double(counts[word, default: 0]) - expected
            return sum + difference * difference / expected
        }
        // 1294 degrees of freedom: mean 1294, standard deviation 50.9; the seed is fixed.
        #expect((1294 - 204.0...1294 + 204.0).contains(square), "\(square)")
        #expect(counts.count == 1295)
    }

    @Test func `words print nowhere but in the code`() throws {
        let code = try RoomCode(parsing: "7-clock-mango-crust")
        var dumped = ""
        dump(code, to: &dumped)
        for text in ["\(code)", String(reflecting: code), dumped, "\(code.words)", String(reflecting: code.words)] {
            #expect(!text.contains("mango"))
            #expect(text.contains("<words>"))
        }
        #expect("\(code)" == "7-<words>")
        #expect(code.words != (try CodeWords(parsing: "clock mango crumb")))
    }

    @Test func `looks end at three, are told in order, and can be given back`() {
        let told = Told()
        let looks = LookCount(failed: 1) { told.append($0) }
        #expect(looks.left == 2)
        #expect(looks.take())
        looks.giveBack()
        #expect(looks.take() && looks.take())
        #expect(!looks.take())
        #expect(looks.isExhausted && looks.failed == 3)
        #expect(told.all == [2, 1, 2, 3])
        #expect(LookCount(failed: 17).isExhausted)
    }
}
