/// Maps a component of an ``ItemPath`` to a name of this system.
///
/// What Linux and macOS can hold stays as it is, odd or not: leading dots and dashes, trailing dots and spaces,
/// backslashes, `CON`. Only four things change, and whoever asked is told: characters that no name should have
/// (controls, line separators, bidirectional overrides, which exist to deceive) become `_`; so does the dot of a name
/// that a ``Journal`` could have; a name longer than 255 bytes is cut before its extension; and when the file system
/// itself refuses a name (a FAT or NTFS disk, an encrypted folder with shorter names) ``portable`` is tried.
package enum LocalName {
    /// Bytes of UTF-8 that a name may have on the usual file systems.
    package static let byteLimit = 255

    package static func mapped(_ component: String) -> String {
        var text = ""
        for scalar in component.unicodeScalars {
            text.unicodeScalars.append(isDeceptive(scalar) ? "_" : scalar)
        }
        if isReserved(text) { text = "_" + text.dropFirst() }
        return shortened(text, to: byteLimit)
    }

    /// What our own books are called. A sender that could write them could say yes in the person's place.
    private static func isReserved(_ name: String) -> Bool {
        guard name.utf8.first == UInt8(ascii: ".") else { return false }
        // Some file systems hold `A` for `a`, and do not see characters without a width.
        let seen = name.unicodeScalars.lazy.filter { !$0.properties.isDefaultIgnorableCodePoint }
        return String(String.UnicodeScalarView(seen)).lowercased().hasPrefix(Journal.namePrefix)
    }

    /// A name that every common file system takes: without `<>:"\|?*`, without trailing dots and spaces, none of the
    /// names that Windows keeps for devices, at most 140 bytes.
    package static func portable(_ component: String) -> String {
        var text = ""
        for scalar in mapped(component).unicodeScalars {
            text.unicodeScalars.append("<>:\"\\|?*".unicodeScalars.contains(scalar) ? "_" : scalar)
        }
        text = shortened(text, to: 140)
        while let last = text.unicodeScalars.last, last == "." || last == " " {
            text.unicodeScalars.removeLast()
        }
        let stem = text.prefix { $0 != "." }.uppercased()
        let isDevice =
            ["CON", "PRN", "AUX", "NUL"].contains(stem)
            || stem.count == 4 && (stem.hasPrefix("COM") || stem.hasPrefix("LPT")) && stem.last?.isNumber == true
        return text.isEmpty || isDevice ? "_" + text : text
    }

    /// `film.mkv` becomes `film (2).mkv`: what browsers and file managers do with a name that is taken.
    package static func numbered(_ name: String, _ number: Int) -> String {
        let (stem, suffix) = split(name)
        let tail = " (\(number))" + suffix
        return cut(stem, to: max(1, byteLimit - tail.utf8.count)) + tail
    }

    /// The hidden name of an item that is not complete: `.NAME.HEX.part`, with eight digits.
    package static func part(_ name: String, suffix: UInt32) -> String {
        let digits = String(suffix, radix: 16)
        let tail = "." + String(repeating: "0", count: 8 - digits.count) + digits + ".part"
        return "." + cut(name, to: byteLimit - 1 - tail.utf8.count) + tail
    }

    /// The name with its middle cut out so that it has at most `limit` bytes and keeps its extension.
    private static func shortened(_ name: String, to limit: Int) -> String {
        guard name.utf8.count > limit else { return name }
        let (stem, suffix) = split(name)
        let short = cut(stem, to: limit - suffix.utf8.count) + suffix
        // What is left of a name may mean something else than a name.
        return ["", ".", ".."].contains(short) ? "_" + short : short
    }

    /// Stem and extension with its dot. A leading dot starts no extension, nor does a dot far from the end.
    private static func split(_ name: String) -> (stem: String, suffix: String) {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return (name, "") }
        let suffix = name[dot...]
        guard suffix.utf8.count <= 32 else { return (name, "") }
        return (String(name[..<dot]), String(suffix))
    }

    /// The longest prefix of whole characters in `limit` bytes; of whole scalars where one character is longer.
    private static func cut(_ text: String, to limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var result = ""
        var byteCount = 0
        for character in text {
            byteCount += String(character).utf8.count
            if byteCount > limit { break }
            result.append(character)
        }
        if !result.isEmpty { return result }
        for scalar in text.unicodeScalars where result.utf8.count + UTF8.width(scalar) <= limit {
            result.unicodeScalars.append(scalar)
        }
        return result
    }

    private static func isDeceptive(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069, 0x200E...0x200F, 0x061C: true
        default: false
        }
    }
}
