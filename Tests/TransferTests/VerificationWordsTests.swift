import Martlet
import Synchronization
import TestSupport
import Testing

@testable import Transfer

/// Words to compare: the values of the document, and what comes of it when somebody stands in between.
struct VerificationWordsTests {
    private let source: TemporaryFolder
    private let target: TemporaryFolder

    init() throws {
        source = try TemporaryFolder()
        target = try TemporaryFolder()
    }

    private static func bytes(_ range: Range<UInt8>) -> [UInt8] { Array(range) }
    private static let senderCertificate = bytes(0..<32)
    private static let receiverCertificate = bytes(32..<64)

    // MARK: The values of Docs/Protocols/Transfer.md

    @Test func `both sides make the words of the document`() throws {
        var sender = WordExchange(
            role: .sender, certificates: .init(local: Self.senderCertificate, remote: Self.receiverCertificate),
            nonce: Self.bytes(64..<80))
        var receiver = WordExchange(
            role: .receiver, certificates: .init(local: Self.receiverCertificate, remote: Self.senderCertificate),
            nonce: Self.bytes(80..<96))
        #expect("\(sender.commitment)" == "4672c61892533b9cad4f73fe250d02cb566e2975a456c1715707589ead20de28")
        #expect("\(receiver.commitment)" == "8e59c6161020f97478da368c0f07459fd726e68d213d1f64608143c17a46a85a")
        sender.take(receiver.commitment)
        receiver.take(sender.commitment)
        #expect(sender.isShared && !sender.isSettled && sender.words == nil)
        try sender.open(receiver.nonce)
        try receiver.open(sender.nonce)
        #expect(sender.words?.description == "oval · smog · yam")
        #expect(receiver.words == sender.words)
    }

    @Test func `what was not committed to is refused, and so is a commitment sent back`() throws {
        let certificates = CertificateFingerprints(local: Self.senderCertificate, remote: Self.receiverCertificate)
        var sender = WordExchange(role: .sender, certificates: certificates)
        let other = WordExchange(role: .receiver, certificates: certificates)
        sender.take(other.commitment)
        #expect(throws: TransferError.self) { try sender.open(WordExchange.randomNonce()) }
        sender.take(sender.commitment)
        let error = #expect(throws: TransferError.self) { try sender.open(sender.nonce) }
        #expect(error?.code == .unverified && sender.words == nil)
        sender.take(other.commitment)
        try sender.open(other.nonce)
        #expect(throws: TransferError.self) { try sender.open(other.nonce) }
    }

    // MARK: The messages

    private func receiving(commit: TreeDigest?) throws -> ReceiverCore {
        var core = ReceiverCore(
            hasOneChannel: false,
            certificates: .init(local: Self.receiverCertificate, remote: Self.senderCertificate))
        try core.receive(.hello(version: 1, role: .sender, agent: "test", commit: commit), byteCount: 1)
        return core
    }

    private static let nonce = bytes(64..<80)
    private static let offer = ControlMessage.offer(transfer: "t", items: [], more: false)

    private func code(_ core: ReceiverCore, _ message: ControlMessage) -> TransferError.Code? {
        var core = core
        do throws(TransferError) { try core.receive(message, byteCount: 1) } catch { return error.code }
        return nil
    }

    @Test func `reveal comes first, once, and only from a side that committed`() throws {
        var core = try receiving(commit: WordExchange.commitment(to: Self.nonce, by: .sender))
        #expect(core.intake.words?.isShared == true)
        #expect(code(core, Self.offer) == .protocolViolation)
        #expect(code(core, .ignorable) == .protocolViolation)
        #expect(code(core, .reveal(nonce: Self.bytes(0..<16))) == .unverified)
        #expect(code(core, .error(code: "canceled", message: "")) == .canceled)
        try core.receive(.reveal(nonce: Self.nonce), byteCount: 1)
        #expect(core.intake.words?.words != nil)
        #expect(code(core, .reveal(nonce: Self.nonce)) == .protocolViolation)

        let old = try receiving(commit: nil)
        #expect(old.intake.words?.isShared == false && old.intake.words?.isSettled == true)
        #expect(code(old, .reveal(nonce: Self.nonce)) == .protocolViolation)
        #expect(code(old, .ignorable) == nil)
    }

    @Test func `the messages are as in the document`() throws {
        let commit = WordExchange.commitment(to: Self.nonce, by: .sender)
        let hello = ControlMessage.hello(version: 1, role: .sender, agent: "a", session: "s", commit: commit)
        #expect(hello.encoded.contains(#""commit":"4672c61892533b9cad4f73fe250d02cb566e2975a456c1715707589ead20de28""#))
        #expect(try ControlMessage(hello.encoded) == hello)
        let reveal = #"{"type":"reveal","nonce":"404142434445464748494a4b4c4d4e4f"}"#
        #expect(try ControlMessage(reveal) == .reveal(nonce: Self.nonce))
        #expect(ControlMessage.reveal(nonce: Self.nonce).encoded == reveal)
        for nonce in ["", "40", String(repeating: "0", count: 34), String(repeating: "G", count: 32)] {
            #expect(throws: MessageError.invalidMember("nonce")) {
                try ControlMessage(#"{"type":"reveal","nonce":"\#(nonce)"}"#)
            }
        }
    }

    // MARK: Whole transfers

    /// What one side was asked and told.
    private final class Witness: Sendable {
        private let asked = Mutex<[VerificationWords?]>([])
        private let answer: Bool

        init(answering answer: Bool = true) {
            self.answer = answer
        }

        var words: [VerificationWords?] { asked.withLock { $0 } }

