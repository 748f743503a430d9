// One transfer over a connected peer (Docs/Protocols/Transfer.md): hello, who sends, how it ends.

import { Failure } from "./failures.js";
import { Receiver } from "./receiver.js";
import { Sender } from "./sender.js";
import { shownMessage, shownName } from "./text.js";
import { ProtocolError, decodeFrame, frameHeaderBytes, payloadBytes, require } from "./transfer.js";
import { WordExchange } from "./words.js";

const controlLengthLimit = 65536;
/** A side from which nothing comes for a minute counts as gone: this often it hears that the page is there. */
const workingMilliseconds = 5000;
const browsers = [
    ["Edge", /Edg/], ["Opera", /OPR/], ["Firefox", /Firefox|FxiOS/], ["Chrome", /Chrome|CriOS/], ["Safari", /Safari/],
];
const systems = [
    ["Android", /Android/], ["iPhone", /iPhone/], ["iPad", /iPad/], ["Windows", /Windows/], ["macOS", /Mac OS/],
    ["Linux", /Linux|X11/],
];

/** What the other side calls this browser. */
export function agent() {
    const named = (list) => list.find(([, pattern]) => pattern.test(navigator.userAgent))?.[0];
    const browser = named(browsers) ?? "A browser";
    const system = named(systems);
    return system ? `${browser} on ${system}` : browser;
}

/**
 * One transfer over a connected peer. The page takes the role that the other side leaves to it, or has one from the
 * beginning, and then greets first. Callbacks:
 * `onRole(part, agent)` with the Receiver or Sender, `onOffer(transfer)` when more was offered, `onAccepted(resumed)`,
 * `onWords(words)` to compare, `onChange()`, `onFinished()`, `onFailure(Failure)`; after one of the last two nothing
 * more comes.
 */
export class Session {
    /** The Receiver or Sender, once the other side has said hello. */
    part = null;
    /** When the other side said something last, on the clock of `performance.now()`. */
    heard = performance.now();
    /** The name by which a receiver is known when it comes back; null before its hello, or where it has none. */
    theirSession = null;
    /** Ours, once it is known. */
    #role = null;
    #peer;
    #memory;
    #callbacks;
    #over = false;
    /** Makes the words to compare; null with a side that takes no part. */
    #exchange = null;
    #pulse = null;

    /**
     * `memory` is what outlives the connection: `{ id, holdings, outgoing }`, of which `holdings` may be null
     * until a Receiver is to accept; `role` is null or `sender`.
     */
    constructor(peer, memory, callbacks, role = null) {
        this.#peer = peer;
        this.#memory = memory;
        this.#callbacks = callbacks;
        if (role) this.#greet(role, true);
    }

    /** Whether the other side takes part in making words to compare; known with the role. */
    get comparesWords() {
        return this.#exchange !== null;
    }

