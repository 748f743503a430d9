internal import Signaling
internal import Transfer

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Under which link and code a sender works: a fresh one, or that of an unfinished transfer of the same command.
struct TransferTicket: Sendable {
    /// Of the unfinished transfer.
    let record: TransferRecord?
    /// Nil when nothing can be remembered.
    private let memory: TransferMemory?

    var isResumed: Bool { record != nil }
    /// That of the unfinished transfer was dead.
    let hasNewCode: Bool

    /// - Parameters:
    ///   - identity: what makes two commands the same; nil for what cannot be read twice.
    ///   - folder: where records are kept; nil where they cannot be.
    ///   - receiverCount: how many are to receive. A transfer that as many have already is no unfinished one.
    ///   - startsOver: an earlier transfer is forgotten.
    init(_ identity: [String]?, in folder: StateFolder?, receiverCount: Int, startsOver: Bool) {
        memory = identity.flatMap { identity in folder.flatMap { TransferMemory(identity, in: $0.transfers) } }
        let earlier = memory?.load(at: Self.now)
        let isOver = startsOver || earlier.map { $0.finished.count >= receiverCount } ?? false
        if isOver { memory?.forgetRecord() }
        var generator = SystemRandomNumberGenerator()
        let hasDeadCode = earlier?.hasDeadCode ?? false
        record = isOver ? nil : hasDeadCode ? earlier?.withNewCode(using: &generator) : earlier
        hasNewCode = !isOver && hasDeadCode
        // Without it on the disk the dead code is dead all the same, and the next start draws another one.
        if hasNewCode, let record { _ = memory?.save(record) }
    }

    /// The keeper of the earlier record, or of a new one.
    ///
    /// - Parameter port: of our own server.
    func keeper(port: UInt16?) -> RecordKeeper {
        if let record { return RecordKeeper(record, in: memory, isOnDisk: true) }
        var generator = SystemRandomNumberGenerator()
        let record = TransferRecord(
            room: .random(using: &generator), secret: .random(using: &generator), port: port,
            words: .random(using: &generator), transfer: RoomSecret.random(using: &generator).base64URL,
            created: Self.now)
        return RecordKeeper(record, in: memory, isOnDisk: false)
    }

    private static var now: Int64 { Int64(time(nil)) }
}
