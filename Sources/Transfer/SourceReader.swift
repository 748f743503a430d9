internal import NIOPosix
internal import Synchronization

/// Reads the items of an offer one after the other, in batches of data frames, on a thread that may block.
final class SourceReader: Sendable {
    /// What comes next of the items, in the order in which it is to be sent.
    enum Piece: Sendable {
        /// The first sign of an item; with an offset, the answer to what the receiver has of it.
        case begin(item: Int, offset: Int64?)
        /// A data frame: header and payload.
        case frame(item: Int, offset: Int64, message: [UInt8])
        /// All frames of the segment came before this.
        case segment(item: Int, number: Int, hash: TreeDigest)
        /// All bytes of the item came before this.
        case end(item: Int, size: Int64, root: TreeDigest)
        /// No more of the item comes: it cannot be read, or changed. Or nobody wants it (no error).
        case stop(item: Int, error: TransferError?)
    }

    /// Pieces, and what to do for the next ones.
    struct Batch: Sendable {
        enum Rest: Sendable {
            /// Ask again.
            case more
            /// Ask again in a moment: standard input has nothing.
            case waiting
            /// Every item that there is was read.
            case none
        }

        var pieces: [Piece] = []
        var rest = Rest.more
    }

    /// File bytes in a batch: enough that the hop to the thread and back does not count.
    static let batchBytes = 1 << 20
    /// Items in a batch, for files that have few bytes or none.
    static let batchItems = 256

    private let sources: SourceList
    private let payloadBytes: Int
    /// The lock is never contended: one batch is asked for at a time. It lets the compiler see that.
    private let state: Mutex<State>
    private let threads = NIOThreadPool.singleton

    init(_ sources: SourceList, payloadBytes: Int, hashes: HashStore? = nil) {
        self.sources = sources
        self.payloadBytes = payloadBytes
        state = Mutex(State(sources: sources, payloadBytes: payloadBytes, hashes: hashes))
    }

    /// The next batch.
    ///
    /// - Parameters:
    ///   - itemCount: items before this number are read.
    ///   - wish: asked for an item before it is read further; `nothing` skips the rest of it.
    func nextBatch(
        itemCount: Int, wish: @escaping @Sendable (Int) -> SenderCore.Wish
    ) async throws(TransferError) -> Batch {
        do {
            return try await threads.runIfActive {
                self.state.withLock { $0.batch(itemCount: itemCount, wish: wish) }
            }
        } catch {
            // The pool only refuses work for a cancelled task.
            throw .canceled
        }
    }

    /// Reads a part of an item once more: the frames of at most a batch from its beginning.
    func again(_ stretch: ControlMessage.Stretch) async throws(TransferError) -> [(offset: Int64, message: [UInt8])] {
        let item = sources.item(stretch.item)
        let payloadBytes = payloadBytes
        let reading: Result<[(offset: Int64, message: [UInt8])], TransferError>
        do {
            reading = try await threads.runIfActive { Self.frames(of: stretch, item, payloadBytes) }
        } catch {
            throw .canceled
        }
        return try reading.get()
    }

    private static func frames(
        of stretch: ControlMessage.Stretch, _ item: SourceItem, _ payloadBytes: Int
    ) -> Result<[(offset: Int64, message: [UInt8])], TransferError> {
        do throws(TransferError) {
            var file: OpenFile?
            var text: [UInt8] = []
            if case .text(let bytes) = item.content { text = bytes } else { file = try item.open() }
            var frames: [(offset: Int64, message: [UInt8])] = []
            var offset = stretch.offset
            let end = min(stretch.offset + stretch.byteCount, stretch.offset + Int64(batchBytes))
            while offset < end {
                let wanted = Int(min(end - offset, Int64(payloadBytes)))
                let message = try DataFrame.message(item: item.number, offset: offset, payloadByteCount: wanted) {
                    buffer throws(TransferError) in
                    guard let file else {
                        buffer.copyBytes(from: text[Int(offset)..<Int(offset) + wanted])
                        return wanted
                    }
                    do throws(SystemError) {
                        guard try file.read(into: buffer, at: offset) == wanted else { return 0 }
                        return wanted
                    } catch {
                        throw item.unreadable(error)
                    }
                }
                guard message.count == wanted + DataFrame.headerByteCount else { throw item.changed }
                frames.append((offset, message))
                offset += Int64(wanted)
            }
            return .success(frames)
        } catch {
            return .failure(error)
        }
    }

    private struct State {
        let sources: SourceList
        let payloadBytes: Int
        let hashes: HashStore?
        var index = 0
        var current: ItemReader?

        init(sources: SourceList, payloadBytes: Int, hashes: HashStore?) {
            self.sources = sources
            self.payloadBytes = payloadBytes
            self.hashes = hashes
        }

        mutating func batch(itemCount: Int, wish: (Int) -> SenderCore.Wish) -> Batch {
            var batch = Batch()
            var byteCount = 0
            var isFirst = true
            let lastIndex = min(itemCount, index + SourceReader.batchItems)
            while byteCount < SourceReader.batchBytes, index < lastIndex, case .more = batch.rest {
                let item = index
                do throws(TransferError) {
                    guard let reader = try reader(of: item, wish(item), &batch, mustCheck: isFirst) else {
                        advance()
                        continue
                    }
                    isFirst = false
                    switch try reader.next(payloadBytes: payloadBytes) {
                    case .begin(let offset): batch.pieces.append(.begin(item: item, offset: offset))
                    case .frame(let offset, let message):
                        byteCount += message.count - DataFrame.headerByteCount
                        batch.pieces.append(.frame(item: item, offset: offset, message: message))
                    case .segment(let number, let hash):
                        batch.pieces.append(.segment(item: item, number: number, hash: hash))
                    case .end(let size, let root):
                        batch.pieces.append(.end(item: item, size: size, root: root))
                        advance()
                    case .busy: return batch
                    case .waiting: batch.rest = .waiting
                    }
                } catch {
                    batch.pieces.append(.stop(item: item, error: error))
                    advance()
                }
            }
            if index >= itemCount { batch.rest = .none }
            return batch
        }

        /// The reader of an item that is wanted, made when its turn comes; nil for another.
        private mutating func reader(
            of item: Int, _ wish: SenderCore.Wish, _ batch: inout Batch, mustCheck: Bool
        ) throws(TransferError) -> ItemReader? {
            if let current {
                if wish == .nothing {
                    batch.pieces.append(.stop(item: item, error: nil))
                    return nil
                }
                // Once in each batch, so that what was replaced is not read to its end.
                if mustCheck { try current.checkUnchanged() }
                return current
            }
            var part: ControlMessage.Part?
            switch wish {
            case .nothing: return nil
            case .whole: batch.pieces.append(.begin(item: item, offset: nil))
            case .rest(let beginning): part = beginning
            }
            let reader = try ItemReader(
                sources.item(item), part: part, hashes: hashes, standardInput: sources.takeStandardInput)
            current = reader
            return reader
        }

        private mutating func advance() {
            current = nil
            index += 1
        }
    }
}
