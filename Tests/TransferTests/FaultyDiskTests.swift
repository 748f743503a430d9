import Synchronization
import TestSupport
import Testing

@testable import Transfer

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Disks that fail at any kind of call: the transfer stops with a clear word to both people, or is complete; what was
/// kept is gone on with when the disk is well again.
struct FaultyDiskTests {
    enum Call: String, CaseIterable, Sendable {
        case write, truncate, synchronize, synchronizeAll, create, makeFolder, rename, remove

        init(_ operation: StorageOperation) {
            switch operation {
            case .write: self = .write
            case .truncate: self = .truncate
            case .synchronize: self = .synchronize
            case .synchronizeAll: self = .synchronizeAll
            case .create: self = .create
            case .makeFolder: self = .makeFolder
            case .rename: self = .rename
            case .remove: self = .remove
            }
        }
    }

    /// From one call of a kind on, all of that kind fail.
    private final class FaultyDisk: StorageObserver {
        private let call: Call
        private let error: SystemError
        private let left: Mutex<Int>

        init(_ call: Call, _ error: Int32, after count: Int) {
            self.call = call
            self.error = SystemError(number: error)
            left = Mutex(count)
        }

        var hasFailed: Bool { left.withLock { $0 < 0 } }

        func will(_ operation: StorageOperation) throws(SystemError) {
            guard Call(operation) == call else { return }
            let isFailing = left.withLock { left in
                left -= 1
                return left < 0
            }
            if isFailing { throw error }
        }
    }

    /// One connection.
    private func attempt(
        _ source: TemporaryFolder, to target: TemporaryFolder, on disk: FaultyDisk?
    ) async throws -> (sent: Ending, received: Ending) {
        let control = MemoryChannel.pair()
        let data = MemoryChannel.pair()
        var options = TransferOptions()
        options.transfer = "same"
        let list = try SourceList([.path(source.path + "/tree")])
        let sender = FileSender(sources: list, control: control.0, data: data.0, options: options)
        var pace = WriterPace()
        pace.durableBytes = 262_144
        pace.groupItems = 3
        let receiver = FileReceiver(
            destination: .folder(try DestinationDirectory(path: target.path, observer: disk)), control: control.1,
            data: data.1, options: options, decide: { _ in .accept() })
        let run = ReceiverRun(receiver, pace: pace)
        let (sent, received) = await endings(over: control, data) { () async throws(TransferError) in
            try await sender.run()
        } receiver: { () async throws(TransferError) in
            try await run.run()
        }
        return (sent, received)
    }

    /// Hidden files in the folder and its folders.
    private func hidden(_ folder: TemporaryFolder) -> [String] {
        (folder.names + ["tree", "tree/f", "tree/g"].flatMap { TemporaryFolder.names(in: folder.path($0)) })
            .filter { $0.hasPrefix(".") }
    }

    @Test(arguments: Call.allCases, [EIO, ENOSPC, EDQUOT, EROFS])
    func `a disk that fails stops the transfer cleanly, and another try completes it`(
        call: Call, error: Int32
    ) async throws {
        let source = try TemporaryFolder(isInMemory: true)
        let files: [(String, Int)] = [("a", 3), ("big", 900_000), ("f/b", 5), ("f/c", 0), ("g/d", 70_000), ("z", 1)]
        for folder in ["tree", "tree/f", "tree/g"] { try #require(mkdir(source.path(folder), 0o700) == 0) }
        for (index, file) in files.enumerated() {
            try source.write([UInt8](repeating: UInt8(index), count: file.1), to: "tree/" + file.0)
        }
        for count in [0, 1, 2, 4, 7, 12, 20] {
            let target = try TemporaryFolder(isInMemory: true)
            let disk = FaultyDisk(call, error, after: count)
            let context = "\(call.rawValue) \(error) after \(count)"
            let first = try await attempt(source, to: target, on: disk)
            switch (first.sent, first.received) {
            case (.success(let sent), .success(let received)):
                // What failed was not needed.
                #expect(sent.firstError == nil && received.firstError == nil, "\(context)")
            case (.failure(let sent), .failure(let received)):
                #expect(disk.hasFailed && received.code == .storage && !received.isReportedByPeer, "\(context)")
                #expect(received.systemError == error, "\(context)")
                #expect(sent.code == .storage && sent.isReportedByPeer, "\(context)")
                #expect(sent.isResumable && received.isResumable, "\(context)")
                let isKept = hidden(target).contains { $0.hasSuffix(".journal") }
                #expect(isKept || hidden(target).isEmpty, "\(context)")
            default: Issue.record("\(context): \(first)")
            }
            let second = try await attempt(source, to: target, on: nil)
            let wasComplete = (try? first.received.get()) != nil
            // What is complete already fails only because it is there.
            let codes = try second.received.get().items.compactMap { $0.error?.code }
            #expect(codes.isEmpty || wasComplete && codes == Array(repeating: .exists, count: 6), "\(context)")
            for (index, file) in files.enumerated() {
                let content = try target.read("tree/" + file.0)
                #expect(content == [UInt8](repeating: UInt8(index), count: file.1), "\(context)")
            }
            #expect(hidden(target).isEmpty, "\(context): \(hidden(target))")
        }
    }
}
