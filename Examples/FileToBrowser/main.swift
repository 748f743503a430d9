// One file to a browser: serves the page and a room, prints the link, and sends the file to whoever opens it.
//
//   swift run FileToBrowser film.mkv

import Martlet
import NetworkIO
import Signaling
import Transfer
import Web
import Wire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The page and the rooms, on one free port of this machine.
func startServer(_ rooms: RoomServer) async throws -> HTTPServer {
    let loopback = IPAddress(v4: 0x7F00_0001)
    let hosts = HostPolicy.predicate { authority, _ in ["localhost", "127.0.0.1"].contains(authority.host) }
    return try await HTTPServer.start(
        .init(addresses: [loopback], port: 0, hosts: hosts), webSockets: [rooms.endpoint]
    ) { request in
        guard let asset = PageAssets.asset(forPath: request.path) else { return .text(404, "Nothing here.", []) }
        let fields = asset.headers.map { HTTPField($0.name, $0.value) }
        return HTTPResponse(fields: fields, body: .static(StaticBytes(immortal: asset.bytes)))
    }
}

/// Two channels that both sides know by number (Docs/Protocols/Transfer.md).
struct Channels: ProvenChannels {
    let control: DataChannel
    let data: DataChannel

    func opened() async throws {
        try await control.opened()
        try await data.opened()
    }
}

/// Sends the file to the first who proves to know the link's secret.
func serve(_ sources: SourceList) async throws {
    let server = try await startServer(RoomServer())
    var generator = SystemRandomNumberGenerator()
    let link = RoomLink(
        rendezvous: Rendezvous(isSecure: false, host: "localhost", port: server.port), room: .random(using: &generator),
        secret: .random(using: &generator))
    let room = try await PeerConnector.host(RoomPlace(link))
    print("Open \(link.text)")
    fflush(nil)
    guard let guest = try await room.nextGuest() else { return }
    let peer = try await guest.connect { connection in
        Channels(
            control: try await connection.createDataChannel("martlet-control", .init(negotiated: true, id: 0)),
            data: try await connection.createDataChannel("martlet-data", .init(negotiated: true, id: 2)))
    }
    try await peer.channels.opened()
    let report = try await FileSender(sources: sources, control: peer.channels.control, data: peer.channels.data).run()
    print("sent \(report.completedBytes) bytes")
    await peer.close()
    await room.close()
    await server.shutdown()
}

do {
    guard CommandLine.arguments.count == 2 else {
        print("usage: FileToBrowser FILE")
        exit(2)
    }
    try await serve(SourceList([.path(CommandLine.arguments[1])]))
} catch {
    print("error: \(error)")
    exit(1)
}
