internal import NIOPosix
package import Wire

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Turns host names into addresses, on a thread of its own: the system's resolver blocks.
package enum HostResolver {
    /// All addresses of `host`, IPv4 and IPv6; none when there are none or the limit passes first.
    ///
    /// - Parameter host: a name, or an address as text.
    package static func addresses(of host: String, port: UInt16, within limit: Duration) async -> [TransportAddress] {
        if let address = IPAddress(host) { return [TransportAddress(address, port: port)] }
        // The first answer counts; a lookup that has begun cannot be taken back, and nobody waits for it.
        let (answers, answer) = AsyncStream.makeStream(
            of: [TransportAddress].self, bufferingPolicy: .bufferingOldest(1))
        threads.submit { state in
            answer.yield(state == .active ? lookUp(host, port: port) : [])
        }
        let watchdog = Task {
            try await Task.sleep(for: limit)
            answer.yield([])
        }
        defer { watchdog.cancel() }
        return await answers.first { _ in true } ?? []
    }

    /// Its own, so that slow names never delay files.
    private static let threads: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 2)
        pool.start()
        return pool
    }()

    private static func lookUp(_ host: String, port: UInt16) -> [TransportAddress] {
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        #else
            hints.ai_socktype = SOCK_DGRAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [TransportAddress] = []
        var entry = list
        while let info = entry?.pointee {
            entry = info.ai_next
            var text = [CChar](repeating: 0, count: 64)
            guard getnameinfo(info.ai_addr, info.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            else { continue }
            let digits = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if let ip = IPAddress(digits) { addresses.append(TransportAddress(ip, port: port)) }
        }
        return addresses
    }
}
