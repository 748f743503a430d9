package import Transfer

/// What becomes of files that somebody sends into the talk, once the person has accepted them.
package struct ChatReception: Sendable {
    /// Where they go. Asked for at each offer, so that nothing is made before there is one.
    package var destination: @Sendable () throws(TransferError) -> Destination
    /// What happens to files that exist already.
    package var existing: ExistingFilePolicy

    package init(
        existing: ExistingFilePolicy = .rename, destination: @escaping @Sendable () throws(TransferError) -> Destination
    ) {
        self.existing = existing
        self.destination = destination
    }
}
