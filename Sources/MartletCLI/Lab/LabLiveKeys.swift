internal import Lab

/// What keys do in the live view: a value that knows which knob is chosen.
struct LabLiveKeys: Sendable {
    enum Action: Sendable, Equatable {
        case nothing
        /// Another knob is chosen.
        case chosen
        case turned(LabLiveSettings)
        case ended
    }

    private(set) var knob = LabKnob.loss
    /// What began an escape sequence, until it is whole.
    private var pending: [UInt8] = []

    /// - Returns: what the keys do together.
    mutating func press(_ keys: [UInt8], _ settings: LabLiveSettings) -> Action {
        var settings = settings
        var action = Action.nothing
        for key in keys {
            switch step(key) {
            case .choose(let next):
                knob = next
                if action == .nothing { action = .chosen }
            case .turn(let up):
                settings = knob.turned(settings, up: up)
                action = .turned(settings)
            case .end: return .ended
            case nil: break
            }
        }
        return action
    }

    private enum Step {
        case choose(LabKnob)
        case turn(up: Bool)
        case end
    }

    private mutating func step(_ key: UInt8) -> Step? {
        if !pending.isEmpty { return escape(key) }
        switch key {
        case 0x1B:
            pending = [key]
            return nil
        case UInt8(ascii: "+"), UInt8(ascii: "="): return .turn(up: true)
        case UInt8(ascii: "-"): return .turn(up: false)
        case UInt8(ascii: "\t"): return .choose(neighbour(1))
        case UInt8(ascii: "q"), 0x04: return .end
        default:
            let letter = Character(Unicode.Scalar(key))
            return LabKnob.allCases.first { $0.key == letter }.map { .choose($0) }
        }
    }

    /// Arrow keys: ESC [ A to D, or ESC O A to D.
    private mutating func escape(_ key: UInt8) -> Step? {
        if pending.count == 1, key == UInt8(ascii: "[") || key == UInt8(ascii: "O") {
            pending.append(key)
            return nil
        }
        guard pending.count == 2 else {
            pending = []
            return nil
        }
        // Digits and semicolons belong to other keys; such a sequence ends with something else.
        if (0x20...0x3F).contains(key) { return nil }
        pending = []
        switch key {
        case UInt8(ascii: "A"): return .turn(up: true)
        case UInt8(ascii: "B"): return .turn(up: false)
        case UInt8(ascii: "C"): return .choose(neighbour(1))
        case UInt8(ascii: "D"): return .choose(neighbour(-1))
        default: return nil
        }
    }

    private func neighbour(_ step: Int) -> LabKnob {
        let all = LabKnob.allCases
        let index = all.firstIndex(of: knob) ?? 0
        return all[(index + step + all.count) % all.count]
    }
}
