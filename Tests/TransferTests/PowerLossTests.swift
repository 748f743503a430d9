import TestSupport
import Testing

@testable import Transfer

/// A receiver whose machine loses power at any operation, and every write and name that was not on the disk by then in
/// part or whole.
struct PowerLossTests {
    private static let pool: [UInt8] = {
        var random = SplitMix64(seed: 4711)
        return random.bytes(1_200_000)
    }()

    private struct Scene {
        let contents: [[UInt8]]
        let items: [ControlMessage.Item]
        let pace: WriterPace
        let policy: ExistingFilePolicy

        init(_ random: inout SplitMix64) {
            let count = Int.random(in: 1...7, using: &random)
            contents = (0..<count).map { _ in
                let size =
                    Int.random(in: 0..<3, using: &random) == 0
                    ? Int.random(in: 200_000...900_000, using: &random) : Int.random(in: 0...3_000, using: &random)
                let start = Int.random(in: 0...(pool.count - size), using: &random)
                return Array(pool[start..<start + size])
            }
            // Names may be the same; folders are made on the way.
            let names = [["a"], ["f", "a"], ["f", "g", "b"], ["c"]]
            items = contents.enumerated().map { number, content in
                ControlMessage.Item(
                    number: number, path: names.randomElement(using: &random) ?? [], size: Int64(content.count),
                    modified: Int64(number))
            }
            var pace = WriterPace()
            pace.durableBytes = 262_144
            pace.groupItems = Int.random(in: 1...20, using: &random)
            self.pace = pace
            policy = ExistingFilePolicy.allCases.randomElement(using: &random) ?? .fail
        }

        func tree(_ item: Int, _ count: Int) -> (byteCount: Int64, tree: TreeDigest) {
            var tree = HashTree()
            tree.update(Array(contents[item][..<count]))
            return tree.wholeLeaves
        }

        func root(_ item: Int) -> TreeDigest {
            var tree = HashTree()
            tree.update(contents[item])
            return tree.finish()
        }
    }

    /// One life of the receiver. Returns where the items are when it is complete.
    private func live(
        _ scene: Scene, in folder: TemporaryFolder, until power: PowerSwitch?, _ random: inout SplitMix64
    ) async throws -> [String?]? {
        let directory = try DestinationDirectory(path: folder.path, observer: power)
        let writer = ItemWriter(destination: .folder(directory), pace: scene.pace)
        let paths = try await receive(scene, with: writer, in: folder, until: power, &random)
        // Without power nothing is written any more; the journal's lock has to go before the next life.
        if power?.isOff == true { _ = await writer.abandon(isDiskSound: false) }
        return paths
    }

    private func receive(
        _ scene: Scene, with writer: ItemWriter, in folder: TemporaryFolder, until power: PowerSwitch?,
        _ random: inout SplitMix64
    ) async throws -> [String?]? {
        _ = await writer.add(scene.items)
        let earlier = try await writer.find("t")
        let (resumption, refusals) = await writer.begin(
            scene.policy, transfer: "t", session: "s", resuming: earlier)
        var paths = [String?](repeating: nil, count: scene.items.count)
        var isOver = Set(refusals.map(\.number))
        for report in resumption.complete {
            // The promise: what is complete survives.
            let path = try #require(report.localPath)
            #expect(try folder.read(path) == scene.contents[report.number])
            paths[report.number] = path
            isOver.insert(report.number)
        }
        var starts: [Int: Int64] = [:]
        for part in resumption.partial {
            // The promise: the journal never claims lost bytes.
            let expected = scene.tree(part.item, Int(part.bytes))
            #expect(expected == (part.bytes, part.tree))
            starts[part.item] = Bool.random(using: &random) ? part.bytes : 0
        }
        await writer.acceptAll()
        for item in scene.items.indices where !isOver.contains(item) {
            var work: [ReceiverCore.Work] = []
            var offset = Int(starts[item] ?? 0)
            if let start = starts[item] { work.append(.begin(item: item, offset: start)) }
            let content = scene.contents[item]
            while offset < content.count {
                let count = min(content.count - offset, Int.random(in: 1...65_520, using: &random))
                let message = try DataFrame.message(item: item, offset: Int64(offset), payloadByteCount: count) {
                    $0.copyBytes(from: content[offset..<offset + count])
                    return count
                }
                work.append(.write(try DataFrame(message)))
                offset += count
            }
            work.append(.finish(item: item, size: Int64(content.count), root: scene.root(item)))
            let isIdle = Int.random(in: 0..<4, using: &random) == 0 || item == scene.items.count - 1
            let outcome = await writer.perform(work, isIdle: isIdle)
            for report in outcome.reports { paths[report.number] = report.localPath }
            if outcome.failure != nil {
                #expect(power?.isOff == true)
                return nil
            }
        }
        for report in await writer.perform([], isIdle: true).reports { paths[report.number] = report.localPath }
        if power?.isOff == true { return nil }
        await writer.end()
        return power?.isOff == true ? nil : paths
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `whenever the power goes, what was promised is there, and the rest can be completed`(block: UInt64)
        async throws
    {
        for seed in block * 80..<block * 80 + 80 {
            var random = SplitMix64(seed: seed)
            let scene = Scene(&random)
            let folder = try TemporaryFolder(isInMemory: true)
            var paths: [String?]?
            for _ in 0..<4 {
                let power = PowerSwitch(after: Int.random(in: 0...90, using: &random))
                paths = try await live(scene, in: folder, until: power, &random)
                if paths != nil { break }
                power.fall(&random)
            }
            if paths == nil { paths = try await live(scene, in: folder, until: nil, &random) }
            let places = try #require(paths, "seed \(seed)")
            #expect(Set(places.compactMap { $0 }).count == places.compactMap { $0 }.count, "seed \(seed)")
            for (item, place) in places.enumerated() {
                // An item whose confirmation was lost may have been taken for a stranger's file by a later life.
                guard let place else { continue }
                #expect(try folder.read(place) == scene.contents[item], "seed \(seed)")
            }
            if scene.policy == .rename || scene.policy == .overwrite {
                #expect(!places.contains(nil), "seed \(seed): \(places)")
            }
            let left = folder.names + TemporaryFolder.names(in: folder.path("f"))
            let hidden = (left + TemporaryFolder.names(in: folder.path("f/g"))).filter { $0.hasPrefix(".") }
            #expect(hidden.isEmpty, "seed \(seed)")
        }
    }
}
