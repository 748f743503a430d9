internal import CPlatform
internal import Digests

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// What of a transfer is on the disk, kept beside it: a hidden file, only ever appended to, that is read when the same
/// transfer comes again.
///
/// It never claims more than is there, by the order of writing: the data, `fdatasync`, the record, `fdatasync`. What is
/// torn or damaged at its end is cut off when it is read.
struct Journal: Sendable {
    /// Why there is none.
    enum Failure: Error, Equatable {
        /// Another receiver of this machine has it.
        case locked
        /// What has its name is not ours, or it cannot be made.
        case unusable(SystemError)
    }

    private let folder: OpenFile
    private let name: String
    private let file: OpenFile
    private var end: Int64

    /// No item gets a name that begins like this: see ``LocalName``.
    static let namePrefix = ".martlet-"

    /// `.martlet-HEX.journal`; the sender's text does not become a name.
    static func name(transfer: String) -> String {
        let hash = SHA256.hash(Array("martlet journal ".utf8) + Array(transfer.utf8))
        let digits = TreeDigest(exactly: hash).description
        return "\(namePrefix)\(digits.prefix(16)).journal"
    }

    /// Opens the journal of a transfer if there is one that can be read, locks it, and cuts off what is torn.
    static func existing(
        transfer: String, in folder: OpenFile
    ) throws(Failure) -> (journal: Journal, state: JournalState)? {
        guard var journal = try locked(transfer: transfer, in: folder) else { return nil }
        var state = JournalState()
        do throws(SystemError) {
            guard try journal.read(into: &state, transfer: transfer) else { return nil }
        } catch {
            throw .unusable(error)
        }
        return (journal, state)
    }

    /// Makes the journal of a transfer, in the place of one that cannot be read.
    static func new(transfer: String, session: String, in folder: OpenFile) throws(Failure) -> Journal {
        do throws(SystemError) {
            var journal: Journal
            if let made = try folder.create(name(transfer: transfer)) {
                journal = Journal(folder: folder, name: name(transfer: transfer), file: made, end: 0)
                guard flock(made.descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .last }
            } else {
                guard let found = try? locked(transfer: transfer, in: folder) else {
                    throw SystemError(number: EEXIST)
                }
                journal = found
                try journal.file.truncate(to: 0)
            }
            do throws(SystemError) {
                try journal.append(.header(transfer: transfer, session: session))
            } catch {
                journal.remove()
                throw error
            }
            return journal
        } catch {
            throw error.number == EWOULDBLOCK ? .locked : .unusable(error)
        }
    }

    private static func locked(transfer: String, in folder: OpenFile) throws(Failure) -> Journal? {
        let name = name(transfer: transfer)
        // Once more when the one who had it removed it meanwhile.
        for _ in 0..<2 {
            do throws(SystemError) {
                let file = try folder.openFile(name, flags: O_RDWR | O_NONBLOCK)
                let status = try file.status()
                guard status.isRegular, status.isOwn else { throw SystemError(number: EEXIST) }
                guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .last }
                if try file.status().linkCount == 0 { continue }
                return Journal(folder: folder, name: name, file: file, end: 0)
            } catch {
                if error.number == ENOENT { return nil }
                throw error.number == EWOULDBLOCK ? .locked : .unusable(error)
            }
        }
        return nil
    }

    /// False when it does not begin as a journal of this transfer does.
    private mutating func read(into state: inout JournalState, transfer: String) throws(SystemError) -> Bool {
        var isFirst = true
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = try file.read(into: &piece, at: end)
            let (records, byteCount) = JournalRecord.read(piece[..<count], at: end)
            for record in records {
                if isFirst {
                    guard case .header(let named, _) = record, named == transfer else { return false }
                    isFirst = false
                }
                state.note(record)
            }
            end += Int64(byteCount)
            if byteCount == 0 { break }
        }
        if isFirst { return false }
        try file.truncate(to: end)
        return true
    }

    /// Adds a record; it is on the disk after the next ``synchronize()``.
    mutating func append(_ record: JournalRecord) throws(SystemError) {
        try append([record])
    }

    mutating func append(_ records: [JournalRecord]) throws(SystemError) {
        if records.isEmpty { return }
        var bytes: [UInt8] = []
        for record in records { bytes += record.encoded(at: end + Int64(bytes.count)) }
        try file.write(bytes, at: end)
        end += Int64(bytes.count)
    }

    func synchronize() throws(SystemError) {
        try file.synchronizeData()
    }

    /// Puts the journal's own name on the disk: before the first record that somebody relies on.
    func synchronizeName() {
        // Not every file system can do this for a folder.
        try? folder.synchronize()
    }

    /// The transfer is over.
    func remove() {
        folder.remove(name)
    }
}
