internal import JSON
internal import Martlet
internal import NetworkIO
internal import Synchronization

/// Runs with any other implementation that returns what it gets: a process that a command starts for each run, which
/// takes an offer and gives an answer as lines of JSON (Docs/Protocols/Lab.md, "An echo"). What is measured is there
/// and back again.
package final class EchoRunner: LabRunner {
    package let agents: (conductor: String, partner: String)

    private let command: String
    private let medium: LabMedium
    private let runs = Atomic<UInt32>(0)

    /// How long a process may take until its answer: a browser has to start.
    private static let patience = Duration.seconds(60)
    /// Bytes of the longest line that is read.
    private static let lineLimit = 256 * 1024

    /// - Parameters:
    ///   - command: for the shell.
    ///   - medium: shaped or real.
    ///   - agent: the program, with its version.
    package init(command: String, medium: LabMedium, agent: String) {
        self.command = command
        self.medium = medium
        agents = (agent, "echo: \(command)")
    }

    package func run(
        _ scenario: LabScenario, seed: UInt64, progress: @escaping @Sendable (LabProgress) -> Void
    ) async throws(LabError) -> LabRun {
        guard scenario.from == .conductor else { throw .badPlan("an echo sends nothing of its own") }
        let number = runs.add(1, ordering: .relaxed).newValue
        let measured = try await MeasuredConnection.make(
            run: number, scenario: scenario, seed: seed, medium: medium, isEcho: true)
        let process: ChildProcess
        do throws(ChildProcessError) { process = try ChildProcess(["/bin/sh", "-c", command]) } catch {
            await measured.close()
            throw LabError(error)
        }
        let result: Result<LabRun, LabError>
        var reader: Task<Void, Never>?
        do throws(LabError) {
            try await Self.negotiate(measured, process)
            // Behind its answer it may say what it likes: if nobody read that, it would stand still.
            reader = Task { await process.discardOutput() }
            try await measured.opened()
            try await measured.flow(progress) {}
            result = .success(await measured.result())
        } catch {
            result = .failure(error)
        }
        await measured.close()
        await process.end()
        reader?.cancel()
        return try result.get()
    }

    package func close(because reason: LabError?) async {}

    private static func negotiate(_ measured: MeasuredConnection, _ process: ChildProcess) async throws(LabError) {
        do {
            let connection = try PeerConnection(configuration: measured.configuration)
            _ = try await measured.prepare(connection)
            try await connection.setLocalDescription()
            let offer = try await connection.gatheredLocalDescription()
            let line = JSONValue.object(["type": .string("offer"), "sdp": .string(offer.sdp)])
            try await process.write(line: line.text)
            let answer = try description(from: await process.readLine(within: patience, longest: lineLimit))
            try await connection.setRemoteDescription(SessionDescription(type: .answer, sdp: answer))
        } catch let error as ChildProcessError {
            throw LabError(error)
        } catch {
            throw LabError(error)
        }
    }

    private static func description(from line: String) throws(LabError) -> String {
        guard let value = try? JSONValue(parsing: line, depthLimit: 4, unpairedSurrogates: .refused),
            let object = value.object, object["type"]?.string == "answer", let sdp = object["sdp"]?.string
        else { throw .noConnection("the echo process gave no answer as a line of JSON") }
        return sdp
    }
}

extension LabError {
    /// What an echo does wrong before there is a connection to it.
    fileprivate init(_ error: ChildProcessError) {
        self =
            switch error {
            case .notStarted(let program, let reason): .failed("\(program) could not be started: \(reason)")
            case .notReading: .noConnection("the echo process does not read what it is given")
            case .ended: .noConnection("the echo process ended before it gave its description")
            case .lineTooLong: .noConnection("the echo process writes a line without an end")
            case .silent: .noConnection("the echo process gave no description in time")
            case .cancelled: .cancelled
            }
    }
}
