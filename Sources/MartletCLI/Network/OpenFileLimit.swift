#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// How many descriptors this process may have open (`RLIMIT_NOFILE`).
enum OpenFileLimit {
    /// The limit in force; 256 where the system does not tell.
    static var current: Int {
        var limit = rlimit()
        return getrlimit(resource, &limit) == 0 ? Int(clamping: limit.rlim_cur) : 256
    }

    /// Raises the limit as far as this user may, to `wanted` at most: the usual 1,024 is meant for programs that use
    /// `select`.
    static func raise(to wanted: Int = 4096) {
        let wanted = rlim_t(clamping: wanted)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < wanted else { return }
        limit.rlim_cur = min(wanted, limit.rlim_max)
        // Refused means: as before.
        _ = setrlimit(resource, &limit)
    }

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif
}
