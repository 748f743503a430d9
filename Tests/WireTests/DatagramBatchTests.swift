import Testing
import Wire

@Suite struct DatagramBatchTests {
    private func runs(_ lengths: [Int], maximumSegments: Int = 64, maximumBytes: Int = 65_000) -> [[Int]] {
        let batch = DatagramBatch(capacityBytes: 16)
        for (index, length) in lengths.enumerated() {
            batch.append([UInt8](repeating: UInt8(truncatingIfNeeded: index), count: length))
        }
        var result: [[Int]] = []
        var bytes = 0
        batch.forEachRun(maximumSegments: maximumSegments, maximumBytes: maximumBytes) { run, segment in
            result.append([run.count, segment])
            bytes += run.count
        }
        #expect(bytes == lengths.reduce(0, +))
        return result
    }

    @Test func `equal datagrams form a run that a shorter one may end`() {
        #expect(runs([100, 100, 100]) == [[300, 100]])
        #expect(runs([100, 100, 40, 100]) == [[240, 100], [100, 100]])
        #expect(runs([40, 100, 100]) == [[40, 40], [200, 100]])
        #expect(runs([]) == [])
    }

    @Test func `runs respect the limits of the kernel`() {
        #expect(runs([10, 10, 10, 10, 10], maximumSegments: 2) == [[20, 10], [20, 10], [10, 10]])
        #expect(runs([10, 10, 10], maximumBytes: 25) == [[20, 10], [10, 10]])
        #expect(runs([50, 50], maximumSegments: 1) == [[50, 50], [50, 50]])
        // One datagram beyond the limit still goes out, alone.
        #expect(runs([90, 90], maximumBytes: 80) == [[90, 90], [90, 90]])
    }

    @Test func `datagrams keep their bytes and order while memory grows`() {
        let batch = DatagramBatch(capacityBytes: 8)
        let datagrams = (0..<200).map { index in [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: index) }
        for datagram in datagrams { batch.append(datagram) }
        var seen: [[UInt8]] = []
        batch.forEachDatagram { seen.append([UInt8]($0)) }
        #expect(seen == datagrams)
        batch.removeAll()
        #expect(batch.isEmpty && batch.byteCount == 0)
        batch.append([1])
        #expect(batch.lengths == [1])
    }
}
