import Transfer

/// How one side's run ended.
typealias Ending = Result<TransferReport, TransferError>

/// Runs one side; at its end its channels are closed, as a program does.
func ending(
    closing channels: MemoryChannel..., of run: () async throws(TransferError) -> TransferReport
) async -> Ending {
    defer { for channel in channels { channel.close() } }
    do throws(TransferError) { return .success(try await run()) } catch { return .failure(error) }
}

/// Runs both sides at once. The sender has the first end of each pair; without `data` one pair serves as both.
func endings(
    over control: (MemoryChannel, MemoryChannel), _ data: (MemoryChannel, MemoryChannel)? = nil,
    sender: @escaping @Sendable () async throws(TransferError) -> TransferReport,
    receiver: @escaping @Sendable () async throws(TransferError) -> TransferReport
) async -> (sent: Ending, received: Ending) {
    let data = data ?? control
    async let sent = ending(closing: control.0, data.0, of: sender)
    async let received = ending(closing: control.1, data.1, of: receiver)
    return await (sent, received)
}
