internal import Martlet
internal import Signaling
internal import Synchronization
internal import TestSupport
internal import Testing

@testable internal import Lab

@Suite(.exclusiveStack, .serialized) struct LabConductorTests {
    private static func scenario(
        _ channel: LabChannel, from side: LabSide, loss: Double, milliseconds: Int64 = 500
    ) -> LabScenario {
        var path = LabPath()
        path.loss = loss
        path.delay = .milliseconds(10)
        var back = LabPath()
        back.delay = .milliseconds(10)
        return LabScenario(
            name: "test", channel: channel, link: LabLink(forward: path, back: back),
            traffic: LabTraffic(
                messageBytes: 100, rate: 200, duration: .milliseconds(milliseconds), late: .milliseconds(100)),
            from: side, seeds: [7])
    }

    @Test func `runs with a partner elsewhere tell what became of each message, whoever sends`() async throws {
        let pair = try await LabRoomPair.make()
        let events = Mutex<[LabPartner.Event]>([])
        let partner = LabPartner(pair.partner, agent: "partner") { event in events.withLock { $0.append(event) } }
        async let served: Void = partner.serve()
        let conductor = try await LabConductor.meet(pair.conductor, agent: "conductor")
        let runner = await RemoteRunner(conductor, agent: "conductor", medium: .shaped, count: 3)
        #expect(runner.agents.partner == "partner")
        let reliable = LabChannel()
        let partial = LabChannel(ordered: false, maxRetransmits: 0)
        for (channel, side, loss) in [
            (reliable, LabSide.conductor, 0.1), (reliable, .partner, 0.1), (partial, .partner, 1),
        ] {
            let run = try await runner.run(Self.scenario(channel, from: side, loss: loss), seed: 7) { _ in }
            #expect(run.offeredCount == 100)
            // A machine that is busy may hold the sender up: what is overdue is not sent.
            #expect(!run.sentAt.isEmpty)
            let came = Set(run.receptions.map(\.sequence))
            #expect(came.count == run.receptions.count)
            #expect(came.count == (loss == 1 ? 0 : run.sentAt.count))
            #expect(run.damagedCount == 0)
            // Both sides see their packets: the receiver how long messages waited, the sender what it sent again.
            #expect(run.receptions.allSatisfy { $0.waited != nil })
            let packets = try #require(run.packets)
            #expect(packets.dataChunks - packets.retransmitted >= came.count)
            if channel.ordered {
                let waited = run.receptions.count { $0.waited ?? 0 > LabResult.waitingThreshold }
                #expect(waited > 0, "seed 7: \(waited) of \(run.receptions.count) waited")
                #expect(packets.retransmitted > 0, "seed 7: \(packets)")
            }
            let least = run.receptions.map { $0.at - run.sentAt[Int($0.sequence)] }.min() ?? .max
            // The way takes 10 ms, more on a machine that is busy; how the clocks differ is known to within the error.
            let error = try #require(run.clockError)
            #expect(least >= 9_000 - error, "seed 7: \(least) µs, clocks to within \(error) µs")
            #expect((run.wire?.forward.dropped ?? 0) >= (loss == 1 ? 1 : 0))
            // Both sides know how much was sent, and how much came.
            let stopped = events.withLock { events in
                events.compactMap { event in if case .stopped(_, side, let figures) = event { figures } else { nil } }
            }
            #expect(stopped.last == LabPartnerFigures(sent: run.sentAt.count, arrived: came.count))
        }
        await runner.close()
        try await served
        let told = events.withLock(\.self)
        #expect(told.first == .met(agent: "conductor"))
        let stopped = told.filter { event in if case .stopped = event { true } else { false } }
        #expect(stopped.count == 3)
        let counts = told.compactMap { event -> Int64? in
            if case .run(let request) = event { request.of } else { nil }
        }
        #expect(counts == [3, 3, 3])
    }

