internal import Signaling

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// By what a sender knows a receiver again: drawn at random, and remembered until the transfer is through, so that a
/// receiver that was killed has its place when the same command is started again.
struct ReceiverSession: Sendable {
    let name: String
    /// Nil when nothing can be remembered, or another process receives the same at this moment.
    private let memory: TransferMemory?

    /// - Parameters:
    ///   - entrance: nil when the room is ours, and new each time.
    ///   - folder: where it is remembered.
    init(_ entrance: RoomEntrance?, destination: String, in folder: StateFolder?) {
        var place = destination
        if let real = realpath(destination, nil) {
            place = String(cString: real)
            free(real)
        }
        memory = entrance.flatMap { entrance in
            let key =
                switch entrance {
                case .link(let link): [link.room.text, link.secret.base64URL]
                case .code(let code, let server): [code.text, server.pageAddress]
                }
            return folder.flatMap { TransferMemory(["receive"] + key + [place], in: $0.transfers) }
        }
        if let earlier = memory?.text?.trimmed, RoomSecret(base64URL: earlier) != nil {
            name = earlier
        } else {
            var generator = SystemRandomNumberGenerator()
            name = RoomSecret.random(using: &generator).base64URL
        }
    }

    /// The sender is about to hear of us: from here on the place is ours. Returns when that is on the disk.
    func keep() {
        memory?.save(name + "\n")
    }

    /// The transfer is over.
    func forget() {
        memory?.forget()
    }
}
