#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// How a beginning goes on in a talk: commands, and the names of files behind `/send`.
enum ChatCompletion {
    /// More than these help nobody.
    private static let mostNames = 1_000

    /// What may stand in place of `typed`.
    static func candidates(for typed: String) -> [String] {
        guard typed.hasPrefix("/"), !typed.hasPrefix("//") else { return [] }
        guard typed.contains(where: \.isWhitespace) else {
            return ChatVerb.allCases.map { "/\($0.rawValue)\($0.argument.isEmpty ? "" : " ")" }
                .filter { $0.hasPrefix(typed.lowercased()) }
        }
        guard typed.hasPrefix("/send ") else { return [] }
        let home = Environment.value("HOME")
        let (word, start) = ShellWords.last(typed, home: home)
        let slash = word.lastIndex(of: "/")
        let folder = slash.map { String(word[...$0]) } ?? ""
        let beginning = slash.map { String(word[word.index(after: $0)...]) } ?? word
        return names(in: folder.isEmpty ? "." : folder, beginningWith: beginning).map {
            typed[..<start] + ShellWords.escaped(folder + $0)
        }
    }

    /// In order; folders end with a slash. Names that begin with a dot are for those who type it.
    private static func names(in folder: String, beginningWith beginning: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory), names.count < mostNames {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            // What is no text cannot be typed.
            guard let name = String(validating: bytes, as: UTF8.self), name != ".", name != "..",
                name.hasPrefix(beginning), !name.hasPrefix(".") || beginning.hasPrefix("."),
                !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
            else { continue }
            var status = stat()
            let isFolder = stat("\(folder)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            names.append(name + (isFolder ? "/" : ""))
        }
        return names.sorted()
    }
}
