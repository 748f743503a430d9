extension LabReport {
    /// What a person types to measure the same again: ``LabPlan/commands`` with the other side, or, where options
    /// cannot say it, the command that takes the report itself.
    var commands: [String] {
        let own = plan.commands
        let peer = peerOption.map { $0.isEmpty ? "" : " \($0)" } ?? ""
        return (own.isEmpty ? ["martlet lab --plan report.json"] : own).map { $0 + peer }
    }

    /// The option that says who the other side is: empty where nothing has to be said, nil where nobody knows.
    ///
    /// The partner's own word is no source of commands: only what this side was told counts.
    var peerOption: String? {
        switch peer {
        case .own: ""
        case .chromium, .firefox, .page, .terminal: peer.map { "--peer \($0.rawValue)" }
        case .echo: echoCommand.map { "--echo \($0)" }
        case nil: partner == conductor || partner.hasPrefix("\(conductor), same process") ? "" : nil
        }
    }

    /// The command of an echo, as one word for a shell; nil where it cannot be shown as it was.
    private var echoCommand: String? {
        let prefix = "echo: "
        let command = partner.dropFirst(prefix.count)
        // What has as many bytes as a name may have could be cut.
        guard partner.hasPrefix(prefix), !command.isEmpty, partner.utf8.count < 195,
            command.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return nil }
        return "'" + command.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
