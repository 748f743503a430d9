package import NIOCore
internal import NIOPosix
package import Wire

/// The one thread that runs every socket, timer and protocol core of the engine: a SwiftNIO event loop.
///
/// usrsctp exists once per process and is driven without locks, so there is one loop per process.
package final class NetworkLoop: Sendable {
    package static let shared = NetworkLoop()

    package let eventLoop: any EventLoop
    package let group: any EventLoopGroup
    /// For tasks whose every step belongs on the loop, because what they measure or move is there: nothing in them
    /// changes threads. They may not block.
    package let taskExecutor: any TaskExecutor
    private let origin: NIODeadline

    private init() {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.group = group
        eventLoop = group.next()
        taskExecutor = LoopTaskExecutor(eventLoop: eventLoop)
        origin = .now()
    }

    /// For actors that live on the loop: calls between them cost no change of threads.
    package var executor: any SerialExecutor { eventLoop.executor }

    /// The present, on the clock that all cores of this process share: zero when the loop was made, monotonic.
    package func now() -> NetworkTime {
        NetworkTime(nanoseconds: (NIODeadline.now() - origin).nanoseconds)
    }

    /// Runs `work` on the loop at `deadline`, or soon if that has passed. Must be called on the loop.
    package func schedule(at deadline: NetworkTime, _ work: @escaping () -> Void) -> ScheduledWork {
        let work = NIOLoopBound(work, eventLoop: eventLoop)
        let scheduled = eventLoop.scheduleTask(deadline: origin + .nanoseconds(deadline.nanoseconds)) { work.value() }
        return ScheduledWork { scheduled.cancel() }
    }

    /// Runs `work` on the loop, from any thread.
    package func execute(_ work: @escaping @Sendable () -> Void) {
        eventLoop.execute(work)
    }
}

/// Runs the steps of tasks on the loop, each behind what is there already.
private final class LoopTaskExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Something the loop was asked to do later.
package struct ScheduledWork {
    private let body: () -> Void

    init(_ body: @escaping () -> Void) {
        self.body = body
    }

    /// Takes it back, if it has not run.
    package func cancel() {
        body()
    }
}