    @Test func `a run that is cancelled ends at both sides`() async throws {
        let pair = try await LabRoomPair.make()
        let (started, starter) = AsyncStream.makeStream(of: Void.self)
        let partner = LabPartner(pair.partner, agent: "partner") { event in
            if case .started = event { starter.yield() }
        }
        let served = Task {
            _ = await #expect(throws: LabError.partnerFailed("it was stopped there")) { try await partner.serve() }
        }
        let conductor = try await LabConductor.meet(pair.conductor, agent: "conductor")
        let runner = await RemoteRunner(conductor, agent: "conductor", medium: .real)
        let scenario = Self.scenario(LabChannel(), from: .conductor, loss: 0, milliseconds: 60_000)
        let running = Task { try await runner.run(scenario, seed: 1) { _ in } }
        for await _ in started { break }
        // As the program does on Ctrl-C: everything is closed while the run is under way.
        await runner.close()
        await #expect(throws: LabError.cancelled) { try await running.value }
        await served.value
    }

    @Test func `a partner that leaves ends the run with that reason`() async throws {
        let pair = try await LabRoomPair.make()
        let (started, starter) = AsyncStream.makeStream(of: Void.self)
        let partner = LabPartner(pair.partner, agent: "partner") { event in
            if case .started = event { starter.yield() }
        }
        let served = Task {
            _ = await #expect(throws: LabError.cancelled) { try await partner.serve() }
        }
        let conductor = try await LabConductor.meet(pair.conductor, agent: "conductor")
        let runner = await RemoteRunner(conductor, agent: "conductor", medium: .shaped)
        let scenario = Self.scenario(LabChannel(), from: .partner, loss: 0, milliseconds: 60_000)
        let running = Task { try await runner.run(scenario, seed: 1) { _ in } }
        for await _ in started { break }
        served.cancel()
        await #expect(throws: LabError.partnerFailed("it was stopped there")) { try await running.value }
        await served.value
        await runner.close()
    }

