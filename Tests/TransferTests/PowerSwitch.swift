import Synchronization
import Testing

@testable import Transfer

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Takes the power away after a number of operations: of what was not on the disk for certain then, any part may be
/// lost. It works on a real folder, so that files keep their identities.
final class PowerSwitch: StorageObserver {
    fileprivate struct FileModel {
        var handle: Int32
        var durable: [UInt8]
        var pending: [Change] = []
    }

    fileprivate enum Change {
        case write(offset: Int, [UInt8])
        case truncate(Int)
    }

    /// A change of names, with what undoes it.
    private struct NameChange {
        enum Kind {
            case create(String)
            case makeFolder(String)
            case rename(String, to: String, over: Int32?)
            case remove(String, Int32?)
        }

        var folder: Int32
        var identity: FileIdentity
        var kind: Kind
    }

    private struct State {
        var left: Int
        var isOff = false
        var files: [FileIdentity: FileModel] = [:]
        var names: [NameChange] = []
    }

    private let state: Mutex<State>

    /// - Parameter count: operations until the power goes.
    init(after count: Int) {
        state = Mutex(State(left: count))
    }

    var isOff: Bool { state.withLock { $0.isOff } }

    func will(_ operation: StorageOperation) throws(SystemError) {
        let isOff = state.withLock { state in
            if state.left <= 0 { state.isOff = true }
            state.left -= 1
            if !state.isOff { Self.note(operation, &state) }
            return state.isOff
        }
        if isOff { throw SystemError(number: EIO) }
    }

    private static func identity(_ file: OpenFile) -> FileIdentity {
        (try? file.status().identity) ?? FileIdentity(inode: 0, device: 0)
    }

    private static func content(_ handle: Int32) -> [UInt8] {
        var status = stat()
        fstat(handle, &status)
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = bytes.count
        _ = bytes.withUnsafeMutableBytes { pread(handle, $0.baseAddress, count, 0) }
        return bytes
    }

    private static func note(_ operation: StorageOperation, _ state: inout State) {
        func change(_ file: OpenFile, _ change: Change) {
            let key = identity(file)
            if state.files[key] == nil {
                state.files[key] = FileModel(handle: dup(file.descriptor), durable: content(file.descriptor))
            }
            state.files[key]?.pending.append(change)
        }
        func rename(_ folder: OpenFile, _ kind: NameChange.Kind) {
            state.names.append(
                NameChange(folder: dup(folder.descriptor), identity: identity(folder), kind: kind))
        }
        func held(_ name: String, _ folder: OpenFile) -> Int32? {
            let handle = openat(folder.descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            return handle >= 0 ? handle : nil
        }
        switch operation {
        case .write(let file, let offset, let bytes): change(file, .write(offset: Int(offset), bytes))
        case .truncate(let file, let size): change(file, .truncate(Int(size)))
        case .synchronize(let file):
            let key = identity(file)
            state.files[key]?.settle()
            state.names.removeAll { $0.identity == key }
        case .synchronizeAll:
            for key in state.files.keys { state.files[key]?.settle() }
            state.names = []
        case .create(let name, let folder): rename(folder, .create(name))
        case .makeFolder(let name, let folder): rename(folder, .makeFolder(name))
        case .rename(let name, let other, let folder, let replaces):
            rename(folder, .rename(name, to: other, over: replaces ? held(other, folder) : nil))
        case .remove(let name, let folder): rename(folder, .remove(name, held(name, folder)))
        }
    }

    /// Makes of the folder what the disk holds.
    func fall(_ random: inout SplitMix64) {
        var (files, names) = state.withLock { ($0.files, $0.names) }
        // The last changes of names are lost, however many.
        let lost = Int.random(in: 0...names.count, using: &random)
        for change in names.suffix(lost).reversed() { undo(change) }
        names = []
        for key in files.keys.sorted(by: { $0.inode < $1.inode }) {
            guard let file = files[key], !file.pending.isEmpty else { continue }
            var content = file.durable
            for change in file.pending where Bool.random(using: &random) { change.apply(to: &content, &random) }
            ftruncate(file.handle, 0)
            _ = content.withUnsafeBytes { pwrite(file.handle, $0.baseAddress, content.count, 0) }
            files[key] = nil
        }
        // Locks end with the last handle.
        state.withLock { state in
            for file in state.files.values { close(file.handle) }
            state.files = [:]
        }
    }

    private func undo(_ change: NameChange) {
        func relink(_ handle: Int32?, _ name: String) {
            guard let handle else { return }
            #if os(Linux)
                linkat(AT_FDCWD, "/proc/self/fd/\(handle)", change.folder, name, AT_SYMLINK_FOLLOW)
            #endif
        }
        switch change.kind {
        case .create(let name): unlinkat(change.folder, name, 0)
        case .makeFolder(let name): unlinkat(change.folder, name, AT_REMOVEDIR)
        case .rename(let name, let other, let over):
            renameat(change.folder, other, change.folder, name)
            relink(over, other)
        case .remove(let name, let handle): relink(handle, name)
        }
    }
}

extension PowerSwitch.FileModel {
    fileprivate mutating func settle() {
        var random = SplitMix64(seed: 0)
        for change in pending { change.apply(to: &durable, isWhole: true, &random) }
        pending = []
    }
}

extension PowerSwitch.Change {
    /// - Parameter isWhole: nothing of it is torn.
    fileprivate func apply(to content: inout [UInt8], isWhole: Bool = false, _ random: inout SplitMix64) {
        switch self {
        case .truncate(let size):
            if content.count > size { content.removeLast(content.count - size) }
            if content.count < size { content += Array(repeating: 0, count: size - content.count) }
        case .write(let offset, let bytes):
            let isTorn = !isWhole && Int.random(in: 0..<4, using: &random) == 0
            let count = isTorn ? Int.random(in: 0...bytes.count, using: &random) : bytes.count
            let end = offset + count
            if content.count < end { content += Array(repeating: 0, count: end - content.count) }
            content.replaceSubrange(offset..<end, with: bytes[..<count])
        }
    }
}
