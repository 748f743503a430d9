import Testing

@testable import WordList

@Suite struct WordListTests {
    @Test func `there are 1296 different words of three to five letters`() {
        let words = WordList.words
        #expect(words.count == WordList.count && Set(words).count == WordList.count)
        #expect(words.allSatisfy { $0.wholeMatch(of: /[a-z]{3,5}|yo-yo/) != nil })
        #expect(words == words.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }))
    }

    @Test func `words are the digits of a number in base 1296`() {
        #expect(WordList.words(for: 0, count: 3) == ["acid", "acid", "acid"])
        #expect(WordList.words(for: 1296 * 1296 + 2 * 1296 + 3, count: 3) == ["acorn", "acre", "acts"])
        #expect(WordList.words(for: 1296 * 1296 * 1296 + 1295, count: 3) == ["acid", "acid", "zoom"])
    }
}
