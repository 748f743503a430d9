internal import Signaling
internal import Synchronization
internal import Transfer

/// Keeps the record of a transfer on the disk in step with what happens.
final class RecordKeeper: Sendable {
    private struct State {
        var record: TransferRecord
        var isOnDisk = false
    }

    private let state: Mutex<State>
    /// Nil when nothing can be remembered.
    private let memory: TransferMemory?

    init(_ record: TransferRecord, in memory: TransferMemory?, isOnDisk: Bool) {
        state = Mutex(State(record: record, isOnDisk: isOnDisk))
        self.memory = memory
    }

    var record: TransferRecord { state.withLock { $0.record } }

    /// A receiver is asked: from its yes on the transfer can be resumed. Returns when that is on the disk.
    func begin() {
        state.withLock { state in
            if !state.isOnDisk { state.isOnDisk = memory?.save(state.record) ?? false }
        }
    }

    /// The receiver of that session has everything.
    func finish(_ session: String) {
        state.withLock { state in
            state.record.finished.append(session)
            state.isOnDisk = memory?.save(state.record) ?? false
        }
    }

    /// The server has given the room a number, perhaps another one than before: then the words are others too.
    func given(_ code: RoomCode?, _ token: RoomToken?) {
        change { record in
            if let code { (record.number, record.words) = (code.number, code.words) }
            record.token = token
        }
    }

    /// So many wrong codes were tried; on the disk, where the record is, before the next can be.
    func looked(_ failed: Int) {
        change { $0.failedLooks = failed }
    }

    private func change(_ body: (inout TransferRecord) -> Void) {
        state.withLock { state in
            let before = state.record
            body(&state.record)
            guard state.isOnDisk, state.record != before else { return }
            state.isOnDisk = memory?.save(state.record) ?? false
            // An older record counts fewer looks at the same words: rather none at all.
            if !state.isOnDisk { memory?.forgetRecord() }
        }
    }

    /// Whether the same command goes on with the transfer.
    var canResume: Bool { state.withLock { $0.isOnDisk } }

    /// The command ends. What can go on is kept for the next one.
    func close(after failure: CommandFailure?) {
        if let failure, failure.isResumable { return }
        memory?.forget()
    }
}
