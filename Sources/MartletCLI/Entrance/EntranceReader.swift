internal import Signaling
internal import Transfer

/// From what a person gives, a link or a code, to the room that it opens.
struct EntranceReader: Sendable {
    /// That of codes; a link names its own.
    let server: Rendezvous?
    /// The command that it was given to.
    var verb = "receive"

    static let linkForm = "a link as the other terminal shows it: http://ADDRESS:PORT/#ROOM.SECRET"
    static let codeForm = "a code as the other terminal shows it: 7-clock-mango-crust"

    /// - Parameter code: what is wrong with the code, where one was given; the person may be asked again.
    struct Mistake: Error {
        var failure: CommandFailure
        var code: CodeError?
    }

    /// - Throws: what is wrong, in words that do not repeat the link or the code: it may be nearly right, and is a
    ///   secret.
    func read(_ text: String) throws(Mistake) -> RoomEntrance {
        let text = text.trimmed
        guard text.contains("://") || text.contains("#") else { return try readCode(text) }
        do throws(RoomLinkError) { return try RoomEntrance(parsing: text) } catch {
            switch error {
            case .badCode(let reason): throw Mistake(failure: Self.failure(reason), code: nil)
            case .incomplete where (try? Rendezvous(parsing: text)) != nil:
                let address = (try? Rendezvous(parsing: text))?.address ?? ""
                throw Mistake(
                    failure: CommandFailure(
                        .usage, "This is the address of a server, without a link's end or a code.",
                        remedy: "martlet \(verb) CODE --server \(Printable.line(address, columns: 100))"))
            default:
                throw Mistake(
                    failure: CommandFailure(
                        .usage, "This is no link that can be used: \(error).", remedy: Self.linkForm))
            }
        }
    }

    private func readCode(_ text: String) throws(Mistake) -> RoomEntrance {
        guard text.first.map({ $0.isASCII && $0.isNumber }) ?? false else {
            throw Mistake(
                failure: CommandFailure(
                    .usage, "This is neither a link nor a code.", remedy: "\(Self.codeForm); or \(Self.linkForm)"))
        }
        guard let server else { throw Mistake(failure: noServer) }
        do throws(CodeError) { return .code(try RoomCode(parsing: text), at: server) } catch {
            throw Mistake(failure: Self.failure(error), code: error)
        }
    }

    private var noServer: CommandFailure {
        CommandFailure(
            .usage, "A code holds no address: the server that knows it has to be named.",
            remedy:
                "martlet \(verb) CODE --server URL, as the other terminal shows it; or the link, which needs no more")
    }

    static func failure(_ error: CodeError) -> CommandFailure {
        CommandFailure(.usage, sentence(error), remedy: codeForm)
    }

    /// What is wrong with a code, as a sentence. The proposals are words of the list.
    static func sentence(_ error: CodeError) -> String {
        switch error {
        case .badNumber: "This is no code: it starts with a number from 1 to 999999."
        case .wordCount(let count):
            "A code has three words after its number; this one has \(count == 0 ? "none" : "\(count)")."
        case .unknownWord(let position, let proposals) where proposals.isEmpty:
            "Word \(position) of the code is none of the words of codes."
        case .unknownWord(let position, let proposals):
            "Word \(position) of the code is none of the words of codes. Perhaps \(Self.either(proposals))?"
        }
    }

    private static func either(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or \(last)"
    }
}
