internal import CWordList

/// Words for numbers that people say to each other: the short word list no. 1 of the Electronic Frontier Foundation
/// (CC BY 3.0 US), the same file that the page has.
package enum WordList {
    /// 6^4: about 10.3 bits a word.
    package static let count = 1296

    /// All of them, in the order of the list, which both sides share: 3 to 5 lower-case letters, and `yo-yo`.
    package static let words: [String] = {
        // Safe: the pointer and count describe one static array of the C target.
        let bytes = unsafe UnsafeBufferPointer(start: martlet_word_list_bytes(), count: martlet_word_list_count())
        let text = unsafe String(decoding: bytes, as: UTF8.self)
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
    }()

    /// The words for `number` in base 1296, the most significant first.
    ///
    /// - Parameters:
    ///   - number: what does not fit is cut off at the most significant end.
    ///   - count: of words.
    package static func words(for number: UInt64, count: Int) -> [String] {
        var rest = number
        var found: [String] = []
        for _ in 0..<count {
            found.append(words[Int(rest % UInt64(Self.count))])
            rest /= UInt64(Self.count)
        }
        return found.reversed()
    }
}
