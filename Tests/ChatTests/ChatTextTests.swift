import Chat
import LinkSimulator
import Testing

/// How texts are cut, and what becomes of names.
struct ChatTextTests {
    @Test func `a text that fits is one piece, and nothing is none`() {
        #expect(ChatText.pieces(of: "").isEmpty)
        #expect(ChatText.pieces(of: "a\nb\n") == ["a\nb\n"])
        #expect(ChatText.pieces(of: "a\r\nb\rc\r\r\n") == ["a\nb\nc\n\n"])
        let text = String(repeating: "x", count: ChatLimits.textBytes)
        #expect(ChatText.pieces(of: text) == [text])
        #expect(ChatText.pieces(of: text + "y") == [text, "y"])
    }

    @Test func `cuts are at the ends of lines where there are some, and never inside a character`() {
        #expect(ChatText.pieces(of: "one\ntwo\nthree", byteCount: 8) == ["one\ntwo", "three"])
        #expect(ChatText.pieces(of: "one\ntwo\nthree", byteCount: 7) == ["one\ntwo", "three"])
        #expect(ChatText.pieces(of: "one\ntwo\nthree", byteCount: 6) == ["one", "two", "three"])
        #expect(ChatText.pieces(of: "ääää", byteCount: 5) == ["ää", "ää"])
        let family = "👩‍👩‍👧‍👦"
        #expect(ChatText.pieces(of: family + family, byteCount: 40) == [family, family])
        #expect(
            ChatText.pieces(of: "a b " + family, byteCount: 12)
                == ["a b ", family].flatMap {
                    $0 == family ? ChatText.pieces(of: family, byteCount: 12) : [$0]
                })
        // One character of many marks is longer than a piece: it is cut between them.
        let marks = "e" + String(repeating: "\u{301}", count: 100)
        let pieces = ChatText.pieces(of: marks, byteCount: 30)
        #expect(
            pieces.allSatisfy { $0.utf8.count <= 30 }
                && pieces.joined().unicodeScalars.elementsEqual(marks.unicodeScalars))
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `no byte of a text is lost but the line ends between pieces`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let alphabet = ["a", " ", "\n", "ä", "👩‍👩‍👧‍👦", "e\u{301}", "\u{202E}", "\t", "漢"]
        let text = (0..<400).map { _ in alphabet.randomElement(using: &random) ?? "" }.joined()
        let limit = Int.random(in: 4...60, using: &random)
        let pieces = ChatText.pieces(of: text, byteCount: limit)
        #expect(pieces.allSatisfy { (1...limit).contains($0.utf8.count) }, "seed \(seed)")
        var rest = Array(text.utf8)[...]
        for piece in pieces {
            if rest.first == 10, piece.utf8.first != 10 { rest.removeFirst() }
            if rest.starts(with: piece.utf8) {
                rest.removeFirst(piece.utf8.count)
            } else if rest.first == 10, rest.dropFirst().starts(with: piece.utf8) {
                rest.removeFirst(piece.utf8.count + 1)
            } else {
                Issue.record("seed \(seed)")
                return
            }
        }
        #expect(rest.isEmpty || rest.elementsEqual([10]), "seed \(seed)")
    }

    @Test func `a megabyte in one line, or of line ends, is cut in no time`() {
        for character in ["x", "\n", " ", "👩‍👩‍👧‍👦"] {
            let text = String(repeating: character, count: (1 << 20) / character.utf8.count)
            let pieces = ChatText.pieces(of: text)
            #expect(pieces.allSatisfy { (1...ChatLimits.textBytes).contains($0.utf8.count) })
            #expect(pieces.count < 250)
        }
    }

    @Test func `a name is shown on one line, and never empty`() {
        #expect(ChatText.name("  anna ") == "anna")
        #expect(ChatText.name("\u{2003}anna\u{A0} ") == "anna")
        for blank in ["", "   ", " "] { #expect(ChatText.name(blank) == "somebody") }
        #expect(ChatText.name("a\nb") == #"a\u{A}b"#)
        #expect(ChatText.name(String(repeating: "\u{202E}", count: 40)).count <= 40)
    }

    @Test func `our own name is cut to what may be said`() {
        #expect(ChatText.ownName(" anna\n") == "anna")
        #expect(ChatText.ownName(" \n ") == nil)
        #expect(ChatText.ownName(String(repeating: "x", count: 50))?.count == 40)
        let family = "👩‍👩‍👧‍👦"
        #expect(ChatText.ownName(String(repeating: family, count: 9)) == String(repeating: family, count: 5))
        #expect(ChatText.ownName("e" + String(repeating: "\u{301}", count: 50)) == nil)
    }
}
