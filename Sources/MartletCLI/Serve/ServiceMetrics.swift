internal import Signaling

/// The state of a rendezvous server for Prometheus (text format 0.0.4): counts, and nothing of anybody.
struct ServiceMetrics {
    private var text = ""

    static func text(_ status: RoomServer.Status) -> String {
        var metrics = ServiceMetrics()
        let counters = status.counters
        metrics.gauge("rooms", "Rooms that exist.", status.rooms)
        metrics.gauge("rooms_occupied", "Rooms with a guest.", status.occupiedRooms)
        metrics.gauge("rooms_remembered", "Rooms whose hosts are expected back.", status.rememberedRooms)
        metrics.gauge("room_connections", "WebSocket connections.", status.connections)
        metrics.gauge("numbers_in_use", "Numbers that rooms have.", status.numbers)
        metrics.gauge("numbers_resting", "Numbers that are not given out yet.", status.restingNumbers)
        metrics.gauge("queued_bytes", "Bytes that wait for slow readers.", status.queuedBytes)
        metrics.counter("room_connections_opened", "WebSocket connections since the start.", counters.connections)
        metrics.counter("rooms_made", "Rooms made.", counters.roomsMade)
        metrics.counter("rooms_taken_back", "Rooms that their hosts came back to.", counters.roomsTakenBack)
        metrics.counter(
            "rooms_ended", "Rooms that ended.", by: "how",
            RoomEnding.allCases.map { ($0.rawValue, counters.endings[$0] ?? 0) })
        metrics.counter(
            "joins", "Guests that entered.", by: "way",
            [("room", counters.joins - counters.joinsByNumber), ("number", counters.joinsByNumber)])
        metrics.counter("relayed_messages", "Messages relayed.", counters.relayedMessages)
        metrics.counter("relayed_bytes", "Bytes of relayed messages.", counters.relayedBytes)
        metrics.counter(
            "refusals", "Connections that were refused something, by the answer.", by: "code",
            counters.refusals.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        metrics.counter(
            "slow_readers_dropped", "Connections that were dropped because too much waited.", status.slowReadersDropped)
        metrics.gauge("resident_memory_bytes", "Memory of the process.", ServiceProcess.residentBytes)
        return metrics.text
    }

    private mutating func gauge(_ name: String, _ help: String, _ value: Int) {
        add(name, "gauge", help, [("", value)])
    }

    private mutating func counter(_ name: String, _ help: String, _ value: Int) {
        add("\(name)_total", "counter", help, [("", value)])
    }

    private mutating func counter(_ name: String, _ help: String, by label: String, _ values: [(String, Int)]) {
        add("\(name)_total", "counter", help, values.map { ("{\(label)=\"\($0.0)\"}", $0.1) })
    }

    private mutating func add(_ name: String, _ kind: String, _ help: String, _ samples: [(labels: String, value: Int)])
    {
        text += "# HELP martlet_\(name) \(help)\n# TYPE martlet_\(name) \(kind)\n"
        for sample in samples { text += "martlet_\(name)\(sample.labels) \(sample.value)\n" }
    }
}

/// What the system says of this process.
enum ServiceProcess {
    /// From /proc; 0 where there is none.
    static var residentBytes: Int {
        let fields = SystemText.read("/proc/self/statm")?.split(separator: " ") ?? []
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4096 : 0
    }
}
