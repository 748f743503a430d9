extension TransferSession {
    /// Says what this side has committed to, if the other side has committed itself too: before everything else.
    func reveal() async throws(TransferError) {
        let nonce = monitor.read { state in
            let words = state.core.intake.words
            return words?.isShared == true ? words?.nonce : nil
        }
        if let nonce { try await send(.reveal(nonce: nonce)) }
    }

    /// Waits for the words, tells them, and asks what is to be asked before anything is offered or accepted.
    ///
    /// - Throws: `unverified` when the answer is no, and what ends the transfer meanwhile.
    func compareWords(
        _ options: TransferOptions, onEvent: @Sendable (TransferEvent) -> Void
    ) async throws(TransferError) {
        let words = try await greeting(atMost: options.greetingTimeout) { core -> VerificationWords?? in
            guard let words = core.intake.words else { return .some(nil) }
            return words.isSettled ? .some(words.words) : nil
        }
        if let words { onEvent(.words(words)) }
        guard let verify = options.verify else { return }
        guard await verify(words) else {
            throw TransferError(
                .unverified,
                words == nil
                    ? "The other side could not be verified: it has no words to compare."
                    : "The words were not the same on both sides: somebody may stand in between.")
        }
    }
}
