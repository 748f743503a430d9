/// What `--json` prints, for the manual: a promise to scripts like the exit codes. Members are only ever added.
enum EventTable {
    /// In the order in which they usually come.
    static let events: [(type: String, members: [String], meaning: String)] = [
        (
            "code", ["code", "number", "server", "page", "command"],
            "the code, the server that knows it, and the page for typing it; again when it changes"
        ),
        ("link", ["link", "local", "all"], "the way to us: the best link, that for this machine, and all of them"),
        ("serving", ["addresses", "port"], "of serve: it listens, and where others find it"),
        (
            "description", ["kind", "form", "text", "expires"],
            "with --offline: our offer or answer, to be carried to the other side"
        ),
        (
            "waiting", ["seconds", "for"],
            "nobody is there yet, and how long it waits; with --offline also what for"
        ),
        ("wrong-code", ["left"], "words that are not the sender's, at either side, and how many tries are left"),
        ("code-dead", [], "the code is of no use any more: three tries failed; a link still works"),
        ("server-lost", ["server"], "the server of --server is gone or being started again; it is waited for"),
        ("server-back", ["number"], "it is back, with the number of the room"),
        ("notice", ["message"], "something inside a folder is left out, or sent under another name"),
        ("peer", ["agent"], "the other side has greeted, and what it calls itself"),
        ("path", ["kind", "network", "rtt_ms"], "how the connection runs: direct or relay, where, and its round trip"),
        (
            "words", ["words", "id", "name"],
            "with --verify, --offline, and of chat (id, name): words that both sides see alike"
        ),
        (
            "offer", ["items", "count", "bytes", "free", "complete"],
            "what is offered, at most 1,000 of the items; free is the receiver's"
        ),
        ("counting", ["items", "bytes"], "so much is offered by now"),
        ("resumed", ["items", "bytes"], "the transfer goes on: so much need not come again"),
        (
            "progress", ["bytes", "total", "files", "file_count", "rate", "seconds_left"],
            "twice a second; total, rate and seconds_left are null while nobody knows"
        ),
        (
            "file", ["name", "bytes", "path", "hash", "skipped", "error", "message"],
            "an item is through; path is the receiver's; skipped or error tell why not"
        ),
        ("text", ["text"], "words have come"),
        ("retry", ["seconds", "message"], "the other side is lost, and how long it is waited for"),
        (
            "done", ["items", "bytes", "skipped", "failed", "seconds", "rate", "resumed_bytes", "resent_bytes"],
            "a transfer is over: the receiver's receipt has come"
        ),
        ("joined", ["id", "name", "agent", "path"], "of chat: somebody is here; id stays the same"),
        ("lost", ["id", "name"], "of chat: the connection is lost, and waited for"),
        ("back", ["id", "name"], "of chat: it is back"),
        ("left", ["id", "name", "reason"], "of chat: somebody is gone for good: left, lost or failed"),
        ("not-joined", ["name", "message"], "of chat: somebody came, and no connection came about"),
        ("renamed", ["id", "name", "from"], "of chat: somebody wants to be called otherwise"),
        ("chat-message", ["id", "name", "text", "age_ms"], "of chat: what somebody says, as it came"),
        ("said", ["number"], "of chat: a line of standard input is on its way, or waits for somebody"),
        (
            "delivered", ["number", "to", "of"],
            "of chat: everything said up to this number was shown to so many of so many"
        ),
        ("typing", ["id", "name", "is"], "of chat: somebody types, or no longer"),
        (
            "file-offer", ["id", "name", "file", "items", "count", "bytes", "complete"],
            "of chat: somebody offers files; file is their number in the talk"
        ),
        ("file-bytes", ["id", "name", "file", "bytes", "total"], "of chat: how far files are"),
        (
            "file-end", ["id", "name", "file", "items", "bytes", "failed", "paths", "error", "message"],
            "of chat: files are through; error and message tell why not"
        ),
        (
            "lab-plan", ["title", "link", "scenarios", "runs", "partner", "seconds"],
            "of lab: what is going to be measured, and about how long it takes"
        ),
        (
            "lab-progress", ["run", "runs", "name", "share", "seconds_left"],
            "of lab: twice a second; share is of the whole plan, 0 to 1"
        ),
        (
            "lab-result",
            ["number", "name", "channel", "runs", "failed", "accepted", "delivered", "p50_ms", "p99_ms", "sentence"],
            "of lab: a scenario is through, and what it shows (with more numbers than these)"
        ),
        (
            "lab-run-failed", ["name", "seed", "message", "again"],
            "of lab: a run came to nothing, and why; again: it is tried once more"
        ),
        (
            "lab-answer", ["question", "answer"],
            "of lab --preset: what the results say about its question, in sentences"
        ),
        (
            "lab-report", ["json", "csv", "html", "complete"],
            "of lab: the files that were written; complete: no run is missing"
        ),
        (
            "lab-run", ["run", "of", "from", "channel", "bytes", "rate"],
            "of lab join: the other side asks for a run; of and rate may be null"
        ),
        ("lab-run-progress", ["run", "sent", "arrived"], "of lab join: messages so far; null: not known"),
        (
            "lab-run-over", ["run", "messages", "sent", "arrived", "message"],
            "of lab join: it is over; message: why it broke off"
        ),
        ("lab-over", ["runs", "failed", "messages"], "of lab join: the other side is through"),
        (
            "lab-live", ["seconds", "loss", "delay_ms", "jitter_ms", "rate", "channels"],
            "of lab live: each second, the link as it is and what each channel did in the last ten"
        ),
        (
            "lab-soak", ["simulated_seconds", "seconds", "datagrams", "lost", "forward_tsns", "memory", "channels"],
            "of lab soak: twice a second; channels: name, sent, expired, delivered; memory: peak"
        ),
        (
            "lab-soak-end",
            ["simulated_seconds", "seconds", "datagrams", "lost", "forward_tsns", "memory", "channels"],
            "of lab soak: it held; the same members"
        ),
        ("error", ["code", "exit", "message", "remedy"], "the command fails; code and exit as in “martlet help exit”"),
    ]

    static let introduction = """
        With --json each line of standard output is one object. “type” is the first member; an unknown type or
        member is to be ignored. With --receivers, “receiver” (from 1) tells whose event it is.
        """

    static var table: String {
        events.map { event in
            let name = event.type + String(repeating: " ", count: max(0, 12 - event.type.count))
            let members = event.members.isEmpty ? "-" : event.members.joined(separator: ", ")
            return "  \(name) \(members)\n               \(event.meaning)"
        }.joined(separator: "\n")
    }
}
