#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Complete items get their names in groups: one wait for the disk for many.
extension WriterState {
    /// Gives the items of the group their names. Each name appears after its bytes and what the journal says of it are
    /// on the disk, and is told after the name itself is.
    mutating func flush(_ outcome: inout ItemWriter.Outcome) throws(WriterFailure) {
        if group.isEmpty { return }
        let placements = try prepared(&outcome)
        var placed: [(Placement, path: [String])] = []
        var touched: [[String]: OpenFile] = [:]
        for placement in placements {
            do throws(WriterFailure) {
                let path = try place(placement)
                placed.append((placement, path))
                if touched.count <= Self.handleLimit, let folder = try? folders?.folder(placement.parent) {
                    touched[placement.parent] = folder
                }
            } catch {
                guard case .item(let item, let reason) = error else {
                    // Another try must not look for other names for these.
                    group.removeAll { waiting in placed.contains { $0.0.number == waiting.number } }
                    throw error
                }
                remove(placement)
                outcome.reports.append(giveUp(item, reason))
            }
        }
        group = []
        groupBytes = 0
        claimed = []
        claimedFolders = []
        do throws(SystemError) {
            try synchronizeNames(touched)
            try journal?.append(placed.map { .done(offered.keys[$0.0.number]) })
        } catch {
            throw failure(error, of: placements.first?.number ?? 0)
        }
        for (placement, path) in placed {
            outcome.reports.append(complete(placement.number, placement.root, placement.byteCount, at: path))
        }
    }

    /// Chooses names, writes them down, and waits until bytes and journal are on the disk.
    private mutating func prepared(_ outcome: inout ItemWriter.Outcome) throws(WriterFailure) -> [Placement] {
        var placements: [Placement] = []
        var records: [JournalRecord] = []
        for var placement in group {
            do throws(WriterFailure) {
                try choose(&placement)
                records += record(of: placement)
                placements.append(placement)
            } catch {
                guard case .item(let item, let reason) = error else { throw error }
                remove(placement)
                outcome.reports.append(giveUp(item, reason))
            }
        }
        // What is kept for later must name these, so that a failure from here on loses none of them.
        group = placements
        guard let first = placements.first else { return [] }
        do throws(SystemError) {
            try journal?.append(records)
            try synchronizeBytes(of: placements)
        } catch {
            throw failure(error, of: first.number)
        }
        if journal != nil { isWorthKeeping = true }
        return placements
    }

    private func record(of placement: Placement) -> [JournalRecord] {
        guard let file = placement.file else { return [] }
        return [
            .placing(
                offered.keys[placement.number], root: placement.root,
                components: placement.parent + [placement.candidate], file)
        ]
    }

    private mutating func synchronizeBytes(of placements: [Placement]) throws(SystemError) {
        let root = folders?.root
        let areFew = placements.allSatisfy { $0.handle != nil || $0.partName == nil } && !hasNewFolders
        if !areFew, try root?.synchronizeFileSystem() == true {
            hasNewFolders = false
            isNameDurable = true
            return
        }
        for placement in placements {
            if let handle = placement.handle {
                try handle.synchronize()
            } else if let name = placement.partName {
                try folders?.folder(placement.parent).openFile(name, flags: O_RDONLY).synchronize()
            }
        }
        // The names of the parts: the journal speaks of them.
        for parent in Set(placements.map(\.parent)) { try? folders?.folder(parent).synchronize() }
        if !isNameDurable { journal?.synchronizeName() }
        isNameDurable = true
        try journal?.synchronize()
    }

    private mutating func synchronizeNames(_ touched: [[String]: OpenFile]) throws(SystemError) {
        if touched.count > Self.handleLimit || hasNewFolders, try folders?.root.synchronizeFileSystem() == true {
            hasNewFolders = false
            return
        }
        // Not every file system can do this for a folder.
        for folder in touched.values { try? folder.synchronize() }
    }

    // MARK: Names

    /// Looks for a name that the policy allows.
    private mutating func choose(_ placement: inout Placement) throws(WriterFailure) {
        let item = placement.number
        let wanted = placement.parent + [placement.name]
        do throws(SystemError) {
            let folder = try parentFolder(placement.parent[...])
            // Where the last item of this path left off: a thousand of them must not try a million names. Two folders
            // of one path are one.
            var number = placement.partName == nil ? 0 : lastNumbers[wanted] ?? 0
            while true {
                let candidate = number == 0 ? placement.name : LocalName.numbered(placement.name, number)
                let status = try folder.status(of: candidate)
                let path = placement.parent + [candidate]
                let isOurs = claimed.contains(path) || status.map { made.contains($0.identity) } ?? false
                // Two items that are one folder are both there.
                let isSame =
                    placement.partName == nil && (status?.isDirectory ?? false || claimedFolders.contains(path))
                if isSame || isAllowed(status, isOurs: isOurs, for: placement) {
                    placement.candidate = candidate
                    claimed.insert(path)
                    if placement.partName == nil { claimedFolders.insert(path) }
                    if number > 0 { lastNumbers[wanted] = number }
                    return
                }
                guard policy == .rename || isOurs, number < 10_000 else { throw SystemError(number: EEXIST) }
                number += 1
            }
        } catch {
            throw failure(error, of: item)
        }
    }

    private func isAllowed(_ status: FileStatus?, isOurs: Bool, for placement: Placement) -> Bool {
        if isOurs { return false }
        guard let status else { return true }
        return policy == .overwrite && !status.isDirectory && placement.partName != nil
    }

    /// Gives an item its name, and returns where it is then.
    private mutating func place(_ placement: Placement) throws(WriterFailure) -> [String] {
        var placement = placement
        var attempt = 0
        while true {
            do throws(SystemError) {
                let folder = try parentFolder(placement.parent[...])
                try place(placement, in: folder)
                if let file = placement.file { made.insert(file) }
                return placement.parent + [placement.candidate]
            } catch {
                attempt += 1
                guard attempt < 100, error.isExists || error.isAboutName else {
                    throw failure(error, of: placement.number)
                }
                // Somebody was quicker, or the system does not take the name.
                if error.isAboutName {
                    let portable = LocalName.portable(placement.name)
                    guard portable != placement.name else { throw failure(error, of: placement.number) }
                    placement.name = portable
                } else {
                    claimed.insert(placement.parent + [placement.candidate])
                }
                try choose(&placement)
                try writeDown(placement)
            }
        }
    }

    private mutating func place(_ placement: Placement, in folder: OpenFile) throws(SystemError) {
        let name = placement.candidate
        guard let partName = placement.partName else {
            let isMade = try folder.makeFolder(name)
            let status = try folder.status(of: name)
            guard status?.isDirectory == true else { throw SystemError(number: EEXIST) }
            if isMade { noteMade(status) }
            return
        }
        // Looked at now: an item of this very group may have come to be what has the name.
        if policy == .overwrite, let status = try folder.status(of: name), !made.contains(status.identity) {
            try folder.replace(name, by: partName)
        } else {
            try folder.rename(partName, to: name)
        }
    }

    private mutating func writeDown(_ placement: Placement) throws(WriterFailure) {
        do throws(SystemError) {
            let records = record(of: placement)
            try journal?.append(records)
            try journal?.synchronize()
        } catch {
            throw failure(error, of: placement.number)
        }
    }
}
