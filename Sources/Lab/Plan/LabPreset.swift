/// A question that people ask again and again, with a plan that answers it.
package enum LabPreset: String, Hashable, Sendable, CaseIterable {
    case game
    case voice
    case telemetry
    case file

    /// What it asks, as the plan's title.
    package var question: String {
        switch self {
        case .game: "Which channel brings the positions of players in time?"
        case .voice: "Does it help to send lost frames of speech again?"
        case .telemetry: "Nothing may be lost: what does keeping the order cost?"
        case .file: "What do loss and distance make of the speed of a file?"
        }
    }

    /// Its plan, in the form of a file. The link is in it, and is left out where a real path is taken.
    package var text: String {
        switch self {
        case .game:
            """
            channel = ordered, unordered, unordered:rtx=0, unordered:life=100
            size = 200
            rate = 60
            duration = 20s
            late = 100ms
            loss = 1%, 5%, 20%
            delay = 30ms
            jitter = 10ms
            seeds = 3
            """
        case .voice:
            """
            channel = unordered:rtx=0, unordered:rtx=1, unordered:life=100, ordered
            size = 160
            rate = 50
            duration = 20s
            late = 200ms
            burst = none, 3:5%
            loss = 1%, 5%
            delay = 50ms
            jitter = 20ms
            seeds = 3
            """
        case .telemetry:
            """
            channel = ordered, unordered
            size = 100
            rate = 20
            duration = 30s
            late = 500ms
            loss = 0, 2%, 10%
            delay = 80ms
            seeds = 3
            """
        case .file:
            """
            channel = ordered, unordered
            size = 65536
            rate = max
            duration = 10s
            bandwidth = 20Mbit/s
            loss = 0, 0.1%, 1%, 5%
            delay = 5ms, 50ms
            seeds = 1
            """
        }
    }

    /// The plan, as it was written.
    package var draft: LabPlanDraft {
        get throws(LabPlanError) {
            var draft = try LabPlanDraft(parsing: text, place: "preset \(rawValue)")
            draft.title = question
            return draft
        }
    }
}
