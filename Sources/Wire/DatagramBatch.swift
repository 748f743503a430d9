/// Datagrams in one stretch of memory, in the order they were appended: what one turn of a core wants sent.
///
/// Memory is allocated once and reused (`removeAll` keeps it). The bytes of neighbouring datagrams touch, so that a
/// run of equal sizes can go to the kernel as one segmented write (UDP_SEGMENT).
@safe
package final class DatagramBatch {
    /// Lengths in bytes, in order of sending.
    package private(set) var lengths: [Int] = []
    private var storage: UnsafeMutableRawBufferPointer
    private var used = 0

    /// - Parameter capacityBytes: room before the first growth; the default holds a full turn of 64 KiB sends.
    package init(capacityBytes: Int = 256 * 1024) {
        // 64-byte alignment: copies whose ends lie 16 bytes apart modulo 4096 are ten times slower on some processors.
        unsafe storage = .allocate(byteCount: capacityBytes, alignment: 64)
        lengths.reserveCapacity(256)
    }

    deinit {
        unsafe storage.deallocate()
    }

    package var isEmpty: Bool { lengths.isEmpty }
    package var count: Int { lengths.count }
    package var byteCount: Int { used }

    /// Appends one datagram.
    package func append(_ bytes: UnsafeRawBufferPointer) {
        if unsafe used + bytes.count > storage.count { grow(toHold: used + bytes.count) }
        if let source = bytes.baseAddress, let base = unsafe storage.baseAddress {
            unsafe (base + used).copyMemory(from: source, byteCount: bytes.count)
        }
        used += bytes.count
        lengths.append(bytes.count)
    }

    package func append(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
    }

    /// Forgets all datagrams and keeps the memory.
    package func removeAll() {
        lengths.removeAll(keepingCapacity: true)
        used = 0
    }

    /// Calls `body` with each run of datagrams that fits one segmented write: equal lengths, the last may be shorter,
    /// at most `maximumSegments` datagrams and `maximumBytes` bytes.
    ///
    /// - Parameter body: the bytes of the run, and the length of each datagram but the last.
    package func forEachRun(
        maximumSegments: Int, maximumBytes: Int, _ body: (_ run: UnsafeRawBufferPointer, _ segmentBytes: Int) -> Void
    ) {
        var first = 0
        var start = 0
        while first < lengths.count {
            let size = lengths[first]
            var next = first + 1
            var bytes = size
            while next < lengths.count, next - first < maximumSegments, lengths[next - 1] == size,
                lengths[next] <= size, lengths[next] > 0, bytes + lengths[next] <= maximumBytes
            {
                bytes += lengths[next]
                next += 1
            }
            unsafe body(UnsafeRawBufferPointer(rebasing: storage[start..<start + bytes]), size)
            start += bytes
            first = next
        }
    }

    /// Calls `body` with each datagram in order.
    package func forEachDatagram(_ body: (UnsafeRawBufferPointer) -> Void) {
        var start = 0
        for length in lengths {
            unsafe body(UnsafeRawBufferPointer(rebasing: storage[start..<start + length]))
            start += length
        }
    }

    private func grow(toHold needed: Int) {
        let larger = unsafe UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(needed, storage.count * 2), alignment: 64)
        unsafe larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[..<used]))
        unsafe storage.deallocate()
        unsafe storage = larger
    }
}
