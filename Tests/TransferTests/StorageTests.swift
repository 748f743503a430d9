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

/// Disks that are full, small or closed.
struct StorageTests {
    /// A file system of its own, which needs root.
    private final class SmallDisk: Sendable {
        let folder: TemporaryFolder

        init?(options: String) throws {
            folder = try TemporaryFolder()
            #if os(Linux)
                guard getuid() == 0, mount("tmpfs", folder.path, "tmpfs", 0, options) == 0 else { return nil }
            #else
                return nil
            #endif
        }

        deinit {
            #if os(Linux)
                umount2(folder.path, 2)
            #endif
        }
    }

    private static let canMount: Bool = (try? SmallDisk(options: "size=64k")).flatMap { $0 } != nil

    private func endings(
        _ files: [Source], to target: String, during: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) async throws -> (Result<TransferReport, TransferError>, Result<TransferReport, TransferError>) {
        let control = MemoryChannel.pair()
        let data = MemoryChannel.pair()
        let sender = FileSender(sources: try SourceList(files), control: control.0, data: data.0)
        let receiver = FileReceiver(
            destination: .folder(try DestinationDirectory(path: target)), control: control.1, data: data.1,
            onEvent: during
        ) { _ in .accept() }
        async let sent =
            Task {
                defer { control.0.close() }
                do throws(TransferError) { return .success(try await sender.run()) } catch { return .failure(error) }
            }.value as Result<TransferReport, TransferError>
        async let received =
            Task {
                defer { control.1.close() }
                do throws(TransferError) { return .success(try await receiver.run()) } catch { return .failure(error) }
            }.value as Result<TransferReport, TransferError>
        return await (sent, received)
    }

    private func expectStorage(
        _ endings: (Result<TransferReport, TransferError>, Result<TransferReport, TransferError>), error number: Int32
    ) {
        guard case .failure(let sent) = endings.0, case .failure(let received) = endings.1 else {
            Issue.record("stored")
            return
        }
        #expect(received.code == .storage && received.systemError == number && !received.isReportedByPeer)
        #expect(sent.code == .storage && sent.isReportedByPeer)
        #expect(!sent.message.contains("/tmp/"))
    }

    @Test(.enabled(if: canMount, "mounting a small disk needs root"))
    func `a disk that fills up stops the transfer and gives the item no name`() async throws {
        let source = try TemporaryFolder()
        let disk = try #require(try SmallDisk(options: "size=4m"))
        let files: [Source] = try [
            .path(source.write([1, 2, 3], to: "first")),
            .path(source.write([UInt8](repeating: 5, count: 3 << 20), to: "second")),
        ]
        // It fits when it is offered; then somebody else fills the disk.
        let ended = try await endings(files, to: disk.folder.path) { event in
            if case .accepted = event {
                _ = try? disk.folder.write([UInt8](repeating: 0, count: 2 << 20), to: "other")
            }
        }
        expectStorage(ended, error: ENOSPC)
        // Beside the journal a part may stay, when the disk was slow enough that some of it was made sure of.
        #expect(Set(disk.folder.names.filter { !$0.hasPrefix(".") }).isSubset(of: ["first", "other"]))
    }

    @Test(.enabled(if: canMount, "mounting a small disk needs root"))
    func `a disk without room for another file stops the transfer`() async throws {
        let source = try TemporaryFolder()
        let disk = try #require(try SmallDisk(options: "size=1m,nr_inodes=4"))
        let files: [Source] = try (0..<4).map { .path(try source.write([1], to: "f\($0)")) }
        expectStorage(try await endings(files, to: disk.folder.path), error: ENOSPC)
        #expect(disk.folder.names.filter { !$0.hasPrefix(".") } == ["f0", "f1"])
        #expect(disk.folder.names.count { $0.hasSuffix(".journal") } == 1 && disk.folder.names.count == 3)
    }

    @Test(.enabled(if: canMount, "mounting a small disk needs root"))
    func `a folder on a disk that cannot be written is refused at once`() throws {
        #if os(Linux)
            let disk = try #require(try SmallDisk(options: "size=1m"))
            try #require(mount("tmpfs", disk.folder.path, "tmpfs", UInt(MS_REMOUNT) | UInt(MS_RDONLY), "") == 0)
            do throws(TransferError) {
                _ = try DestinationDirectory(path: disk.folder.path)
                Issue.record("opened")
            } catch {
                #expect(error.code == .storage && error.systemError == EROFS)
            }
        #endif
    }

    @Test func `a destination that is missing or no folder is refused`() throws {
        let folder = try TemporaryFolder()
        for path in [folder.path("none"), try folder.write([], to: "file")] {
            do throws(TransferError) {
                _ = try DestinationDirectory(path: path)
                Issue.record("opened")
            } catch {
                #expect(error.code == .storage)
            }
        }
    }
}