    @Test(arguments: [
        (#"{"type":"hello","protocol":"martlet.lab","version":1,"agent":"x"}"#, "a second hello"),
        (#"{"type":"pong","n":1,"at":99999999}"#, "a pong without its ping"),
        (#"{"type":"ready","run":1}"#, "a run that there is not"),
        (#"{"type":"received","run":7,"messages":[1,1]}"#, "a run that there is not"),
        (#"{"type":"sent","run":7,"offered":1,"accepted":1,"over":true}"#, "a run that there is not"),
        (#"{"type":"start","run":1}"#, "a message that only the conductor says"),
        (#"{"type":"dance"}"#, "an unknown message type"),
    ])
    func `a partner that says what it must not is left`(_ text: String, _ reason: String) async throws {
        let pair = try await LabRoomPair.make()
        let raw = RawSide(pair.partner)
        await raw.listen()
        async let met = LabConductor.meet(pair.conductor, agent: "conductor")
        await raw.hello()
        await raw.say(.hello(version: 1, agent: "raw"))
        let conductor = try await met
        await raw.say(text)
        #expect(await raw.error() == .error(code: "protocol", message: reason))
        #expect(await conductor.failure == .protocolViolation(reason))
        await conductor.close()
        await raw.close()
    }

    @Test func `a partner that takes nothing is not waited for`() async throws {
        let pair = try await LabRoomPair.make()
        let control = pair.conductor.channels.control
        let text = String(repeating: "x", count: 60_000)
        // Nobody reads at the other side: buffers fill up there and here.
        await #expect(throws: CancellationError.self) {
            while true {
                do { while true { try control.trySend(.text(text)) } } catch is MartletError {}
                try await control.drained(within: .milliseconds(300))
            }
        }
        await pair.conductor.close()
        await pair.partner.close()
    }

    @Test func `a partner that floods is left`() async throws {
        let pair = try await LabRoomPair.make()
        let raw = RawSide(pair.partner)
        await raw.listen()
        async let met = LabConductor.meet(pair.conductor, agent: "conductor")
        await raw.hello()
        await raw.say(.hello(version: 1, agent: "raw"))
        let conductor = try await met
        let flood = Task { await raw.send(#"{"type":"turn"}"#, times: 100_000) }
        #expect(await raw.error() == .error(code: "protocol", message: "more messages than anybody needs"))
        await conductor.close()
        await raw.close()
        await flood.value
    }

    @Test func `another version is told as that, whoever speaks it`() async throws {
        let pair = try await LabRoomPair.make()
        let raw = RawSide(pair.partner)
        await raw.listen()
        let met = Task {
            _ = await #expect(throws: LabError.otherVersion) {
                _ = try await LabConductor.meet(pair.conductor, agent: "conductor")
            }
        }
        await raw.hello()
        await raw.say(.hello(version: 2, agent: "raw"))
        await met.value
        #expect(await raw.error() == .error(code: "version", message: "This side speaks version 1."))
        await raw.close()
        let other = try await LabRoomPair.make()
        let conductor = RawSide(other.conductor)
        await conductor.listen()
        let partner = LabPartner(other.partner, agent: "partner")
        let served = Task { _ = await #expect(throws: LabError.otherVersion) { try await partner.serve() } }
        await conductor.say(.hello(version: 2, agent: "raw"))
        #expect(await conductor.error() == .error(code: "version", message: "This side speaks version 1."))
        await served.value
        await conductor.close()
    }

    @Test func `whoever ends the experiments before their time says why`() async throws {
        let pair = try await LabRoomPair.make()
        let partner = LabPartner(pair.partner, agent: "partner")
        let served = Task {
            _ = await #expect(throws: LabError.partnerFailed("no sockets")) { try await partner.serve() }
        }
        let conductor = try await LabConductor.meet(pair.conductor, agent: "conductor")
        await conductor.close(because: .failed("no sockets"))
        await served.value
    }

    @Test func `somebody who is there for something else is told apart`() async throws {
        let pair = try await LabRoomPair.make()
        let raw = RawSide(pair.partner)
        await raw.listen()
        await raw.say(#"{"type":"hello","protocol":"martlet.transfer","version":1,"role":"receiver"}"#)
        await #expect(throws: LabError.otherProtocol("martlet.transfer")) {
            _ = try await LabConductor.meet(pair.conductor, agent: "conductor")
        }
        await raw.close()
    }

    @Test(arguments: [
        ([#"{"type":"ping","n":1}"#], "a message before hello"),
        ([Self.greeting, #"{"type":"start","run":1}"#], "a run that there is not"),
        ([Self.greeting, Self.run(2), Self.run(2)], "a run's number that does not grow"),
        ([Self.greeting, Self.run(2), #"{"type":"start","run":2}"#], "a start out of place"),
        ([Self.greeting, #"{"type":"ready","run":1}"#], "a message that only the partner says"),
        (
            [Self.greeting, Self.run(2)]
                + Array(
                    repeating: #"{"type":"signal","run":2,"payload":{"type":"candidate","candidate":"x"}}"#, count: 301),
            "too many signals"
        ),
    ])
    func `a conductor that says what it must not is left`(_ texts: [String], _ reason: String) async throws {
        let pair = try await LabRoomPair.make()
        let raw = RawSide(pair.conductor)
        await raw.listen()
        let partner = LabPartner(pair.partner, agent: "partner")
        let served = Task {
            _ = await #expect(throws: LabError.protocolViolation(reason)) { try await partner.serve() }
        }
        for text in texts { await raw.say(text) }
        #expect(await raw.error() == .error(code: "protocol", message: reason))
        await served.value
        await raw.close()
    }

    @Test func `a ninth run at a time is refused`() async throws {
        let pair = try await LabRoomPair.make()
        let raw = RawSide(pair.conductor)
        await raw.listen()
        let partner = LabPartner(pair.partner, agent: "partner")
        let served = Task { try? await partner.serve() }
        await raw.say(Self.greeting)
        for number in 1...9 { await raw.say(Self.run(number)) }
        let refusal = await raw.next { if case .failed = $0 { true } else { false } }
        #expect(refusal == .failed(run: 9, message: "eight runs are under way"))
        await raw.close()
        await served.value
    }

    private static let greeting = LabControlMessage.hello(version: 1, agent: "raw").encoded

    private static func run(_ number: Int) -> String {
        #"{"type":"run","run":\#(number),"from":"partner","channel":{"ordered":true},"traffic":{"bytes":24}}"#
    }
}
