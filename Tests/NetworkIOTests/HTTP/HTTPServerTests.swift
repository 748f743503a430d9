import NetworkIO
import Testing
import Wire

@Suite(.timeLimit(.minutes(1)), .serialized)
struct HTTPServerTests {
    private func exchange(_ request: (UInt16) -> String, limits: HTTPLimits = .init()) async throws -> String {
        let server = try await TestServer.start(limits: limits)
        let client = try await RawClient(port: server.port)
        client.send(request(server.port))
        let answer = await client.readTextToEnd()
        await server.shutdown()
        return answer
    }

    @Test func `a page is served and the connection is kept`() async throws {
        let server = try await TestServer.start()
        let client = try await RawClient(port: server.port)
        client.send(TestServer.get("/?a=b?c", port: server.port))
        let first = await client.read(until: "GET a=b?c\n")
        #expect(first.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(first.contains("Content-Length: 10\r\n"))
        #expect(first.contains("Connection: keep-alive\r\n"))
        // Two requests in one packet are answered in order.
        client.send(TestServer.get("/static", port: server.port) + TestServer.get("/none", port: server.port))
        let second = await client.read(until: "nothing here\n")
        #expect(second.contains("bytes that live as long as the program"))
        #expect(second.contains("HTTP/1.1 404 Not Found"))
        await server.shutdown()
    }

    @Test func `HEAD has the length and no body`() async throws {
        let answer = try await exchange { "HEAD /big HTTP/1.1\r\nHost: 127.0.0.1:\($0)\r\nConnection: close\r\n\r\n" }
        #expect(answer.contains("Content-Length: 1000000\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n"))
    }

    @Test func `a large body arrives whole`() async throws {
        let answer = try await exchange { TestServer.get("/big", port: $0, "Connection: close\r\n") }
        #expect(answer.utf8.suffix(1_000_000).elementsEqual(TestServer.bigBody))
    }

    @Test func `a response field cannot be split`() async throws {
        let answer = try await exchange { TestServer.get("/split", port: $0, "Connection: close\r\n") }
        #expect(answer.hasPrefix("HTTP/1.1 500 "))
        #expect(!answer.contains("Cookie"))
    }

