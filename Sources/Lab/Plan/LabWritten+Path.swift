extension LabWritten {
    /// What a value does to a path, and how it is called beside others of its kind.
    func pathChange(_ setting: LabSetting) throws(LabPlanError) -> (label: String, apply: (inout LabPath) -> Void) {
        let isNone = Self.trimmed(value) == "none"
        switch setting {
        case .loss:
            let share = isNone ? 0 : try share()
            return (LabQuantity.share(share), { $0.loss = share })
        case .burst:
            let burst = isNone ? nil : try burst()
            let label = burst.map {
                "of \(LabQuantity.decimal($0.meanLength, places: 2)) at \(LabQuantity.share($0.share))"
            }
            return (label ?? "none", { $0.burst = burst })
        case .delay:
            let delay = isNone ? .zero : try duration(.zero...(.seconds(60)))
            return (LabQuantity.duration(delay), { $0.delay = delay })
        case .jitter:
            let jitter = isNone ? .zero : try duration(.zero...(.seconds(60)))
            return (LabQuantity.duration(jitter), { $0.jitter = jitter })
        case .reorder:
            guard !isNone else {
                return ("none", { ($0.reorder, $0.reorderDelay) = (0, .zero) })
            }
            let (first, second) = try pair(setting.example)
            let share = try first.share()
            let delay = try second.duration(.zero...(.seconds(60)))
            return (
                "\(LabQuantity.share(share)) by \(LabQuantity.duration(delay))",
                { ($0.reorder, $0.reorderDelay) = (share, delay) }
            )
        case .duplicate:
            let share = isNone ? 0 : try share()
            return (LabQuantity.share(share), { $0.duplicate = share })
        case .bandwidth:
            let rate = isNone ? nil : try bitRate()
            return (rate.map { LabQuantity.bitRate(Double($0)) } ?? "no limit", { $0.rate = rate })
        case .queue:
            let count = isNone ? nil : try byteCount(1...1_000_000_000)
            return (count.map(LabQuantity.bytes) ?? "as usual", { $0.queueBytes = count })
        default:
            let blackouts = isNone ? [] : try blackouts()
            return ("blackouts", { $0.blackouts = blackouts })
        }
    }

    /// `3:10%`.
    private func burst() throws(LabPlanError) -> LabBurst {
        let (first, second) = try pair(LabSetting.burst.example)
        let (length, unit) = try first.quantity(LabSetting.burst.example)
        guard unit.isEmpty, (1...10_000).contains(length) else {
            throw refused("has no length of bursts, which is 1 to 10000 packets", remedy: LabSetting.burst.example)
        }
        let share = try second.share()
        guard share < 1 else { throw refused("loses everything", remedy: LabSetting.burst.example) }
        return LabBurst(meanLength: length, share: share)
    }

    /// `3s+500ms`, and several of them between commas or semicolons.
    private func blackouts() throws(LabPlanError) -> [LabBlackout] {
        let parts = value.split(whereSeparator: { $0 == "," || $0 == ";" })
        guard !parts.isEmpty, parts.count <= 100 else {
            throw refused("has no blackout, or more than 100", remedy: LabSetting.blackout.example)
        }
        var blackouts: [LabBlackout] = []
        for part in parts {
            let halves = part.split(separator: "+", omittingEmptySubsequences: false)
            guard halves.count == 2 else {
                throw refused("does not say when it is dark and for how long", remedy: LabSetting.blackout.example)
            }
            blackouts.append(
                LabBlackout(
                    start: try LabWritten(Self.trimmed(halves[0]), at: place).duration(.zero...(.seconds(3600))),
                    length: try LabWritten(Self.trimmed(halves[1]), at: place).duration(
                        .milliseconds(1)...(.seconds(3600)))))
        }
        return blackouts
    }

    /// `3` is 1, 2 and 3; `4,8,15` and `100-149` are themselves.
    func seeds() throws(LabPlanError) -> [UInt64] {
        let parts = parts
        if parts.count == 1, let count = Self.whole(Substring(parts[0].value)) {
            guard (1...UInt64(Self.seedLimit)).contains(count) else {
                throw refused("is not 1 to \(Self.seedLimit) seeds", remedy: LabSetting.seeds.example)
            }
            return Array(1...count)
        }
        var seeds: [UInt64] = []
        for part in parts where !(part.value.isEmpty && seeds.count > 0) {
            let ends = part.value.split(separator: "-", omittingEmptySubsequences: false)
                .map { Self.whole(Substring(Self.trimmed($0))) }
            guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last else {
                throw part.refused("is no seed", remedy: LabSetting.seeds.example)
            }
            guard last - first < Self.seedLimit, seeds.count + Int(last - first) < Self.seedLimit else {
                throw refused("has more than \(Self.seedLimit) seeds", remedy: LabSetting.seeds.example)
            }
            seeds += first...last
        }
        guard Set(seeds).count == seeds.count else {
            throw refused("has a seed twice, which would make the same run", remedy: LabSetting.seeds.example)
        }
        return seeds
    }

    private static let seedLimit = 1000

    /// Digits, of a number that every reader of JSON can hold.
    private static func whole(_ text: Substring) -> UInt64? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt64(text) else { return nil }
        return number < 1 << 53 ? number : nil
    }
}
