import NetworkIO
import Testing
import Wire

@Suite(.timeLimit(.minutes(1)), .serialized)
struct WebSocketTests {
    private func url(_ server: HTTPServer, _ path: String = "/echo", secure: Bool = false) -> WebSocketURL {
        WebSocketURL(isSecure: secure, host: "127.0.0.1", port: server.port, path: path)
    }

    @Test func `client and server echo`() async throws {
        let server = try await TestServer.start()
        let connection = try await WebSocketClient().connect(to: url(server), subprotocol: "echo.1")
        #expect(connection.subprotocol == "echo.1")
        #expect(connection.remoteAddress == server.addresses.first)
        let texts = ["", "hello", "ä€😀", String(repeating: "x", count: 126), String(repeating: "y", count: 256 * 1024)]
        for text in texts { try connection.send(text) }
        for text in texts { #expect(await connection.receive() == text) }
        connection.ping()
        connection.close()
        #expect(await connection.closed() == .byUs(code: .normal))
        #expect(await connection.receive() == nil)
        #expect(throws: WebSocketError.closed) { try connection.send("late") }
        await server.shutdown()
    }

    @Test func `the peer's close code and reason arrive`() async throws {
        let server = try await TestServer.start(echo: { connection in
            connection.close(WebSocketCloseCode(rawValue: 4002), reason: "the room is full")
        })
        let connection = try await WebSocketClient().connect(to: url(server), subprotocol: "echo.1")
        #expect(await connection.receive() == nil)
        let expected = WebSocketClosure.byPeer(code: .init(rawValue: 4002), reason: "the room is full")
        let closure = await connection.closed()
        #expect(closure == expected)
        await server.shutdown()
    }

    @Test func `a message that is too big to send is refused here`() async throws {
        let server = try await TestServer.start()
        let connection = try await WebSocketClient().connect(to: url(server), subprotocol: "echo.1")
        let big = String(repeating: "x", count: 256 * 1024 + 1)
        #expect(throws: WebSocketError.messageTooBig(limit: 256 * 1024)) { try connection.send(big) }
        try connection.send("still open")
        #expect(await connection.receive() == "still open")
        await server.shutdown()
    }

    @Test func `handshakes are refused for the right reason`() async throws {
        let server = try await TestServer.start()
        let port = server.port
        let cases: [(String, Int)] = [
            (RawClient.handshake(port: port, path: "/other"), 404),
            (RawClient.handshake(port: port, subprotocol: nil), 400),
            (RawClient.handshake(port: port, subprotocol: "echo.2"), 400),
            (RawClient.handshake(port: port, version: "8"), 426),
            (RawClient.handshake(port: port, key: "short"), 400),
            (RawClient.handshake(port: port, connection: "keep-alive"), 400),
            (RawClient.handshake(port: port, host: "evil.example:\(port)"), 403),
            (RawClient.handshake(port: port, origin: "http://evil.example"), 403),
            (RawClient.handshake(port: port, origin: "http://127.0.0.1"), 403),
            (RawClient.handshake(port: port, origin: "null"), 403),
            (RawClient.handshake(port: port, origin: "http://127.0.0.1:\(port)"), 101),
        ]
        for (request, status) in cases {
            let client = try await RawClient(port: port)
            client.send(request)
            let answer = await client.read(until: status == 101 ? "\r\n\r\n" : "\u{0}")
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(request) \(answer)")
            // The example of RFC 6455 section 1.3.
            if status == 101 { #expect(answer.lowercased().contains("s3pplmbitxaq9kygzzhzrbk+xoo=")) }
        }
        await server.shutdown()
    }

    @Test func `a browser behind a proxy that speaks TLS is let in`() async throws {
        let server = try await TestServer.start(hosts: .predicate { authority, _ in authority.host == "share.example" })
        let client = try await RawClient(port: server.port)
        client.send(
            RawClient.handshake(port: server.port, origin: "https://share.example", host: "share.example"))
        #expect(await client.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 101 "))
        await server.shutdown()
    }

    static let hostile: [(name: String, bytes: [UInt8], code: UInt16)] = [
        ("an unmasked frame", RawClient.frame(1, [0x61], mask: nil), 1002),
        ("a reserved bit", RawClient.frame(1, [0x61], reserved: 4), 1002),
        ("an unknown opcode", RawClient.frame(3), 1002),
        ("an unknown control opcode", RawClient.frame(11), 1002),
        ("a continuation of nothing", RawClient.frame(0, [0x61]), 1002),
        ("a message inside a message", RawClient.frame(1, [0x61], final: false) + RawClient.frame(1, [0x62]), 1002),
        ("a fragmented ping", RawClient.frame(9, final: false), 1002),
        ("a long ping", RawClient.frame(9, [UInt8](repeating: 0, count: 126)), 1002),
        ("binary", RawClient.frame(2, [1]), 1003),
        ("text that is not UTF-8", RawClient.frame(1, [0xC0, 0x80]), 1007),
        ("a surrogate", RawClient.frame(1, [0xED, 0xA0, 0x80]), 1007),
        ("half a close code", RawClient.frame(8, [3]), 1002),
        ("a close code that never travels", RawClient.frame(8, [0x03, 0xEE]), 1002),
        ("a frame that is too large", RawClient.frame(1, claimedLength: 256 * 1024 + 1), 1009),
        ("a frame of 2^63 bytes", RawClient.frame(1, claimedLength: 1 << 63), 1009),
        (
            "a fragmented message that is too large",
            RawClient.frame(1, [UInt8](repeating: 0x61, count: 200_000), final: false)
                + RawClient.frame(0, [UInt8](repeating: 0x61, count: 100_000)), 1009
        ),
    ]

    @Test(arguments: hostile.indices)
    func `hostile frames end the connection with the right code`(index: Int) async throws {
        let (name, bytes, code) = Self.hostile[index]
        var options = WebSocketOptions()
        options.closeTimeout = .milliseconds(100)
        let server = try await TestServer.start(options: options)
        let client = try await RawClient.webSocket(port: server.port)
        client.send(bytes)
        #expect(await client.closeCode() == code, "\(name)")
        await server.shutdown()
    }

    @Test func `a message in pieces with a ping between them arrives whole`() async throws {
        let server = try await TestServer.start()
        let client = try await RawClient.webSocket(port: server.port)
        client.send(RawClient.frame(1, Array("hel".utf8), final: false))
        client.send(
            RawClient.frame(9, [7, 8]) + RawClient.frame(0, [], final: false) + RawClient.frame(0, Array("lo".utf8)))
        #expect(await client.read(11) == [0x8A, 2, 7, 8, 0x81, 5] + Array("hello".utf8))
        client.send(RawClient.frame(8, [0x03, 0xE8]))
        #expect(await client.readToEnd() == [0x88, 2, 0x03, 0xE8])
        await server.shutdown()
    }

    @Test func `frames that come byte by byte, right behind the handshake, are understood`() async throws {
        let server = try await TestServer.start()
        let client = try await RawClient(port: server.port)
        let frame = RawClient.frame(1, Array("slow".utf8))
        client.send(Array(RawClient.handshake(port: server.port).utf8) + frame.prefix(1))
        for byte in frame.dropFirst() { client.send([byte]) }
        #expect(await client.read(until: "slow").hasPrefix("HTTP/1.1 101 "))
        await server.shutdown()
    }

    @Test func `a client that does not read is dropped at the queue's limit`() async throws {
        let ended = Mailbox<WebSocketClosure>(capacity: 1)
        let server = try await TestServer.start(echo: { connection in
            let text = String(repeating: "z", count: 200_000)
            // The sockets' own buffers take some megabytes before the queue fills.
            do {
                while true {
                    try connection.send(text)
                    await Task.yield()
                }
            } catch {
                #expect(error as? WebSocketError == .queueFull(limit: 1024 * 1024))
            }
            ended.offer(await connection.closed())
        })
        let client = try await RawClient.webSocket(port: server.port, reads: false)
        #expect(await ended.next() == .tooSlow)
        client.close()
        await server.shutdown()
    }

    @Test func `a flood of pings that nobody reads the answers of ends`() async throws {
        var options = WebSocketOptions()
        options.queuedBytes = 64 * 1024
        let ended = Mailbox<WebSocketClosure>(capacity: 1)
        let server = try await TestServer.start(
            options: options,
            echo: { connection in
                while await connection.receive() != nil {}
                ended.offer(await connection.closed())
            })
        let client = try await RawClient.webSocket(port: server.port, reads: false)
        let pings = Array(repeatElement(RawClient.frame(9, [UInt8](repeating: 1, count: 125)), count: 1000).joined())
        for _ in 0..<100 { client.send(pings) }
        client.send(RawClient.frame(8))
        let closure = await ended.next()
        // Held back until the pongs are read, or dropped: never an unbounded queue.
        #expect(closure == .tooSlow || closure == .byPeer(code: nil, reason: "") || closure == .lost)
        client.close()
        await server.shutdown()
    }

    @Test func `a reader that does not take messages holds the sender back`() async throws {
        let gate = Mailbox<Void>(capacity: 1)
        let counted = Mailbox<Int>(capacity: 1)
        let server = try await TestServer.start(echo: { connection in
            _ = await gate.next()
            var count = 0
            while let text = await connection.receive(), text != "end" { count += 1 }
            counted.offer(count)
        })
        var options = WebSocketOptions()
        options.queuedBytes = 64 * 1024 * 1024
        let connection = try await WebSocketClient(options: options).connect(to: url(server), subprotocol: "echo.1")
        let text = String(repeating: "q", count: 100_000)
        for _ in 0..<200 { try connection.send(text) }
        try connection.send("end")
        gate.offer(())
        #expect(await counted.next() == 200)
        await server.shutdown()
    }

    @Test func `a silent peer is dropped, and pings keep a quiet one`() async throws {
        var options = WebSocketOptions()
        options.pingInterval = .milliseconds(20)
        options.silenceLimit = .milliseconds(200)
        let ended = Mailbox<WebSocketClosure>(capacity: 2)
        let server = try await TestServer.start(
            options: options,
            echo: { connection in
                while await connection.receive() != nil {}
                ended.offer(await connection.closed())
            })
        let quiet = try await WebSocketClient().connect(to: url(server), subprotocol: "echo.1")
        let silent = try await RawClient.webSocket(port: server.port)
        #expect(await ended.next() == .silent)
        silent.close()
        quiet.close()
        let second = await ended.next()
        #expect(second == .byPeer(code: .normal, reason: ""))
        await server.shutdown()
    }

    @Test func `a peer that does not answer our close is dropped`() async throws {
        var options = WebSocketOptions()
        options.closeTimeout = .milliseconds(50)
        let ended = Mailbox<WebSocketClosure>(capacity: 1)
        let server = try await TestServer.start(
            options: options,
            echo: { connection in
                connection.close(.goingAway)
                ended.offer(await connection.closed())
            })
        let client = try await RawClient.webSocket(port: server.port)
        #expect(await ended.next() == .byUs(code: .goingAway))
        #expect(await client.closeCode() == 1001)
        await server.shutdown()
    }

    @Test func `a peer that vanishes is noticed`() async throws {
        let ended = Mailbox<WebSocketClosure>(capacity: 1)
        let server = try await TestServer.start(echo: { connection in
            while await connection.receive() != nil {}
            ended.offer(await connection.closed())
        })
        try await RawClient.webSocket(port: server.port).close()
        #expect(await ended.next() == .lost)
        await server.shutdown()
    }

    @Test func `a client learns why it could not connect`() async throws {
        let server = try await TestServer.start()
        let client = WebSocketClient()
        await #expect(throws: WebSocketClientError.rejected(status: 404)) {
            _ = try await client.connect(to: url(server, "/other"), subprotocol: "echo.1")
        }
        await #expect(throws: WebSocketClientError.rejected(status: 400)) {
            _ = try await client.connect(to: url(server), subprotocol: "echo.9")
        }
        let port = server.port
        await server.shutdown()
        await #expect(throws: WebSocketClientError.refused(host: "127.0.0.1", port: port)) {
            _ = try await client.connect(to: url(server), subprotocol: "echo.1")
        }
        let nowhere = WebSocketURL(isSecure: false, host: "no-such-host.invalid", port: 80, path: "/")
        await #expect(throws: WebSocketClientError.unknownHost("no-such-host.invalid")) {
            _ = try await client.connect(to: nowhere, subprotocol: "echo.1")
        }
    }

    @Test func `a server that never answers times out`() async throws {
        // The limit of connections is no help here: a listener that accepts and says nothing.
        let silent = try await SilentListener()
        let url = WebSocketURL(isSecure: false, host: "127.0.0.1", port: silent.port, path: "/")
        await #expect(throws: WebSocketClientError.timedOut) {
            _ = try await WebSocketClient().connect(to: url, subprotocol: "x", timeout: .milliseconds(100))
        }
        let secure = WebSocketURL(isSecure: true, host: "127.0.0.1", port: silent.port, path: "/")
        await #expect(throws: WebSocketClientError.timedOut) {
            _ = try await WebSocketClient().connect(to: secure, subprotocol: "x", timeout: .milliseconds(100))
        }
        await silent.close()
    }

    @Test func `wss with a certificate that is trusted, and not without`() async throws {
        let files = try TestCertificate()
        let tls = TLSFiles(certificateChain: files.certificate, privateKey: files.privateKey)
        let server = try await TestServer.start(hosts: .names(["localhost", "127.0.0.1"]), tls: tls)
        let trusting = WebSocketClient(trust: .certificates(path: files.certificate))
        for host in ["localhost", "127.0.0.1"] {
            let url = WebSocketURL(isSecure: true, host: host, port: server.port, path: "/echo")
            let connection = try await trusting.connect(to: url, subprotocol: "echo.1")
            try connection.send("over TLS")
            #expect(await connection.receive() == "over TLS")
            connection.close()
            #expect(await connection.closed() == .byUs(code: .normal))
        }
        do {
            _ = try await WebSocketClient().connect(to: url(server, secure: true), subprotocol: "echo.1")
            Issue.record("an unknown certificate was trusted")
        } catch {
            guard case .tlsFailed = error else {
                Issue.record("\(error)")
                return
            }
        }
        // Speaking plainly to a TLS port gets nowhere.
        await #expect(throws: WebSocketClientError.self) {
            _ = try await WebSocketClient().connect(to: url(server), subprotocol: "echo.1")
        }
        await server.shutdown()
    }
}
