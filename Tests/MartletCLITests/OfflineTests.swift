import ArgumentParser
import Signaling
import Testing

@testable import MartletCLI

@Suite struct OfflineTests {
    @Test func `a compact offer makes a QR code that a terminal of 24 lines shows`() throws {
        let text =
            "MARTLET1AAAGM2YCD73AQG3FRZUNKIIYRKAQ6IAD75QLFJYQBRII44RUDUNXFFXWCT5UXTL2NHCMBEX2MYZ6SKI75ER3APZGYYYLDBVMZLF"
            + "JYDFIAQA72AAAAAAAAAAAAAAAAAAAAAAAFNJFADAAAAQC5NZALMRQASIU5Q7CMB4Q"
        let code = QRCode(matrix: try #require(QRMatrix(text)))
        // Version 6; as anything but capitals and digits it would be 8.
        #expect(code.matrix.size == 41)
        #expect(try #require(QRMatrix(text.lowercased())).size == 49)
        #expect(code.rowCount <= 24)
    }

    @Test(arguments: [
        (OfflineError.noDescription, CommandStatus.usage), (.damaged, .usage), (.ownOffer, .usage),
        (.answersAnother, .usage), (.expired(secondsAgo: 301), .nobodyCame), (.unknownVersion, .protocolMismatch),
    ])
    func `each wrong paste has its exit code and a remedy`(error: OfflineError, status: CommandStatus) {
        for kind in [OfflineKind.offer, .answer] {
            let failure = CommandFailure(error, awaited: kind)
            #expect(failure.status == status)
            #expect(failure.remedy != nil)
            #expect(failure.sentence.hasPrefix("The \(kind.rawValue) was not accepted: "))
        }
    }

    @Test func `without a room the remedy is a new exchange`() {
        var lost = CommandFailure(.vanished, "It is gone.", remedy: "the same command again, which resumes")
        lost.isResumable = true
        let failure = lost.offline
        #expect(failure.remedy?.contains("a new offer and a new answer: what has arrived is kept") == true)
        #expect(failure.isResumable && failure.sentence == lost.sentence)
        #expect(CommandFailure(.notVerified, "x").offline.remedy?.contains("nobody can change") == true)
        let declined = CommandFailure(.declined, "No.", remedy: "-y")
        #expect(declined.offline.remedy == "-y")
    }

    @Test(arguments: [
        ["--offline", "--receivers", "2", "a"], ["--offline", "--port", "1", "a"], ["--offline", "--local", "a"],
        ["--offline", "-"], ["--offline", "--text", "-"], ["--complete", "a"],
    ])
    func `what needs a server, or standard input, does not go with it`(words: [String]) {
        #expect(throws: (any Error).self) { try SendCommand.parse(words) }
    }

    @Test func `a receiver has no link then, and may be the one who offers`() throws {
        #expect(throws: (any Error).self) { try ReceiveCommand.parse(["--offline", "http://192.0.2.1:4040/#x"]) }
        #expect(throws: (any Error).self) { try ReceiveCommand.parse(["--offer"]) }
        #expect(try ReceiveCommand.parse(["--offline", "--offer"]).offer)
    }
}
