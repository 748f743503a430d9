/// The rule by which hours of one traffic may not need more and more memory: after some time, in which everything has
/// happened a few times, the peak may grow by so much and no more.
package struct MemoryWatch: Sendable {
    private let warmUp: Duration
    private let allowance: Int
    private var usual: Int?

    /// - Parameters:
    ///   - warmUp: how long the traffic goes on before its memory counts.
    ///   - allowance: bytes by which it may grow from then on.
    package init(warmUp: Duration = .seconds(600), allowance: Int = 64 * 1_048_576) {
        self.warmUp = warmUp
        self.allowance = allowance
    }

    /// - Parameters:
    ///   - bytes: the memory that the process has needed at most.
    ///   - elapsed: how long the traffic has gone on.
    /// - Throws: ``LabError/failed(_:)`` when it has grown.
    package mutating func look(at bytes: Int, after elapsed: Duration) throws(LabError) {
        guard elapsed >= warmUp else { return }
        guard let usual else {
            usual = bytes
            return
        }
        guard bytes - usual <= allowance else {
            throw .failed("memory grew from \(usual / 1_048_576) to \(bytes / 1_048_576) MiB")
        }
    }
}
