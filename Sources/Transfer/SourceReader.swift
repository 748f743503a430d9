internal import NIOPosix
internal import Synchronization

/// Reads the files of an offer one after the other, in batches of data frames, on a thread that may block.
final class SourceReader: Sendable {
    /// What comes next of the items, in the order in which it is to be sent.
    enum Piece: Sendable {
        /// The first sign of an item.
        case begin(item: Int)
        /// A data frame: header and payload.
        case frame(item: Int, offset: Int64, message: [UInt8])
        /// All bytes of the item came before this.
        case end(item: Int, digest: TreeDigest)
        /// No more of the item comes: it cannot be read, or changed. Or nobody wants it (no error).
        case stop(item: Int, error: TransferError?)
    }

    /// File bytes in a batch: enough that the hop to the thread and back does not count.
    static let batchBytes = 1 << 20
    /// Items in a batch, for files that have few bytes or none.
    static let batchItems = 256

    /// The lock is never contended: one batch is asked for at a time. It lets the compiler see that.
    private let state: Mutex<State>
    private let threads = NIOThreadPool.singleton

    init(files: [SourceFile], payloadBytes: Int) {
        state = Mutex(State(files: files, payloadBytes: payloadBytes))
    }

    /// The next batch; empty after the last item.
    ///
    /// - Parameter isUnwanted: asked for an item before it is read further; true skips the rest of it.
    func nextBatch(
        skipping isUnwanted: @escaping @Sendable (Int) -> Bool
    ) async throws(TransferError) -> [Piece] {
        do {
            return try await threads.runIfActive { self.state.withLock { $0.batch(skipping: isUnwanted) } }
        } catch {
            // The pool only refuses work for a cancelled task.
            throw .canceled
        }
    }

    private struct State {
        let files: [SourceFile]
        let payloadBytes: Int
        var index = 0
        var current: Current?

        init(files: [SourceFile], payloadBytes: Int) {
            self.files = files
            self.payloadBytes = payloadBytes
        }

        mutating func batch(skipping isUnwanted: (Int) -> Bool) -> [Piece] {
            var pieces: [Piece] = []
            var byteCount = 0
            let lastIndex = min(files.count, index + SourceReader.batchItems)
            while byteCount < SourceReader.batchBytes, index < lastIndex {
                let item = index
                if current == nil { pieces.append(.begin(item: item)) }
                if isUnwanted(item) {
                    pieces.append(.stop(item: item, error: nil))
                    advance()
                    continue
                }
                do throws(TransferError) {
                    let open = if let current { current } else { try Current(files[item]) }
                    current = open
                    if let message = try open.nextFrame(item: item, payloadBytes: payloadBytes) {
                        byteCount += message.count - DataFrame.headerByteCount
                        pieces.append(.frame(item: item, offset: open.offset(before: message), message: message))
                    } else {
                        pieces.append(.end(item: item, digest: try open.finish()))
                        advance()
                    }
                } catch {
                    pieces.append(.stop(item: item, error: error))
                    advance()
                }
            }
            return pieces
        }

        private mutating func advance() {
            current = nil
            index += 1
        }
    }

    /// The file being read.
    private final class Current {
        private let source: SourceFile
        private let file: OpenFile
        private var offset: Int64 = 0
        private var hash = HashTree()

        init(_ source: SourceFile) throws(TransferError) {
            self.source = source
            file = try source.open()
        }

        func offset(before message: [UInt8]) -> Int64 {
            offset - Int64(message.count - DataFrame.headerByteCount)
        }

        /// The next frame; nil at the end. Bytes go from the file straight into the message.
        func nextFrame(item: Int, payloadBytes: Int) throws(TransferError) -> [UInt8]? {
            let wanted = Int(min(Int64(payloadBytes), source.size - offset))
            guard wanted > 0 else { return nil }
            let message = try DataFrame.message(item: item, offset: offset, payloadByteCount: wanted) {
                buffer throws(TransferError) in
                let count = try read(into: buffer)
                // Shorter than it was: never padded, never mixed.
                guard count == wanted else { throw source.changed }
                hash.update(UnsafeRawBufferPointer(buffer))
                return count
            }
            offset += Int64(wanted)
            return message
        }

        /// The hash of the whole, if the file is still what it was when it was offered.
        func finish() throws(TransferError) -> TreeDigest {
            let status: FileStatus
            do throws(SystemError) { status = try file.status() } catch {
                throw SourceFile.unreadable(source.path, error)
            }
            guard status == source.status else { throw source.changed }
            // Some files have bytes that their status does not count, as under /proc.
            let isLonger = try withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) {
                buffer throws(TransferError) in
                try read(into: buffer) > 0
            }
            guard !isLonger else { throw source.changed }
            return hash.finish()
        }

        private func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransferError) -> Int {
            do throws(SystemError) {
                return try file.read(into: buffer, at: offset)
            } catch {
                throw SourceFile.unreadable(source.path, error)
            }
        }
    }
}
