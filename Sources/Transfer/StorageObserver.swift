/// Sees every change of a destination's disk before it is made, and may fail it: this is how tests take the power away.
protocol StorageObserver: AnyObject, Sendable {
    func will(_ operation: StorageOperation) throws(SystemError)
}

/// A change of the disk, or a wait until changes are on it.
enum StorageOperation {
    case write(OpenFile, offset: Int64, [UInt8])
    case truncate(OpenFile, to: Int64)
    /// A file's bytes and size, or a folder's names.
    case synchronize(OpenFile)
    /// Everything on the file system of this folder.
    case synchronizeAll(OpenFile)
    case create(String, in: OpenFile)
    case makeFolder(String, in: OpenFile)
    case rename(String, to: String, in: OpenFile, replaces: Bool)
    case remove(String, in: OpenFile)
}
