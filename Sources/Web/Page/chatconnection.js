// One connection of a talk (Docs/Protocols/Chat.md): hello, words to compare, begin, and then what both say. What
// outlives it is the Talk's.

import { utf8 } from "./bytes.js";
import { OldState, answerer, caller, isSession, whole } from "./chat.js";
import { Failure } from "./failures.js";
import { agent } from "./session.js";
import { shownMessage, shownName } from "./text.js";
import { ProtocolError, require } from "./transfer.js";
import { WordExchange } from "./words.js";

const messageBytesLimit = 65536;
const optionalLimit = 1000;
const nameLimit = 40;
/** A flood is kept and acknowledged in batches; a single message at once. */
const batchMilliseconds = 50;
const failureCodes = { taken: "full-talk", version: "version", "cannot-verify": "cannot-verify" };

/** A name as it may be said: 1 to 40 characters. */
export function soundName(text) {
    return Array.from(whole(text).replace(/\s+/gu, " ").trim()).slice(0, nameLimit).join("");
}

/** Whether the other side may call itself, or somebody, that; what is shown of it may be nothing. */
export function isName(value) {
    return typeof value === "string" && value !== "" && value.length <= 2 * nameLimit && Array.from(value).length <= nameLimit;
}

/** Whether the first word of the other side is that of a chat. */
export function isChat(text) {
    try {
        const message = JSON.parse(text);
        return message.type === "hello" && message.protocol === "martlet.chat";
    } catch {
        return false;
    }
}

/**
 * To an Attempt it is what Session is. The talk hears of it by `admit(connection, session)` (a caller's, which gives the
 * Member or null), `handleBegun`, `handleHeard(connection, messages)`, `handleDelivered(connection, messages)`,
 * `handleTyping`, `handleName`, `handleMessage` (for what is not handled here; returns whether it was known),
 * `handleBye`, `handleLost`; and `keep()` writes down what there is. `hooks` are those of whoever made the connection:
 * `onBegun()`, and `onFailure(Failure)`, after which nothing more comes.
 */
export class ChatConnection {
    /** There is no part of a transfer here: an Attempt asks. */
    part = null;
    /** The other person, a Member; for a caller once it is known who comes. */
    member;
    /** What the other side is called by itself, and what it runs on. */
    name = "";
    agent = "";
    /** How many may be in the room, as its host says. */
    people = 2;
    /** The words to compare (a promise; null where there are none), once both have shown what they committed to. */
    words = null;
    isBegun = false;
    /** The Peer: its channels, its path. */
    peer;
    role;
    #talk;
    #hooks;
    #exchange = null;
    #isGreeted = false;
    #hasSaidBegin = false;
    /** Whether anything came behind the beginning. */
    #hasHeard = false;
    #optionalCount = 0;
    #batch = [];
    #batchTime = -Infinity;
    #timer = null;
    #isLeaving = false;
    #over = false;

    /** `member` is who is at the other end, for an answerer; a caller finds out. */
    constructor(peer, talk, role, member, hooks) {
        this.peer = peer;
        this.#talk = talk;
        this.role = role;
        this.member = member;
        this.#hooks = hooks;
        if (role === caller) this.#greet({ people: talk.people }, true);
    }

    get isOver() {
        return this.#over;
    }

    handleText(text) {
        this.#guarded(() => {
            require(utf8(text).length <= messageBytesLimit, "a message of more than 64 KiB");
            const message = JSON.parse(text);
            const isObject = message !== null && typeof message === "object" && !Array.isArray(message);
            require(isObject && typeof message.type === "string", "a message that is no object");
            if (!this.#over) this.#handle(message);
            else if (this.#isLeaving && message.type === "ack") this.#handleTalk(message);
        });
    }

    handleFrame() {
        this.handleMisplaced();
    }

    handleMisplaced() {
        this.#guarded(() => require(false, "a message on the wrong channel"));
    }

