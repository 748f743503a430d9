/// A piece of a document that is HTML and XML at once: an element, or text.
///
/// Whatever text goes in comes out escaped, in attributes too: there is no way to put markup in as text.
struct Markup: Hashable, Sendable {
    /// Elements of HTML that have no end tag.
    private static let void: Set<String> = ["meta", "br", "hr", "col"]

    private var name: String
    private var attributes: [[String]]
    private var children: [Markup]
    private var content: String

    /// An element.
    ///
    /// - Parameters:
    ///   - name: of the element; a constant of the program, as are the names of `attributes`.
    init(_ name: StaticString, _ attributes: KeyValuePairs<String, String> = [:], _ children: [Markup] = []) {
        self.name = name.description
        self.attributes = attributes.map { [$0.key, $0.value] }
        self.children = children
        content = ""
    }

    /// An element that holds text.
    init(_ name: StaticString, _ attributes: KeyValuePairs<String, String> = [:], text: String) {
        self.init(name, attributes, [.text(text)])
    }

    /// Text between elements.
    static func text(_ content: String) -> Markup {
        var node = Markup("")
        node.content = content
        return node
    }

    /// The document from here on.
    var string: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        if name.isEmpty {
            text += Self.escaped(content)
            return
        }
        text += "<" + name
        for attribute in attributes { text += " " + attribute[0] + "=\"" + Self.escaped(attribute[1]) + "\"" }
        if Self.void.contains(name) {
            text += "/>"
            return
        }
        text += ">"
        for child in children { child.write(to: &text) }
        text += "</" + name + ">"
    }

    /// `text` with what has a meaning in markup written as references, and what XML forbids, or would turn the
    /// direction of the text around it, as U+FFFD.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\n": result += "\n"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{061C}", "\u{200E}"..."\u{200F}", "\u{2028}"..."\u{202E}",
                "\u{2066}"..."\u{2069}", "\u{FFFE}"..."\u{FFFF}":
                result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
