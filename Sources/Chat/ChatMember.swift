/// Somebody we talk with.
package struct ChatMember: Hashable, Sendable {
    /// From 1, in the order of coming; the same when somebody comes back.
    package let id: Int
    /// What the person wants to be called, fit to be shown, and made different from the others' names by a number.
    package var name: String
    /// What the program on the other side calls itself, fit to be shown.
    package var agent: String

    package init(id: Int, name: String, agent: String) {
        self.id = id
        self.name = name
        self.agent = agent
    }
}
