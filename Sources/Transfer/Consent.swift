internal import Synchronization

/// The yes of a person to a list, for as long as the program runs: when the connection breaks so early that nothing is
/// on the disk yet, the same list need not be asked about again.
package final class Consent: Sendable {
    /// What makes two items the same.
    private struct Item: Sendable, Equatable {
        var kind: ItemKind
        var components: [String]
        var size: Int64?
        var modified: Int64?

        init(_ item: Offer.Item) {
            (kind, components, size, modified) = (item.kind, item.components, item.size, item.modified)
        }
    }

    private let given = Mutex<(items: [Item], policy: ExistingFilePolicy)?>(nil)

    package init() {}

    /// A list that was not complete at the yes is not remembered: nobody has seen all of it.
    package func give(_ policy: ExistingFilePolicy, to offer: Offer) {
        let items = offer.isComplete ? offer.items.map(Item.init) : nil
        given.withLock { $0 = items.map { ($0, policy) } }
    }

    /// What was said to the same list. Waits for the whole list only when there was an earlier yes.
    package func policy(for offer: IncomingOffer) async -> ExistingFilePolicy? {
        guard let given = given.withLock({ $0 }) else { return nil }
        var current = offer.current
        while !current.isComplete {
            await offer.changed(since: current)
            guard !Task.isCancelled else { return nil }
            current = offer.current
        }
        return current.items.map(Item.init) == given.items ? given.policy : nil
    }
}
