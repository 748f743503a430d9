import Signaling
import Testing

@testable import MartletCLI

@Suite struct EntranceTests {
    private let link = "http://192.0.2.1:4040/#abcdefghijkmnpqr.AAECAwQFBgcICQoLDA0ODw"

    private func reader() throws -> EntranceReader {
        EntranceReader(server: try Rendezvous(parsing: "http://192.0.2.9:4040"))
    }

    private func mistake(_ text: String, _ reader: EntranceReader) -> EntranceReader.Mistake? {
        do throws(EntranceReader.Mistake) {
            _ = try reader.read(text)
            return nil
        } catch { return error }
    }

    @Test func `a link names its own server, a code is for that of the option`() throws {
        #expect(try reader().read(" \(link)\n") == .link(try RoomLink(parsing: link)))
        let code = try RoomCode(parsing: "7-clock-mango-crust")
        let server = try Rendezvous(parsing: "http://192.0.2.9:4040")
        for text in ["7-clock-mango-crust", "7 Clock  mango crust", "7.clock_mango-crust", "7--clokc-mango-crust"] {
            #expect(try reader().read(text) == .code(code, at: server), "\(text)")
        }
        let other = try Rendezvous(parsing: "http://192.0.2.1:4040")
        #expect(try reader().read("http://192.0.2.1:4040/#7-clock-mango-crust") == .code(code, at: other))
    }

    @Test func `a code without a server says why and what to type`() throws {
        let failure = try #require(mistake("7-clock-mango-crust", EntranceReader(server: nil))).failure
        #expect(failure.status == .usage)
        #expect(failure.sentence.contains("holds no address"))
        #expect(failure.remedy?.contains("--server URL") == true)
    }

    @Test func `what cannot be read is a mistake that does not repeat it`() throws {
        for text in [
            "", "http://192.0.2.1:4040/", "http://192.0.2.1:4040/#abcdefghijkmnpqr.SECRET", "martlet", "7-clock-mango",
            "7-clock-mango-zzzzz", "0-clock-mango-crust", "http://192.0.2.1:4040/#7-clock-mango-zzzzz",
        ] {
            let failure = try #require(mistake(text, try reader())).failure
            #expect(failure.status == .usage, "\(text)")
            #expect(!failure.text.contains("abcdefghijkmnpqr") && !failure.sentence.contains("clock"), "\(failure)")
        }
        #expect(mistake("http://192.0.2.1:4040/", try reader())?.failure.remedy?.contains("CODE --server") == true)
    }

