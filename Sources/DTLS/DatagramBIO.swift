internal import COpenSSL
internal import Wire

/// OpenSSL's view of the network: one write is one datagram, one read returns at most one.
///
/// Writes go straight into the outgoing batch; reads take the datagram that is being handled, without a copy of our
/// own in between. The BIO refers to this object without owning it; the connection owns both.
final class DatagramBIO {
    let outgoing: DatagramBatch
    private var incoming: UnsafeRawBufferPointer?

    init(outgoing: DatagramBatch) {
        self.outgoing = outgoing
    }

    /// Makes `datagram` the one that OpenSSL reads next, for the duration of `body`.
    func withIncoming<Result, Failure: Error>(
        _ datagram: UnsafeRawBufferPointer, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        incoming = datagram
        defer { incoming = nil }
        return try body()
    }

    /// A BIO whose calls arrive here; nil when OpenSSL is out of memory. The caller (an SSL) takes ownership of it.
    func makeBIO() -> OpaquePointer? {
        guard let method = Self.method.pointer, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        return bio
    }

    private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        guard let datagram = incoming, let source = datagram.baseAddress, let target = buffer.baseAddress else {
            return nil
        }
        incoming = nil
        let count = min(datagram.count, buffer.count)
        target.copyMemory(from: source, byteCount: count)
        return count
    }

    private static func owner(of bio: OpaquePointer?) -> DatagramBIO? {
        BIO_get_data(bio).map { Unmanaged<DatagramBIO>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The method table: made once, never changed afterwards, shared by all threads.
    private struct Method: @unchecked Sendable {
        let pointer: OpaquePointer?
    }

    private static let method: Method = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "martlet datagram") else {
            return Method(pointer: nil)
        }
        BIO_meth_set_create(method) { bio in
            BIO_set_init(bio, 1)
            return 1
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            guard let owner = DatagramBIO.owner(of: bio), let bytes, count > 0 else { return -1 }
            owner.outgoing.append(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            return count
        }
        BIO_meth_set_read(method) { bio, bytes, count in
            guard let owner = DatagramBIO.owner(of: bio), let bytes else { return -1 }
            martlet_bio_clear_retry(bio)
            guard let read = owner.read(into: UnsafeMutableRawBufferPointer(start: bytes, count: Int(count))) else {
                martlet_bio_want_read(bio)
                return -1
            }
            return Int32(read)
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in
            command == BIO_CTRL_FLUSH ? 1 : 0
        }
        return Method(pointer: method)
    }()
}
