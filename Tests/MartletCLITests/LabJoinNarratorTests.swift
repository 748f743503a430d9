import Dispatch
import Lab
import NetworkIO
import Synchronization
import Testing

@testable import MartletCLI

/// A terminal that takes nothing until it is opened.
private final class StoppedTerminal: Sendable {
    private let gate = DispatchSemaphore(value: 0)
    private let lines = Mutex<[String]>([])

    var text: [String] { lines.withLock(\.self) }

    func open() { gate.signal() }

    func write(_ line: String) {
        gate.wait()
        gate.signal()
        lines.withLock { $0.append(line) }
    }
}

@Suite(.timeLimit(.minutes(1))) struct LabJoinNarratorTests {
    private let terminal = StoppedTerminal()

    private func narrator(isJSON: Bool) -> LabJoinNarrator {
        LabJoinNarrator(on: Console(isJSON: isJSON) { [terminal] _, text in terminal.write(text) })
    }

    private static func request(_ run: UInt32) -> LabRunRequest {
        LabRunRequest(
            run: run, of: nil, from: .partner, channel: LabChannel(),
            traffic: LabRunRequest.Traffic(bytes: 100, rate: 50, milliseconds: nil))
    }

    /// Lets it hear them where it does: on the network loop, which must go on.
    private func hear(_ events: [LabPartner.Event], _ narrator: LabJoinNarrator) async {
        await withCheckedContinuation { continuation in
            NetworkLoop.shared.execute {
                for event in events { narrator.hear(event) }
                continuation.resume()
            }
        }
    }

    @Test func `a terminal that takes nothing does not stop the network, and gets everything later`() async {
        let narrator = narrator(isJSON: true)
        let progress = (1...1000).map { LabPartner.Event.progress(run: 1, LabPartnerFigures(sent: $0)) }
        await hear([.met(agent: "somebody"), .run(Self.request(1))] + progress, narrator)
        await hear(
            [
                .run(Self.request(2)), .progress(run: 2, LabPartnerFigures(sent: 1)),
                .stopped(run: 1, from: .partner, LabPartnerFigures(sent: 1001)), .failed(run: 2, reason: "gone"),
            ], narrator)
        #expect(terminal.text.isEmpty)
        terminal.open()
        await narrator.told()
        narrator.end()
        #expect(
            terminal.text.map { String($0.split(separator: "\"")[3]) }
                == [
                    "peer", "lab-run", "lab-run-progress", "lab-run", "lab-run-progress", "lab-run-over",
                    "lab-run-over", "lab-over",
                ])
        #expect(terminal.text[2].contains("\"sent\":1000"), "the latest")
        #expect(terminal.text[7] == "{\"type\":\"lab-over\",\"runs\":1,\"failed\":1,\"messages\":1001}\n")
    }

    @Test func `what has no room while nobody reads is counted, and the end is right`() async {
        let narrator = narrator(isJSON: false)
        let count = LabJoinEvents.limit + 900
        await hear((1...UInt32(count)).map { .failed(run: $0, reason: "gone") }, narrator)
        terminal.open()
        await narrator.told()
        narrator.end()
        let lines = terminal.text
        // One may have been in the hand of whoever tells.
        let told = lines.count { $0.contains("it broke off") }
        #expect((LabJoinEvents.limit...LabJoinEvents.limit + 1).contains(told))
        #expect(lines.first == "Run 1: it broke off: gone.\n")
        #expect(lines.dropLast().last == "\(count - told) lines more had no room while nobody read.\n")
        #expect(lines.last?.contains("4,996 runs broke off.") == true)
    }
}
