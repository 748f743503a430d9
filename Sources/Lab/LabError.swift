/// Why an experiment does not come about, or what was read is none.
///
/// The texts are for people and may hold words of a peer or of a file: they reach a terminal only through what makes
/// them printable.
package enum LabError: Error, Hashable, Sendable {
    /// A text is no report, or one whose numbers cannot be.
    case badReport(String)
    /// A plan asks for what there is not.
    case badPlan(String)
    /// No connection to the partner comes about.
    case noConnection(String)
    /// The partner said, or showed, that it cannot go on.
    case partnerFailed(String)
    /// The partner does not keep to the protocol.
    case protocolViolation(String)
    /// The other side is there for something else: the protocol that it names.
    case otherProtocol(String)
    /// The other side speaks another version of the lab's protocol.
    case otherVersion
    /// Something of this side does not work: a socket, a process, a file.
    case failed(String)
    /// Whoever asked for it does not want it any more.
    case cancelled
}
