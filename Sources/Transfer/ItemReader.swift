#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Reads one item and hashes it as it goes. Blocks on the file system, never on standard input.
final class ItemReader {
    enum Step {
        /// The beginning that the receiver has was looked at: frames begin here.
        case begin(offset: Int64)
        /// A data frame: header and payload.
        case frame(offset: Int64, message: [UInt8])
        /// All frames of a segment came before this.
        case segment(number: Int, hash: TreeDigest)
        case end(size: Int64, root: TreeDigest)
        /// More has to be read before anything can go out.
        case busy
        /// Standard input has nothing yet.
        case waiting
    }

    private enum Input {
        case file(OpenFile, FileStatus)
        case bytes([UInt8])
        case stream(Int32)
    }

    /// Bytes that are proved in one step.
    private static let proofBytes = 16 << 20

    let item: SourceItem
    private let input: Input
    private let hashes: HashStore?
    private var tree = HashTree()
    private var offset: Int64 = 0
    /// What the receiver says it has, until that was compared.
    private var part: ControlMessage.Part?
    /// Segments that the receiver was told of, or has.
    private var toldSegments = 0
    private var rememberedSegments = 0

    /// - Parameter standardInput: nil when somebody else has taken it.
    init(
        _ item: SourceItem, part: ControlMessage.Part?, hashes: HashStore?, standardInput: () -> Int32?
    ) throws(TransferError) {
        self.item = item
        self.part = part
        self.hashes = hashes
        switch item.content {
        case .file(let status):
            input = .file(try item.open(), status)
            if let part, let hashes {
                let known = hashes.segments(of: item.path, status)
                tree = HashTree(segments: Array(known.prefix(Int(part.bytes / HashTree.segmentBytes))))
                rememberedSegments = known.count
            }
        case .text(let bytes): input = .bytes(bytes)
        case .folder: input = .bytes([])
        case .standardInput:
            guard let descriptor = standardInput() else {
                throw TransferError(
                    .unreadable,
                    "Standard input can be read once: it goes to one receiver and cannot be taken up again.")
            }
            input = .stream(descriptor)
        }
    }

    /// Looks whether a file still is what was offered, which costs little.
    func checkUnchanged() throws(TransferError) {
        guard case .file(let file, let offered) = input else { return }
        let status: FileStatus
        do throws(SystemError) { status = try file.status() } catch { throw item.unreadable(error) }
        guard status == offered else { throw item.changed }
    }

    func next(payloadBytes: Int) throws(TransferError) -> Step {
        if let part { return try prove(part) }
        // The last segment of an item is never told: `item-end` is.
        if toldSegments < tree.segments.count, offset > Int64(toldSegments + 1) * HashTree.segmentBytes {
            defer { toldSegments += 1 }
            return .segment(number: toldSegments, hash: tree.segments[toldSegments])
        }
        let wanted = Int(min(Int64(payloadBytes), (item.size ?? Int64.max) - offset))
        guard wanted > 0 else { return try finish() }
        var isWaiting = false
        let message = try DataFrame.message(item: item.number, offset: offset, payloadByteCount: wanted) {
            buffer throws(TransferError) in
            guard let count = try read(into: buffer, at: offset) else {
                isWaiting = true
                return 0
            }
            // Shorter than it was: never padded, never mixed.
            guard count == wanted || item.size == nil else { throw item.changed }
            tree.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            return count
        }
        if isWaiting { return .waiting }
        let count = message.count - DataFrame.headerByteCount
        guard count > 0 else { return try finish() }
        defer { offset += Int64(count) }
        remember()
        return .frame(offset: offset, message: message)
    }

    /// Nil when a stream has nothing yet; 0 at the end.
    private func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(TransferError) -> Int? {
        do throws(SystemError) {
            switch input {
            case .file(let file, _): return try file.read(into: buffer, at: offset)
            case .bytes(let bytes):
                let count = min(buffer.count, bytes.count - Int(offset))
                buffer.copyBytes(from: bytes[Int(offset)..<Int(offset) + count])
                return count
            case .stream(let descriptor): return try OpenFile.readAvailable(descriptor, into: buffer)
            }
        } catch {
            throw item.unreadable(error)
        }
    }

    private func remember() {
        guard let hashes, case .file(_, let status) = input, tree.segments.count > rememberedSegments else { return }
        hashes.remember(tree.segments, of: item.path, status)
        rememberedSegments = tree.segments.count
    }

    /// Hashes on until what the receiver has can be compared.
    private func prove(_ part: ControlMessage.Part) throws(TransferError) -> Step {
        if tree.byteCount < part.bytes {
            let wanted = Int(min(part.bytes - tree.byteCount, Int64(Self.proofBytes)))
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(wanted, 1 << 20), alignment: 16)
            defer { buffer.deallocate() }
            var left = wanted
            while left > 0 {
                let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(left, buffer.count)])
                guard try read(into: piece, at: tree.byteCount) == piece.count else { throw item.changed }
                tree.update(UnsafeRawBufferPointer(piece))
                left -= piece.count
            }
            remember()
            if tree.byteCount < part.bytes { return .busy }
        }
        self.part = nil
        if tree.wholeLeaves.tree == part.tree {
            offset = part.bytes
        } else {
            tree = HashTree()
            rememberedSegments = 0
        }
        toldSegments = Int(offset / HashTree.segmentBytes)
        return .begin(offset: offset)
    }

    /// The root of the whole, if the file is still what it was when it was offered.
    private func finish() throws(TransferError) -> Step {
        try checkUnchanged()
        if case .file = input {
            // Some files have bytes that their status does not count, as under /proc.
            let count = try withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) {
                buffer throws(TransferError) in
                try read(into: buffer, at: offset)
            }
            guard count == 0 else { throw item.changed }
        }
        return .end(size: offset, root: tree.finish())
    }
}

extension OpenFile {
    /// Reads what a pipe, terminal or file has now; nil when it has nothing yet, 0 at its end.
    static func readAvailable(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> Int? {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let ready = poll(&request, 1, 0)
        if ready == 0 || ready < 0 && errno == EINTR { return nil }
        guard ready > 0 else { throw .last }
        let count = systemRead(descriptor, buffer)
        if count >= 0 { return count }
        if errno == EAGAIN || errno == EINTR { return nil }
        throw .last
    }

    private static func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Darwin)
            Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Glibc)
            Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #else
            Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }
}