    @Test(arguments: [
        ("POST / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 5\r\n\r\nhello", 405),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 5\r\n\r\nhello", 413),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 413),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nHost: 127.0.0.1:PORT\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: evil.example:PORT\r\n\r\n", 403),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n", 403),
        ("GET / HTTP/1.1\r\nHost: user@127.0.0.1:PORT\r\n\r\n", 400),
        ("GET http://127.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n", 400),
        ("GET /echo HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n", 426),
        ("\u{16}\u{3}\u{1} this is not HTTP\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nno colon here\r\n\r\n", 400),
    ])
    func `a request that is not wanted is refused and the connection ends`(request: String, status: Int) async throws {
        let answer = try await exchange { request.replacing("PORT", with: String($0)) }
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
    }

    @Test(arguments: [17_000, 200_000])
    func `a head that is too large is refused`(count: Int) async throws {
        let answer = try await exchange {
            "GET / HTTP/1.1\r\nHost: 127.0.0.1:\($0)\r\nX: " + String(repeating: "x", count: count)
        }
        #expect(answer.hasPrefix("HTTP/1.1 431 "))
    }

    @Test func `a head of many fields is refused`() async throws {
        let answer = try await exchange {
            "GET / HTTP/1.1\r\nHost: 127.0.0.1:\($0)\r\n" + String(repeating: "X: y\r\n", count: 20_000)
        }
        #expect(answer.hasPrefix("HTTP/1.1 4"))
    }

    @Test func `a head that dribbles in is cut off`() async throws {
        var limits = HTTPLimits()
        limits.headTimeout = .milliseconds(100)
        let answer = try await exchange({ _ in "GET / HT" }, limits: limits)
        #expect(answer.hasPrefix("HTTP/1.1 408 "))
    }

    @Test func `an idle connection is closed without a word`() async throws {
        var limits = HTTPLimits()
        limits.headTimeout = .milliseconds(100)
        #expect(try await exchange({ _ in "" }, limits: limits) == "")
        // Idle after an answer counts too.
        let answer = try await exchange({ TestServer.get("/", port: $0) }, limits: limits)
        #expect(answer.hasSuffix("GET -\n"))
    }

    @Test func `a client that does not read its answer is dropped`() async throws {
        var limits = HTTPLimits()
        limits.stallTimeout = .milliseconds(100)
        let server = try await TestServer.start(limits: limits)
        let client = try await RawClient(port: server.port, reads: false)
        for _ in 0..<40 { client.send(TestServer.get("/big", port: server.port)) }
        await until { server.connectionCount == 1 }
        await until { server.connectionCount == 0 }
        #expect(server.connectionCount == 0)
        client.close()
        await server.shutdown()
    }

    @Test(arguments: [true, false])
    func `one address has so many connections, and this machine more where it is not counted`(counts: Bool) async throws
    {
        var limits = HTTPLimits()
        (limits.connectionsPerAddress, limits.countsLoopback) = (2, counts)
        let server = try await TestServer.start(limits: limits)
        var clients: [RawClient] = []
        for _ in 0..<2 { clients.append(try await RawClient(port: server.port)) }
        await until { server.connectionCount == 2 }
        let third = try await RawClient(port: server.port)
        third.send(TestServer.get("/static", port: server.port, "Connection: close\r\n"))
        #expect(await third.readTextToEnd().isEmpty == counts)
        await server.shutdown()
    }

    @Test func `one connection too many is closed`() async throws {
        var limits = HTTPLimits()
        limits.connectionCount = 2
        let server = try await TestServer.start(limits: limits)
        let first = try await RawClient(port: server.port)
        let second = try await RawClient(port: server.port)
        await until { server.connectionCount == 2 }
        let third = try await RawClient(port: server.port)
        third.send(TestServer.get("/", port: server.port))
        #expect(await third.readToEnd() == [])
        first.close()
        await until { server.connectionCount == 1 }
        let fourth = try await RawClient(port: server.port)
        fourth.send(TestServer.get("/", port: server.port))
        #expect(await fourth.read(until: "GET -\n").hasPrefix("HTTP/1.1 200 "))
        second.close()
        await server.shutdown()
    }

    @Test func `a port in use is named`() async throws {
        let server = try await TestServer.start()
        let again = HTTPServer.Configuration(
            addresses: [IPAddress(v4: 0x7F00_0001)], port: server.port, hosts: .any)
        await #expect(throws: HTTPServerError.addressInUse(host: "127.0.0.1", port: server.port)) {
            _ = try await HTTPServer.start(again) { _ in .text(200, "") }
        }
        await server.shutdown()
        let third = try await HTTPServer.start(again) { _ in .text(200, "") }
        #expect(third.port == server.port)
        await third.shutdown()
    }

    @Test func `an address of another machine is named`() async throws {
        let other = HTTPServer.Configuration(addresses: [IPAddress(v4: 0xC000_0201)], port: 0, hosts: .any)
        await #expect(throws: HTTPServerError.addressNotAvailable(host: "192.0.2.1", port: 0)) {
            _ = try await HTTPServer.start(other) { _ in .text(200, "") }
        }
        let none = HTTPServer.Configuration(addresses: [], port: 0, hosts: .any)
        await #expect(throws: HTTPServerError.noAddress) {
            _ = try await HTTPServer.start(none) { _ in .text(200, "") }
        }
    }

    @Test func `several addresses share one port`() async throws {
        let two = [IPAddress(v4: 0x7F00_0001), IPAddress(v4: 0x7F00_0002)]
        let configuration = HTTPServer.Configuration(
            addresses: two, port: 0, hosts: .names(["127.0.0.2", "127.0.0.1"]))
        let server = try await HTTPServer.start(configuration) { _ in .text(200, "both") }
        #expect(server.addresses == two.map { TransportAddress($0, port: server.port) })
        #expect(server.port != 0)
        let client = try await RawClient(port: server.port)
        client.send(TestServer.get("/", port: server.port))
        #expect(await client.read(until: "both\n").hasPrefix("HTTP/1.1 200 "))
        await server.shutdown()
    }

    @Test func `files that are no certificate are named`() async throws {
        var configuration = HTTPServer.Configuration(addresses: [IPAddress(v4: 0x7F00_0001)], port: 0, hosts: .any)
        configuration.tls = TLSFiles(certificateChain: "/nonexistent/c.pem", privateKey: "/nonexistent/k.pem")
        do {
            _ = try await HTTPServer.start(configuration) { _ in .text(200, "") }
            Issue.record("it started")
        } catch {
            guard case .certificateUnusable("/nonexistent/c.pem", _) = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test func `a stopped server has closed everything`() async throws {
        let server = try await TestServer.start()
        let idle = try await RawClient(port: server.port)
        let socket = try await RawClient.webSocket(port: server.port)
        await until { server.connectionCount == 2 }
        await server.shutdown(grace: .milliseconds(200))
        #expect(await idle.readToEnd() == [])
        #expect(await socket.closeCode() == 1001)
        #expect(server.connectionCount == 0)
        await #expect(throws: (any Error).self) { _ = try await RawClient(port: server.port) }
    }
}

/// Gives way to the network loop until the condition holds; the suite's time limit is the way out.
func until(_ condition: @Sendable () -> Bool) async {
    while !condition() { await withCheckedContinuation { go in NetworkLoop.shared.execute { go.resume() } } }
}
