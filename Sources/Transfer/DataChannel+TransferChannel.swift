public import Martlet

/// A data channel carries transfers when it is ordered and reliable.
extension DataChannel: TransferChannel {
    public var incoming: AsyncMapSequence<Messages, TransferMessage> {
        messages.map { message in
            switch message {
            case .text(let text): .text(text)
            case .binary(let bytes): .binary(bytes)
            }
        }
    }

    /// 64 KiB where the peer takes that much: larger messages gain nothing and delay other channels.
    public var maximumMessageBytes: Int { min(65_536, maxMessageSize) }

    public func transmit(_ messages: [TransferMessage]) async throws {
        try await send(
            contentsOf: messages.map { message in
                switch message {
                case .text(let text): .text(text)
                case .binary(let bytes): .binary(bytes)
                }
            })
    }
}
