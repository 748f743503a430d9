import Testing

@testable import Lab

@Suite struct MemoryWatchTests {
    private static let mebibyte = 1_048_576

    @Test func `what is needed in the beginning does not count`() throws {
        var watch = MemoryWatch(warmUp: .seconds(600), allowance: 64 * Self.mebibyte)
        try watch.look(at: 10 * Self.mebibyte, after: .seconds(1))
        try watch.look(at: 500 * Self.mebibyte, after: .seconds(599))
        // The first look behind the warm-up says what is usual.
        try watch.look(at: 500 * Self.mebibyte, after: .seconds(600))
        try watch.look(at: 564 * Self.mebibyte, after: .seconds(86_400))
    }

    @Test func `more than what it may grow by is a failure, at once`() throws {
        var watch = MemoryWatch(warmUp: .seconds(600), allowance: 64 * Self.mebibyte)
        try watch.look(at: 100 * Self.mebibyte, after: .seconds(601))
        try watch.look(at: 164 * Self.mebibyte, after: .seconds(602))
        #expect(throws: LabError.failed("memory grew from 100 to 164 MiB")) {
            try watch.look(at: 164 * Self.mebibyte + 1, after: .seconds(603))
        }
    }

    @Test func `slow growth is compared with the beginning, not with the last look`() throws {
        var watch = MemoryWatch(warmUp: .zero, allowance: 64 * Self.mebibyte)
        for step in 0...64 { try watch.look(at: (100 + step) * Self.mebibyte, after: .seconds(step)) }
        #expect(throws: LabError.failed("memory grew from 100 to 165 MiB")) {
            try watch.look(at: 165 * Self.mebibyte, after: .seconds(65))
        }
    }
}