    @Test func `a word that is none gets proposals and costs nothing`() throws {
        let mistake = try #require(mistake("7-clock-mangoes-crust", try reader()))
        #expect(mistake.code == .unknownWord(position: 2, proposals: ["mango"]))
        #expect(mistake.failure.sentence == "Word 2 of the code is none of the words of codes. Perhaps mango?")
        #expect(
            EntranceReader.sentence(.unknownWord(position: 1, proposals: ["a", "b", "c"]))
                == "Word 1 of the code is none of the words of codes. Perhaps a, b or c?")
    }

    @Test func `what was right of a code stands there when it is asked for again`() {
        func beginning(_ text: String, _ error: CodeError) -> String {
            EntranceQuestion.beginning(of: text, until: error)
        }
        #expect(beginning("7-clock-mangoes-crust", .unknownWord(position: 2, proposals: [])) == "7-clock-")
        #expect(beginning("7 clock mangoes crust", .unknownWord(position: 1, proposals: [])) == "7-")
        #expect(beginning("7-clock", .wordCount(1)) == "7-clock-")
        #expect(beginning("x-clock", .badNumber) == "")
    }

    @Test func `a whole code behind what stands there already is the whole code`() {
        #expect(EntranceQuestion.answer("7-clock-mango-crust", start: "7-") == "7-clock-mango-crust")
        #expect(EntranceQuestion.answer("7-7 clock mango crust", start: "7-") == "7 clock mango crust")
        #expect(EntranceQuestion.answer("7-clock- 7-clock-mango-crust ", start: "7-clock-") == "7-clock-mango-crust")
        #expect(EntranceQuestion.answer("8-clock-mango-crust", start: "7-") == "8-clock-mango-crust")
        #expect(EntranceQuestion.answer("7-clock-mango-crust", start: "") == "7-clock-mango-crust")
    }

    // MARK: Completion

    @Test func `Tab goes on with the words of codes, and a hyphen where another follows`() {
        #expect(CodeCompletion.candidates(for: "7-cloc") == ["7-clock-"])
        #expect(CodeCompletion.candidates(for: "7 CLOC") == ["7 clock-"])
        #expect(CodeCompletion.candidates(for: "7-clock-mango-crus") == ["7-clock-mango-crush", "7-clock-mango-crust"])
        #expect(CodeCompletion.candidates(for: "7-clock-").count == CodeWords.list.count)
        for text in ["", "7", "clo", "7-clock-mango-crust-", "7-xyz", "http://192.0.2.1:4040/#7-clo"] {
            #expect(CodeCompletion.candidates(for: text).isEmpty, "\(text)")
        }
    }

    @Test func `a shell, which puts a space behind the only way, gets the words after it`() {
        #expect(CodeCompletion.shellCandidates(for: "7-clo").allSatisfy { $0.hasPrefix("7-clo") && $0.hasSuffix("-") })
        let next = CodeCompletion.shellCandidates(for: "7-cloc")
        #expect(next.count == CodeWords.list.count && next.allSatisfy { $0.hasPrefix("7-clock-") })
        #expect(CodeCompletion.shellCandidates(for: "7-clock-mango-crust") == ["7-clock-mango-crust"])
    }

    // MARK: Secrets in the process list

    @Test func `what is secret of an argument is found, and what is sent is left alone`() {
        typealias Place = ArgumentSecrets.Place
        #expect(ArgumentSecrets.places(in: ["receive", link, "-y"]) == [Place(word: 1, start: 23)])
        #expect(ArgumentSecrets.places(in: ["7-clock-mango-crust"]) == [Place(word: 0, start: 2)])
        #expect(ArgumentSecrets.places(in: ["rx", "-y", "12. Clock"]) == [Place(word: 2, start: 4)])
        #expect(
            ArgumentSecrets.places(in: ["receive", "7", "clock", "mango", "crust", "more"])
                == [2, 3, 4].map { Place(word: $0, start: 0) })
        #expect(ArgumentSecrets.places(in: ["---completion", "receive", "7-clo"]) == [Place(word: 2, start: 2)])
        #expect(
            ArgumentSecrets.places(in: ["receive", "http://192.0.2.1:4040/#7-clock-mango-crust"])
                == [Place(word: 1, start: 23)])
        for words in [
            ["receive", "7-clock-mango-crust", "-o", "folder"], ["receive", "--server", "http://192.0.2.1:4040", "-y"],
        ] {
            #expect(ArgumentSecrets.places(in: words).count == (words.contains("-y") ? 0 : 1), "\(words)")
        }
        for words in [
            ["send", "7-clock-mango-crust"], ["receive", "-o", "2024", "--wait", "10m"], ["receive", "#x"],
            ["receive", "--server", "http://192.0.2.1:4040"], [],
        ] {
            #expect(ArgumentSecrets.places(in: words).isEmpty, "\(words)")
        }
    }

    @Test(arguments: [
        ["7-clock", "mango", "crust"], ["7-clock-mango", "crust"], ["7", "clock-mango-crust"],
        ["7-", "clock", "mango", "crust"], ["7", "-", "clock", "mango", "crust"], ["7 clock", "mango-crust"],
        ["7.clock", "mango_crust"], [" 7 - clock", "- mango", "crust"], ["7\u{A0}clock", "mango\u{A0}crust"],
        ["7", "clock", "-", "mango", "--", "crust"], ["-y", "7", "clock", "--wait", "5m", "mango", "crust"],
        ["7", "-o", "folder", "clock", "mango", "crust"], ["7", "-y", "clock", "mango", "crust"],
        ["7-clock", "--server", "http://192.0.2.1:4040", "mango", "crust"], ["7", "cl0ck", "mago", "crust"],
        ["7", "clock-", "mango-", "crust"], ["http://192.0.2.1:4040/#7-clock", "mango", "crust"],
        ["-7-clock-mango-crust"],
    ])
    func `however a code is divided, no word of it stays`(arguments: [String]) {
        for words in [["receive"] + arguments, arguments] {
            var bytes = words.map { Array($0.utf8) }
            for place in ArgumentSecrets.places(in: words) {
                bytes[place.word].replaceSubrange(place.start..., with: [])
            }
            let left = bytes.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
            for secret in ["clock", "cl0ck", "mango", "mago", "crust"] {
                #expect(!left.contains(secret), "\(words): \(left)")
            }
            #expect(left.contains("--server") == words.contains("--server"))
            #expect(left.contains("192.0.2.1:4040") == words.contains { $0.contains("192.0.2.1") })
        }
    }
}
