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

/// Both sides over a data channel that loses, repeats and reorders frames.
struct LostFramesTests {
    private let source: TemporaryFolder
    private let target: TemporaryFolder

    init() throws {
        source = try TemporaryFolder(isInMemory: true)
        target = try TemporaryFolder(isInMemory: true)
    }

    private func transfer(
        _ paths: [String], seed: UInt64, lossPercent: Int, window: Int, policy: ExistingFilePolicy = .rename,
        passing: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> (Ending, Ending) {
        let control = MemoryChannel.pair(seed: seed)
        let data = MemoryChannel.pair(seed: seed &+ 7)
        var options = TransferOptions()
        options.isUnordered = true
        options.windowBytes = window
        options.stallTimeout = .seconds(60)
        let list = try SourceList(paths.map { .path($0) })
        let lossy = LossyChannel(data.0, seed: seed, lossPercent: lossPercent, passing: passing)
        let sender = FileSender(sources: list, control: control.0, data: lossy, options: options)
        let receiver = FileReceiver(
            destination: .folder(try DestinationDirectory(path: target.path)), control: control.1, data: data.1,
            options: options, decide: { _ in .accept(existing: policy) })
        let (sent, received) = await endings(over: control, data) { () async throws(TransferError) in
            try await sender.run()
        } receiver: { () async throws(TransferError) in
            try await receiver.run()
        }
        return (sent, received)
    }

    private static let edges = [0, 1, 262_143, 262_144, 262_145, 524_288, 65_520, 65_521]

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `whatever gets lost, all bytes arrive`(seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let contents = (0..<8).map { _ in
            random.bytes(Self.edges.randomElement(using: &random)! + Int.random(in: 0...1, using: &random) * 100_000)
        }
        let paths = try contents.enumerated().map { try source.write($1, to: "f\($0)") }
        let (sent, received) = try await transfer(
            paths, seed: seed, lossPercent: Int(seed % 5) * 5, window: Int.random(in: 65_520...800_000, using: &random))
        #expect(try sent.get().firstError == nil && received.get().firstError == nil, "seed \(seed)")
        for (index, content) in contents.enumerated() { #expect(try target.read("f\(index)") == content) }
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `items that fail on either side take no credit with them`(seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let contents = (0..<9).map { _ in random.bytes(Int.random(in: 1...500_000, using: &random)) }
        let paths = try contents.enumerated().map { try source.write($1, to: "f\($0)") }
        for index in [1, 4, 7] { try target.write([9], to: "f\(index)") }
        let frames = Int.random(in: 1...30, using: &random)
        let victim = paths[Int.random(in: 0..<9, using: &random)]
        let (sent, received) = try await transfer(
            paths, seed: seed, lossPercent: Int(seed % 5) * 5,
            window: Int.random(in: 65_520...400_000, using: &random), policy: .skip
        ) { if $0 == frames { truncate(victim, 0) } }
        let reports = try (sent.get().items, received.get().items)
        #expect(reports.0.map(\.outcome.isComplete) == reports.1.map(\.outcome.isComplete), "seed \(seed)")
        for (index, content) in contents.enumerated() {
            let outcome = reports.0[index].outcome
            if [1, 4, 7].contains(index) {
                #expect(!outcome.isComplete)
            } else if paths[index] != victim {
                #expect(outcome == .complete, "seed \(seed)")
                #expect(try target.read("f\(index)") == content, "seed \(seed)")
            }
        }
    }

    @Test func `many tiny files of which a fifth gets lost arrive`() async throws {
        for index in 0..<2_000 { try source.write([UInt8(index & 255)], to: "f\(index)") }
        let (sent, received) = try await transfer([source.path], seed: 1, lossPercent: 20, window: 16 << 20)
        #expect(try sent.get().firstError == nil && received.get().firstError == nil)
        #expect(try received.get().items.count == 2_000)
    }
}

extension ItemReport.Outcome {
    fileprivate var isComplete: Bool { self == .complete }
}

/// Loses, repeats and reorders what is sent.
private final class LossyChannel: TransferChannel {
    private struct State {
        var random: SplitMix64
        var held: [TransferMessage] = []
        var count = 0
    }

    private let channel: MemoryChannel
    private let lossPercent: Int
    private let passing: @Sendable (Int) -> Void
    private let state: Mutex<State>

    init(_ channel: MemoryChannel, seed: UInt64, lossPercent: Int, passing: @escaping @Sendable (Int) -> Void) {
        self.channel = channel
        self.lossPercent = lossPercent
        self.passing = passing
        state = Mutex(State(random: SplitMix64(seed: seed)))
    }

    var maximumMessageBytes: Int { channel.maximumMessageBytes }

    var incoming: MemoryChannel.Incoming { channel.incoming }

    func transmit(_ messages: [TransferMessage]) async throws {
        for message in messages {
            let (leaving, count) = state.withLock { state in
                state.count += 1
                let isLost = Int.random(in: 0..<100, using: &state.random) < lossPercent
                if !isLost { state.held.append(message) }
                if Int.random(in: 0..<50, using: &state.random) == 0 { state.held.append(message) }
                var leaving: [TransferMessage] = []
                let kept = Int.random(in: 0...4, using: &state.random)
                while state.held.count > kept {
                    leaving.append(state.held.remove(at: Int.random(in: state.held.indices, using: &state.random)))
                }
                return (leaving, state.count)
            }
            passing(count)
            try await channel.transmit(leaving)
        }
    }
}
