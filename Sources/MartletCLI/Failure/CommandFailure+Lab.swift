internal import Lab
internal import Transfer

extension CommandFailure {
    /// A plan that makes no sense.
    init(_ error: LabPlanError) {
        self.init(
            .usage, Printable.line(error.sentence, columns: 400),
            remedy: error.remedy.map { Printable.line($0, columns: 400) })
    }

    /// An experiment that does not come about, or a report that is none.
    init(_ error: LabError) {
        func text(_ words: String) -> String {
            let line = Printable.line(words, columns: 300)
            return line.hasSuffix(".") ? String(line.dropLast()) : line
        }
        switch error {
        case .badReport(let words): self.init(.source, "This is no report of the lab: \(text(words)).")
        case .badPlan(let words): self.init(.usage, "The plan makes no sense: \(text(words)).")
        case .noConnection(let words):
            self.init(
                .noPath, "No connection to the other side came about: \(text(words)).",
                remedy: "both devices on the same network, and no firewall between them that blocks UDP")
        case .partnerFailed(let words):
            self.init(
                .vanished, "The other side could not go on: \(text(words)).", remedy: "start it again on both sides")
        case .protocolViolation(let words):
            self.init(
                .protocolMismatch, "The other side does not keep to the protocol: \(text(words)).",
                remedy: "the same version of martlet on both sides")
        case .otherProtocol(let name):
            self.init(
                .protocolMismatch, "The other side is not there for experiments (\(text(name))).",
                remedy: "martlet lab join, or a page, with the link of this side")
        case .otherVersion:
            self.init(
                .protocolMismatch, "The other side speaks another version of the lab's protocol.",
                remedy: "the same version of martlet on both sides")
        case .failed(let words): self.init(.localResource, "Something here does not work: \(text(words)).")
        case .cancelled: self.init(.interrupted, "It was canceled.")
        }
    }
}