    /** Says something, if there is a connection still. */
    send(object) {
        if (!this.#over) this.peer.sendText(JSON.stringify(object));
    }

    /** Says what waits, as far as the other side's window goes. */
    flush() {
        if (!this.isBegun || this.#over) return;
        const taken = this.member.pair.take();
        if (taken.length === 0) return;
        // Whoever comes back must know what has left.
        this.#talk.keep();
        for (const { seq, message } of taken) {
            const age = Math.max(0, Math.round(Date.now() - message.time));
            this.send({ type: "message", seq, text: message.text, age });
        }
        this.#talk.handleSent(this, taken.map(({ message }) => message));
    }

    /** The person has left. */
    leave() {
        if (this.#over) return;
        this.settle();
        this.send({ type: "bye" });
        this.#over = this.#isLeaving = true;
        this.peer.closeGently(2000);
    }

    /** The connection is over, or as good as that. */
    lose(code = "gone") {
        if (this.#over) return;
        this.settle();
        this.#over = true;
        this.peer.close();
        this.#talk.handleLost(this);
        this.#hooks.onFailure(new Failure(code));
    }

    /** Ends with a failure here; the other side is told if `code` is given. */
    fail(failure, code = null, text = "") {
        if (this.#over) return;
        this.settle();
        if (code) this.send({ type: "error", code, message: text });
        this.#over = true;
        this.peer.closeGently();
        this.#talk.handleLost(this);
        this.#hooks.onFailure(failure);
    }

    /** A page that is loaded again comes back: nothing is said of it. */
    tell() {}

    // MARK: Beginning

    #greet(members, hasWords) {
        const { certificates } = this.peer;
        const part = this.role === caller ? "sender" : "receiver";
        if (certificates && hasWords) this.#exchange = new WordExchange(part, certificates);
        this.send({
            type: "hello", protocol: "martlet.chat", version: 1, agent: agent(), name: this.#talk.name, ...members,
            ...(this.#exchange ? { commit: this.#exchange.commit } : {}),
        });
    }

    #handle(message) {
        const isFirst = this.#hasSaidBegin && !this.isBegun;
        if (message.type === "error") this.#handleError(message, isFirst);
        else if (!this.#isGreeted) this.#handleHello(message);
        else if (this.#exchange?.awaited) this.#handleReveal(message);
        else if (!this.isBegun && this.role === caller) this.#handleBegin(message);
        else if (!this.#hasSaidBegin) this.#handleBegin(message);
        else this.#handleTalk(message);
    }

    #handleHello(message) {
        require(message.type === "hello", "a message before hello");
        if (message.protocol !== "martlet.chat") {
            this.fail(new Failure("not-a-chat"), "version", "This is a chat.");
            return;
        }
        require(Number.isInteger(message.version) && message.version >= 1, "another protocol version");
        const { name, people } = message;
        require(isName(name), "a hello without name");
        this.#isGreeted = true;
        this.name = soundName(name);
        this.agent = shownName(message.agent ?? "The other side", 80);
        if (this.role === answerer) {
            this.people = people ?? 2;
            const isSound = Number.isInteger(this.people) && this.people >= 2 && this.people <= 8;
            require(isSound, "a room for an impossible number of people");
            this.#greet({ session: this.member.pair.session }, typeof message.commit === "string");
            this.#meet(message.commit);
        } else {
            require(isSession(message.session), "an unsound session");
            this.#meet(message.commit);
            this.member = this.#talk.admit(this, message.session);
            if (this.member) this.#begin();
            else this.fail(new Failure("full-talk"), "taken", "This room has as many people as it is for.");
        }
    }

    /** Both have committed themselves, or one of them takes no part in making words. */
    #meet(commit) {
        if (commit === undefined || commit === null) this.#exchange = null;
        if (!this.#exchange) return;
        this.#exchange.meet(commit);
        this.send(this.#exchange.reveal);
    }

    #handleReveal(message) {
        require(message.type === "reveal", "a message out of place");
        const { isTrue, words } = this.#exchange.open(message);
        if (isTrue) this.words = words;
        else this.fail(new Failure("cannot-verify"), "cannot-verify", "What was revealed is not what was committed to.");
    }

    #begin() {
        this.#talk.keep();
        this.#hasSaidBegin = true;
        this.send(this.member.pair.begin);
    }

    #handleBegin(message) {
        require(message.type === "begin", "a message before begin");
        if (this.role === answerer) this.#talk.replace(this);
        const { pair } = this.member;
        const session = this.role === answerer ? message.session : pair.theirSession;
        const there = pair.meet(message.have, session);
        if (this.role === answerer) this.#begin();
        this.isBegun = true;
        this.#talk.handleSent(this, there);
        // The last one may have been lost with the connection.
        const acknowledgement = pair.acknowledgement();
        if (acknowledgement) this.send(acknowledgement);
        this.#hooks.onBegun();
        this.#talk.handleBegun(this);
        this.flush();
    }

    // MARK: Talking

    #handleTalk(message) {
        this.#hasHeard = true;
        switch (message.type) {
        case "message":
            this.#handleMessage(message);
            break;
        case "ack":
            this.#talk.handleDelivered(this, this.member.pair.handleAcknowledgement(message));
            this.flush();
            break;
        case "typing":
            require(typeof message.is === "boolean", "an unsound typing");
            this.#talk.handleTyping(this, message.is);
            break;
        case "name": {
            const { name } = message;
            require(isName(name), "an unsound name");
            this.name = soundName(name);
            this.#talk.handleName(this);
            break;
        }
        case "bye":
            this.#handleBye();
            break;
        default:
            if (this.#talk.handleMessage(this, message)) break;
            this.#optionalCount += 1;
            require(message.optional === true && this.#optionalCount <= optionalLimit,
                `an unknown message: ${shownMessage(message.type, 40)}`);
        }
    }

    #handleMessage(message) {
        const { text, age } = this.member.pair.hear(message);
        this.#batch.push({ text, time: Date.now() - Math.min(age, Date.now()) });
        clearTimeout(this.#timer);
        const wait = this.#batchTime + batchMilliseconds - performance.now();
        if (wait <= 0) this.settle();
        else this.#timer = setTimeout(() => this.settle(), wait);
    }

    /** What has come is shown and kept, and then acknowledged. */
    settle() {
        clearTimeout(this.#timer);
        this.#batchTime = performance.now();
        const messages = this.#batch.splice(0);
        if (messages.length === 0) return;
        this.#talk.handleHeard(this, messages);
        this.#talk.keep();
        this.send(this.member.pair.acknowledgement());
    }

    // MARK: Ends

    #handleBye() {
        this.settle();
        this.#over = true;
        // The ack has to get there before the connection is gone: what is closed behind it goes in order.
        this.peer.closeGently(300);
        this.#talk.handleBye(this);
        this.#hooks.onFailure(new Failure("talk-over"));
    }

    #handleError(message, isFirst) {
        const detail = typeof message.message === "string" ? shownMessage(message.message) : "";
        const code = Object.hasOwn(failureCodes, message.code) ? failureCodes[message.code] : "protocol";
        const failure = new Failure(code, detail);
        // Right behind our own begin: it is we who have come back with an old memory.
        if (message.code === "protocol" && (isFirst || this.isBegun && !this.#hasHeard)) {
            this.#talk.forgetPair(this, true);
            failure.isPassing = true;
        }
        failure.isPassing ||= message.code === "internal";
        this.fail(failure);
    }

    /** Nothing that the other side sends throws any further than this. */
    #guarded(work) {
        try {
            work();
        } catch (error) {
            if (error instanceof ProtocolError || error instanceof SyntaxError) {
                const what = error instanceof ProtocolError ? error.message : "something that is no JSON";
                const failure = new Failure("protocol", `It sent ${what}.`);
                // One of the two will come as somebody new.
                failure.isPassing = error instanceof OldState;
                if (failure.isPassing) this.#talk.forgetPair(this, error.isOurs);
                this.fail(failure, "protocol", what);
            } else {
                console.error(error);
                this.fail(new Failure("internal", String(error?.message ?? error)), "internal", "The page failed.");
            }
        }
    }
}