    handleText(text) {
        this.heard = performance.now();
        this.#guarded(() => {
            require(text.length <= controlLengthLimit, "a message of more than 64 KiB");
            const message = JSON.parse(text);
            require(message !== null && typeof message === "object", "a message that is no object");
            this.#handle(message);
        });
    }

    handleFrame(frame) {
        this.heard = performance.now();
        this.#guarded(() => {
            if (this.#over) return;
            require(this.part instanceof Receiver, "a frame for a sender");
            this.part.handleFrame(decodeFrame(frame));
        });
    }

    /** Text came on the data channel, or bytes on the control channel. */
    handleMisplaced() {
        this.#guarded(() => require(false, "a message on the wrong channel"));
    }

    /** The person stopped it, here. */
    cancel() {
        this.#end(new Failure("canceled-here"), "canceled", "The person at the browser stopped it.");
    }

    /** The person said no to what is offered. */
    decline(reason) {
        if (this.#over) return;
        this.part.decline(reason);
        this.#end(new Failure("declined-here"), null);
    }

    /** The connection is over, or as good as that. What has come stays. */
    lose(code = "gone") {
        if (this.#over) return;
        this.#over = true;
        this.part?.suspend();
        this.#peer.close();
        // Everything is here already: nothing more is needed from the other side.
        if (!this.part?.delivering) this.#callbacks.onFailure(new Failure(code));
    }

    /** Says why it ends, to the other side alone, and ends nothing. */
    tell(code, text) {
        if (!this.#over) this.#send({ type: "error", code, message: text, resumable: false });
    }

    /** Ends with a failure here; the other side is told if `code` is given. */
    fail(failure, code, text, isResumable = false) {
        this.#end(failure, code, text, isResumable);
    }

    #handle(message) {
        if (message.type === "hello") {
            this.#handleHello(message);
        } else if (message.type === "error") {
            this.#handleError(message);
        } else if (message.type === "bye") {
            this.lose();
            this.#peer.close();
            if (this.part instanceof Receiver) this.#memory.holdings?.conclude();
        } else {
            require(this.part !== null, "a message before hello");
            require(typeof message.type === "string", "a message without type");
            if (message.type === "reveal" || this.#exchange?.awaited) {
                this.#handleReveal(message);
                return;
            }
            const known = this.#over || this.part.delivering || this.part.handleMessage(message);
            require(known || message.optional === true, `an unknown message: ${shownMessage(message.type, 40)}`);
        }
    }

    #handleHello(message) {
        require(this.part === null, "a second hello");
        require(message.protocol === "martlet.transfer" && message.version >= 1, "another protocol version");
        require(message.role === "sender" || message.role === "receiver", "an unknown role");
        require(message.role !== this.#role, "the same role");
        const features = Array.isArray(message.features) ? message.features : [];
        const commit = message.commit ?? null;
        if (!this.#role) this.#greet(message.role === "sender" ? "receiver" : "sender", commit !== null);
        this.theirSession = typeof message.session === "string" ? message.session : null;
        if (commit === null) {
            this.#exchange = null;
        } else if (this.#exchange) {
            this.#exchange.meet(commit);
            // Both have committed themselves.
            this.#send(this.#exchange.reveal);
        }
        this.#pulse = setInterval(() => {
            if (this.#over) clearInterval(this.#pulse);
            else this.#send({ type: "working", optional: true });
        }, workingMilliseconds);
        const wires = {
            send: (object) => this.#send(object),
            sendFrame: (frame) => this.#peer.sendData(frame),
            writable: () => this.#peer.writable(),
            payloadBytes: Math.min(payloadBytes, this.#peer.maxMessageSizeBytes - frameHeaderBytes),
            onOffer: this.#callbacks.onOffer,
            onAccepted: this.#callbacks.onAccepted,
            onChange: this.#callbacks.onChange,
            onFinished: () => this.#finish(),
            onFailure: (...end) => this.#end(...end),
        };
        this.part = this.#role === "receiver"
            ? new Receiver(wires, this.#memory.holdings, features)
            : new Sender(wires, this.#memory.outgoing);
        this.#callbacks.onRole(this.part, shownName(message.agent ?? "The other side", 80));
    }

    #greet(role, hasWords) {
        const { certificates } = this.#peer;
        this.#role = role;
        if (certificates && hasWords) this.#exchange = new WordExchange(role, certificates);
        this.#send({
            type: "hello", protocol: "martlet.transfer", version: 1, role, agent: agent(), session: this.#memory.id,
            features: [], ...(this.#exchange ? { commit: this.#exchange.commit } : {}),
        });
    }

    /** The other side shows what it committed to, before anything else. */
    #handleReveal(message) {
        require(message.type === "reveal" && this.#exchange, "a message out of place");
        if (this.#over) return;
        const { isTrue, words } = this.#exchange.open(message);
        if (!isTrue) {
            this.#end(new Failure("cannot-verify"), "cannot-verify", "What was revealed is not what was committed to.");
            return;
        }
        words.then((found) => {
            if (found && !this.#over) this.#callbacks.onWords(found);
        });
    }

    #handleError(message) {
        const detail = typeof message.message === "string" ? shownMessage(message.message) : "";
        const codes = {
            canceled: "canceled-there", storage: "storage-there", taken: "taken", "cannot-verify": "cannot-verify",
        };
        const code = Object.hasOwn(codes, message.code) ? codes[message.code] : "protocol";
        const failure = new Failure(code, detail);
        // It keeps what it has, and can go on later.
        failure.resumable = message.resumable === true;
        this.#end(failure, null);
    }

    #send(object) {
        this.#peer.sendText(JSON.stringify(object));
    }

    #finish() {
        if (this.#over && !this.part.delivering) return;
        this.#over = true;
        if (this.part instanceof Sender) this.#send({ type: "bye" });
        // The receipt or the bye must not be lost with the connection: the other side closes it.
        this.#peer.closeGently(this.part instanceof Sender ? 2000 : 10000);
        this.#callbacks.onFinished();
    }

    /** Ends with a failure, and tells the other side if `code` is given. */
    #end(failure, code, text = "", isResumable = false) {
        if (this.#over) return;
        this.#over = true;
        if (code) this.#send({ type: "error", code, message: text, resumable: isResumable });
        this.part?.suspend();
        this.#peer.closeGently();
        this.#callbacks.onFailure(failure);
    }

    /** Nothing that the other side sends throws any further than this. */
    #guarded(work) {
        try {
            work();
        } catch (error) {
            if (error instanceof ProtocolError || error instanceof SyntaxError) {
                const what = error instanceof ProtocolError ? error.message : "something that is no JSON";
                this.#end(new Failure("protocol", `It sent ${what}.`), "protocol", what);
            } else {
                console.error(error);
                this.#end(new Failure("internal", String(error?.message ?? error)), "internal", "The page failed.");
            }
        }
    }
}
