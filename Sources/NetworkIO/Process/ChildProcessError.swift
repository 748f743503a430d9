/// Why a process that this program starts does not do what it is there for.
package enum ChildProcessError: Error, Hashable, Sendable {
    /// The program, and what the system says.
    case notStarted(String, reason: String)
    /// It does not take what it is given.
    case notReading
    /// Its output has ended.
    case ended
    /// It writes a line without an end.
    case lineTooLong
    /// It said nothing in time.
    case silent
    /// Whoever waited does not want it any more.
    case cancelled
}
