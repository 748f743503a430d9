#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Processor time and memory of this process.
struct ProcessUsage {
    var cpuSeconds: Double
    var peakMemoryBytes: Int

    static func current() -> ProcessUsage {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(RUSAGE_SELF.rawValue, &usage)
            let unit = 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            let unit = 1
        #endif
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return ProcessUsage(
            cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            peakMemoryBytes: Int(usage.ru_maxrss) * unit)
    }
}

/// Writes at once, also where standard output is a pipe.
func writeToStandardOutput(line: String) {
    print(line)
    fflush(nil)
}