        func options(_ certificates: CertificateFingerprints?) -> TransferOptions {
            var options = TransferOptions()
            options.certificates = certificates
            options.verify = { words in
                self.asked.withLock { $0.append(words) }
                return self.answer
            }
            return options
        }
    }

    /// A transfer of one file on one channel; each side believes in the certificates it is given.
    private func transfer(
        _ sender: TransferOptions, _ receiver: TransferOptions, through pair: (MemoryChannel, MemoryChannel)? = nil
    ) async throws -> (Ending, Ending) {
        let channels = pair ?? MemoryChannel.pair()
        let path = try source.write([1, 2, 3], to: "a")
        let folder = target.path
        let sources = try SourceList([.path(path)])
        let directory = try DestinationDirectory(path: folder)
        return await endings(over: channels) { () async throws(TransferError) in
            try await FileSender(sources: sources, channel: channels.0, options: sender).run()
        } receiver: { () async throws(TransferError) in
            try await FileReceiver(destination: .folder(directory), channel: channels.1, options: receiver) { _ in
                .accept()
            }.run()
        }
    }

    private static let senderSees = CertificateFingerprints(local: senderCertificate, remote: receiverCertificate)
    private static let receiverSees = CertificateFingerprints(local: receiverCertificate, remote: senderCertificate)

    @Test func `both sides are asked about the same words before anything is offered`() async throws {
        let (one, other) = (Witness(), Witness())
        let (sent, received) = try await transfer(one.options(Self.senderSees), other.options(Self.receiverSees))
        #expect(try sent.get().firstError == nil && received.get().firstError == nil)
        #expect(one.words.count == 1 && one.words.first != .some(nil) && one.words == other.words)
        #expect(target.names == ["a"])
    }

    @Test func `words are others on every connection`() async throws {
        let witness = Witness()
        for _ in 0..<2 {
            _ = try await transfer(witness.options(Self.senderSees), Witness().options(Self.receiverSees))
        }
        #expect(witness.words.count == 2 && witness.words[0] != witness.words[1])
    }

    @Test(arguments: [false, true])
    func `a no ends it for both, and nothing is written`(isSenders: Bool) async throws {
        let (one, other) = (Witness(answering: !isSenders), Witness(answering: isSenders))
        let (sent, received) = try await transfer(one.options(Self.senderSees), other.options(Self.receiverSees))
        for (ending, isReported) in [(sent, !isSenders), (received, isSenders)] {
            guard case .failure(let error) = ending else {
                Issue.record("no failure")
                continue
            }
            #expect(error.code == .unverified && error.isReportedByPeer == isReported, "\(error)")
        }
        #expect(target.names.isEmpty)
    }

    @Test func `with a side that has no words a transfer works, unless they are asked for`() async throws {
        var plain = TransferOptions()
        plain.certificates = Self.senderSees
        let (sent, received) = try await transfer(plain, TransferOptions())
        #expect(try sent.get().firstError == nil && received.get().firstError == nil)

        let witness = Witness(answering: false)
        let (_, refused) = try await transfer(TransferOptions(), witness.options(Self.receiverSees))
        guard case .failure(let error) = refused else {
            Issue.record("no failure")
            return
        }
        #expect(error.code == .unverified && error.message.contains("no words"))
        #expect(witness.words == [nil])
    }

    @Test func `whoever stands in between, and relays everything, is found out`() async throws {
        // A -> M: M shows a certificate of its own; M -> B: another. All messages pass as they are.
        let (left, right) = (MemoryChannel.pair(), MemoryChannel.pair())
        let relays = [Self.relay(left.1, right.0), Self.relay(right.0, left.1)]
        defer { for relay in relays { relay.cancel() } }
        let (one, other) = (Witness(), Witness())
        let certificate = [UInt8](repeating: 7, count: 32)
        let (sent, received) = try await transfer(
            one.options(.init(local: Self.senderCertificate, remote: certificate)),
            other.options(.init(local: Self.receiverCertificate, remote: certificate)), through: (left.0, right.1))
        #expect(try sent.get().firstError == nil && received.get().firstError == nil)
        #expect(one.words.count == 1 && other.words.count == 1 && one.words != other.words)
    }

    private static func relay(_ from: MemoryChannel, _ to: MemoryChannel) -> Task<Void, Never> {
        Task {
            for await message in from.incoming { try? await to.transmit([message]) }
            to.close()
        }
    }

    @Test func `whoever ends both connections cannot make the words fit after it has seen them`() async throws {
        // M is a receiver for A and a sender for B, each with a certificate and a nonce of its own, which is all that
        // it can choose, and which it has to commit to before it knows theirs.
        let certificate = [UInt8](repeating: 7, count: 32)
        let (one, other, middle) = (Witness(), Witness(), Witness())
        _ = try await transfer(
            one.options(.init(local: Self.senderCertificate, remote: certificate)),
            middle.options(.init(local: certificate, remote: Self.senderCertificate)))
        _ = try await transfer(
            middle.options(.init(local: certificate, remote: Self.receiverCertificate)),
            other.options(.init(local: Self.receiverCertificate, remote: certificate)))
        #expect(middle.words == one.words + other.words && one.words != other.words)
    }

    @Test func `a channel that ends before anything was offered is no silence`() async throws {
        let channels = MemoryChannel.pair()
        let directory = try DestinationDirectory(path: target.path)
        try await channels.0.transmit([.text(ControlMessage.hello(version: 1, role: .sender, agent: "").encoded)])
        channels.0.close()
        let received = await ending(closing: channels.1) { () async throws(TransferError) in
            try await FileReceiver(destination: .folder(directory), channel: channels.1) { _ in .accept() }.run()
        }
        guard case .failure(let error) = received else {
            Issue.record("no failure")
            return
        }
        #expect(error == .vanished)
    }
}
