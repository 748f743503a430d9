import Testing

@testable import Transfer

struct NameTests {
    @Test(arguments: [
        ["a"], ["film.mkv"], ["a", "b", "c"], [".hidden"], ["..."], ["-rf"], ["a b "], [" a."], ["CON"], ["a\\b"],
        ["C:"], ["e\u{301}"], ["👩‍👩‍👧‍👦"], ["a\nb"], [String(repeating: "字", count: 341)],
    ])
    func `a path of usual and unusual names is taken as it is`(components: [String]) throws {
        #expect(try ItemPath(components).components == components)
    }

    @Test(arguments: [
        ([], ItemPath.Invalid.empty),
        ([""], .emptyComponent),
        (["a", ""], .emptyComponent),
        (["."], .relativeComponent),
        (["a", "..", "b"], .relativeComponent),
        (["a/b"], .forbiddenCharacter),
        (["/"], .forbiddenCharacter),
        (["a/\u{301}b"], .forbiddenCharacter),
        (["a\0b"], .forbiddenCharacter),
        ([String(repeating: "a", count: 1_025)], .tooLong(byteCount: 1_025, limit: 1_024)),
        (Array(repeating: "a", count: 65), .tooManyComponents(65)),
        (Array(repeating: String(repeating: "a", count: 1_000), count: 5), .tooLong(byteCount: 5_004, limit: 4_096)),
    ])
    func `what could lead elsewhere is no path`(components: [String], reason: ItemPath.Invalid) {
        #expect(throws: reason) { try ItemPath(components) }
    }

    @Test func `a local name differs only where it must`() {
        for name in ["film.mkv", ".bashrc", "-x", "a b ", "CON", "a:b", "e\u{301}", "👩‍👩‍👧‍👦"] {
            #expect(LocalName.mapped(name) == name)
        }
        #expect(LocalName.mapped("a\u{1B}[2J\n\u{202E}b\u{85}") == "a_[2J__b_")
        // The names of journals, also as other file systems see them.
        #expect(LocalName.mapped(Journal.name(transfer: "t")).hasPrefix("_martlet-"))
        #expect(LocalName.mapped(".Martlet-x") == "_Martlet-x" && LocalName.mapped(".martlet") == ".martlet")
        #expect(LocalName.mapped(".mart\u{200C}let-x").first == "_")
    }

    @Test func `a long name is shortened before its extension, between characters`() {
        let long = String(repeating: "字", count: 200) + ".tar.gz"
        let local = LocalName.mapped(long)
        #expect(local.utf8.count <= 255 && local.utf8.count > 250)
        #expect(local.hasPrefix("字字") && local.hasSuffix(".gz"))
        let family = String(repeating: "👩‍👩‍👧‍👦", count: 40)
        #expect(LocalName.mapped(family).allSatisfy { $0 == "👩‍👩‍👧‍👦" })
        // One character longer than every bound.
        let zalgo = "a" + String(repeating: "\u{301}", count: 400)
        #expect((1...255).contains(LocalName.mapped(zalgo).utf8.count))
    }

    @Test(arguments: [
        ("a:b?.txt", "a_b_.txt"), ("CON", "_CON"), ("com1.txt", "_com1.txt"), ("name. .", "name"), ("...", "_"),
        ("COM", "COM"), ("console", "console"),
    ])
    func `a portable name is one that every system takes`(name: String, portable: String) {
        #expect(LocalName.portable(name) == portable)
    }

    @Test func `a numbered name keeps its extension and its length`() {
        #expect(LocalName.numbered("film.mkv", 2) == "film (2).mkv")
        #expect(LocalName.numbered(".bashrc", 1) == ".bashrc (1)")
        #expect(LocalName.numbered("README", 1) == "README (1)")
        let long = String(repeating: "a", count: 251) + ".mkv"
        #expect(LocalName.numbered(long, 1).utf8.count == 255)
        #expect(LocalName.numbered(long, 1).hasSuffix(" (1).mkv"))
    }

    @Test(arguments: ["..", "."]) func `shortening never makes a folder of a name`(start: String) {
        // A third character that is longer than a name may be.
        let text = start + "." + String(repeating: "\u{300}", count: 200)
        #expect(!["", ".", ".."].contains(LocalName.mapped(text)))
    }

    @Test func `a part name is hidden, marked, and never too long`() {
        #expect(LocalName.part("film.mkv", suffix: 0xAB) == ".film.mkv.000000ab.part")
        #expect(LocalName.part(String(repeating: "é", count: 127), suffix: 1).utf8.count <= 255)
    }
}
