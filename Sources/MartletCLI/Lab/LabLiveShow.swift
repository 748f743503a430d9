internal import Dispatch
internal import JSON
internal import Lab
internal import NetworkIO
internal import Synchronization
internal import Wire

/// Shows what is live until somebody ends it: drawn over and over on a terminal, where keys turn at it; as events or
/// lines elsewhere.
final class LabLiveShow: Sendable {
    private let live: LabLive
    private let partner: String
    private let console: Console
    private let duration: Duration?
    private let keys = Mutex(LabLiveKeys())
    private let isOver = Latch()

    /// How often it is drawn.
    private static let pace = Duration.milliseconds(250)
    /// How often it is told as an event, and in a line for each channel.
    private static let telling = (event: Duration.seconds(1), lines: Duration.seconds(10))

    /// - Parameters:
    ///   - partner: who the messages go to, as it came.
    ///   - duration: for how long messages flow; nil until somebody ends it.
    init(_ live: LabLive, partner: String, on console: Console, duration: Duration?) {
        self.live = live
        self.partner = partner
        self.console = console
        self.duration = duration
    }

    /// - Throws: why it did not go on. With the key and after the duration it ends in order.
    func run() async throws(LabError) {
        let isInteractive = console.facts.inputIsTerminal && console.hasBar
        let outcome = await withTaskGroup(of: Result<Void, LabError>?.self) { group in
            group.addTask { [self] in
                do throws(LabError) {
                    try await live.run()
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }
            group.addTask { [self] in
                await isInteractive ? draw() : tell()
                return nil
            }
            if let duration {
                group.addTask { [self] in await flow(for: duration) ? .success(()) : nil }
            }
            if isInteractive {
                group.addTask { [self] in
                    await readKeys()
                    return Task.isCancelled ? nil : .success(())
                }
            }
            var outcome: Result<Void, LabError>?
            while outcome == nil, let next = await group.next() { outcome = next }
            // The last picture stays.
            let picture = isInteractive ? lines() : []
            if !isInteractive, live.phase == .flowing { tellOnce() }
            isOver.set()
            group.cancelAll()
            await group.waitForAll()
            console.clearBar()
            if !picture.isEmpty { console.show(picture) }
            return outcome ?? .success(())
        }
        try outcome.get()
    }

    /// - Returns: whether messages have flowed for so long.
    private func flow(for duration: Duration) async -> Bool {
        while live.phase == .connecting {
            guard await Self.wait(Self.pace) else { return false }
        }
        return await Self.wait(duration)
    }

    private static func wait(_ duration: Duration) async -> Bool {
        do { try await NetworkClock().sleep(for: duration) } catch { return false }
        return true
    }

    // MARK: - On a terminal

    private func lines() -> [String] {
        let size = console.facts.size()
        return LabLiveScreen(
            settings: live.settings, strips: live.strips, phase: live.phase, elapsed: live.elapsed, partner: partner,
            knob: keys.withLock { $0.knob }
        ).lines(columns: size.columns, rows: size.rows, hasColour: console.facts.hasColour)
    }

    private func draw() async {
        repeat { console.drawBar(lines()) } while await Self.wait(Self.pace) && !isOver.isSet
    }

    private func readKeys() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async { [self] in
                    KeyLoop.run {
                        isOver.isSet
                    } _: { event in
                        handle(event)
                    }
                    continuation.resume()
                }
            }
        } onCancel: {
            isOver.set()
        }
    }

    /// - Returns: whether to go on.
    private func handle(_ event: KeyLoop.Event) -> Bool {
        switch event {
        case .redraw: break
        case .restarted: console.restart()
        case .keys(let pressed):
            switch keys.withLock({ $0.press(pressed, live.settings) }) {
            case .nothing: return true
            case .chosen: break
            case .turned(let settings): turn(settings)
            case .ended: return false
            }
        }
        if !isOver.isSet { console.drawBar(lines()) }
        return true
    }

    /// The next key finds what this one has done.
    private func turn(_ settings: LabLiveSettings) {
        let done = DispatchSemaphore(value: 0)
        Task { [live] in
            await live.turn(settings)
            done.signal()
        }
        done.wait()
    }

    // MARK: - Elsewhere

    private func tell() async {
        while await Self.wait(console.isJSON ? Self.telling.event : Self.telling.lines) {
            guard live.phase == .flowing else { continue }
            tellOnce()
        }
    }

    private func tellOnce() {
        let strips = live.strips
        let link = live.settings.link
        console.event(
            "lab-live",
            [
                "seconds": .number(live.elapsed.seconds), "loss": .number(link.loss), "delay_ms": .number(link.delay),
                "jitter_ms": .number(link.jitter), "rate": link.rate.map { .number($0) } ?? .null,
                "channels": .array(strips.map(Self.value)),
            ])
        for strip in strips { console.result(Self.sentence(strip)) }
    }

    private static func value(_ strip: LabLiveStrip) -> JSONValue {
        func milliseconds(_ time: Int64?) -> JSONValue { time.map { .number(Double($0) / 1000) } ?? .null }
        return .object([
            "channel": .string(strip.channel.shortName), "accepted": .integer(Int64(strip.recent.accepted)),
            "delivered": .integer(Int64(strip.recent.delivered)), "p50_ms": milliseconds(strip.recent.p50),
            "p99_ms": milliseconds(strip.recent.p99), "waiting_p99_ms": milliseconds(strip.recent.waitingP99),
        ])
    }

    /// "ordered, reliable: 100 % delivered, half within 51 ms, 99 % within 480 ms".
    private static func sentence(_ strip: LabLiveStrip) -> String {
        let figures = strip.recent
        var parts = [figures.deliveredShare.map { "\(LabText.share($0)) delivered" } ?? "nothing delivered yet"]
        if let p50 = figures.p50, let p99 = figures.p99 {
            parts += ["half within \(LabText.time(p50))", "99 % within \(LabText.time(p99))"]
        }
        return "\(strip.channel.name): \(parts.joined(separator: ", "))"
    }
}
