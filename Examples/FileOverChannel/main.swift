// A file over any data channel, with MartletTransfer. Signaling is yours: here two people paste two lines.
//
//   swift run FileOverChannel send film.mkv      on one machine
//   swift run FileOverChannel receive folder     on the other

import Martlet
import Transfer

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

func show(_ description: SessionDescription) {
    print("paste this line on the other side:\n\(description.sdp.replacing("\r\n", with: "|"))")
    fflush(nil)
}

func ask(_ type: SessionDescription.Kind) -> SessionDescription {
    print("and paste the other side's line here:")
    return SessionDescription(type: type, sdp: (readLine() ?? "").replacing("|", with: "\r\n"))
}

func run(_ verb: String, _ path: String) async throws {
    let connection = try PeerConnection()
    let channel = try await connection.createDataChannel("file", .init(negotiated: true, id: 0))
    if verb == "send" {
        try await connection.setLocalDescription()
        show(try await connection.gatheredLocalDescription())
        try await connection.setRemoteDescription(ask(.answer))
        try await channel.opened()
        let report = try await FileSender(sources: SourceList([.path(path)]), channel: channel).run()
        print("sent \(report.completedBytes) bytes")
    } else {
        try await connection.setRemoteDescription(ask(.offer))
        try await connection.setLocalDescription()
        show(try await connection.gatheredLocalDescription())
        try await channel.opened()
        let folder = try DestinationDirectory(path: path)
        let report = try await FileReceiver(destination: .folder(folder), channel: channel) { _ in .accept() }.run()
        print("received \(report.completedBytes) bytes")
    }
    await connection.close()
}

let words = Array(CommandLine.arguments.dropFirst())
guard words.count == 2, ["send", "receive"].contains(words[0]) else {
    print("usage: FileOverChannel send FILE | receive FOLDER")
    exit(2)
}
do {
    try await run(words[0], words[1])
} catch {
    print("error: \(error)")
    exit(1)
}
