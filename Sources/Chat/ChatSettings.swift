package import Martlet

/// What a talk is begun with.
package struct ChatSettings: Sendable {
    /// What the person wants to be called, 1 to 40 characters; more are cut off.
    package var name: String
    /// What this program calls itself, at most 80 characters.
    package var agent: String
    /// How many may be in the room, the host included: 2 to 8.
    package var people: Int
    /// How long the place of somebody whose connection is lost is kept, and how long a guest tries to come back.
    package var wait: Duration
    /// Of the connections that are made here: to guests, and between guests.
    package var configuration = PeerConnectionConfiguration()

    package init(name: String, agent: String = "Martlet", people: Int = 2, wait: Duration = .seconds(600)) {
        self.name = name
        self.agent = agent
        self.people = people
        self.wait = wait
    }
}
