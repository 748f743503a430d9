// The control connection of the lab (Docs/Protocols/Lab.md), at the partner's end: what the conductor says about runs, and
// what we answer. It knows no screen.

import { utf8 } from "./bytes.js";
import { Failure } from "./failures.js";
import { LabRun } from "./labrun.js";
import { Timers } from "./labtimers.js";
import { checkedChannel, checkedLink, checkedTraffic, clock } from "./labwire.js";
import { agent } from "./session.js";
import { shownMessage, shownName } from "./text.js";
import { ProtocolError, isCount, require } from "./transfer.js";

const messageBytesLimit = 65536;
const optionalLimit = 1000;
const runLimit = 8;
const runNumberLimit = 2 ** 32 - 1;
/** What the conductor may say: so many at once, and one more each so many milliseconds. */
const allowances = { ping: { burst: 1000, milliseconds: 5 }, other: { burst: 5000, milliseconds: 1 } };
/** A conductor that takes nothing of what is said to it. */
const deafBytes = 8 * 1024 * 1024;
/** Asking for other settings: 20 times a second at most. */
const turnMilliseconds = 60;

/** Whether the first word of the other side is that of a lab. */
export function isLab(text) {
    try {
        const message = JSON.parse(text);
        return message.type === "hello" && message.protocol === "martlet.lab";
    } catch {
        return false;
    }
}

/** How much may come of one kind of message. */
class Allowance {
    #burst;
    #milliseconds;
    #left;
    #time = performance.now();

    constructor({ burst, milliseconds }) {
        this.#burst = this.#left = burst;
        this.#milliseconds = milliseconds;
    }

    /** Throws ProtocolError. */
    take() {
        const now = performance.now();
        this.#left = Math.min(this.#burst, this.#left + (now - this.#time) / this.#milliseconds) - 1;
        this.#time = now;
        require(this.#left >= 0, "more messages than anybody can take");
    }
}

/**
 * To an Attempt it is what Session is. `lab` hears of it by `handleHello(connection)`, `handleRun(run)`, `handleRunEnd(run)`,
 * `handleLive()`; `hooks` are those of whoever made the connection: `onBegun()`, and `onFailure(Failure)`, after which nothing
 * more comes.
 */
export class LabConnection {
    /** There is no part of a transfer here: an Attempt asks. */
    part = null;
    /** What the conductor calls itself. */
    agent = "";
    /** Runs that are under way, by their numbers. */
    runs = new Map();
    /** What the conductor says last of a live view: `{ runs, link, traffic }`; null where there is none. */
    live = null;
    /** Our clock is ahead of the conductor's by so many microseconds, where it has said so. */
    ahead = null;
    isGreeted = false;
    #peer;
    #lab;
    #hooks;
    #iceServers;
    #timers = new Timers();
    #lastRun = 0;
    /** Whether the run that ended last came to nothing: a connection that is lost takes those of its runs with it. */
    #hasFailed = false;
    #pings = new Allowance(allowances.ping);
    #others = new Allowance(allowances.other);
    #optionalCount = 0;
    #turn = null;
    #turnTime = -Infinity;
    #turnTimer = null;
    #over = false;

    /** `iceServers` are those that the room names. */
    constructor(peer, iceServers, lab, hooks) {
        this.#peer = peer;
        this.#iceServers = iceServers;
        this.#lab = lab;
        this.#hooks = hooks;
    }

    get isOver() {
        return this.#over;
    }

    handleText(text) {
        this.#guarded(() => {
            if (this.#over) return;
            require(utf8(text).length <= messageBytesLimit, "a message of more than 64 KiB");
            const message = JSON.parse(text);
            const isObject = message !== null && typeof message === "object" && !Array.isArray(message);
            require(isObject && typeof message.type === "string", "a message that is no object");
            this.#handle(message);
        });
    }

    handleFrame() {
        this.handleMisplaced();
    }

    handleMisplaced() {
        this.#guarded(() => require(false, "a message on the wrong channel"));
    }

    /** Says something, if there is a connection still. */
    send(message) {
        if (this.#over) return;
        if (this.#peer.controlBufferedBytes > deafBytes) this.lose("stalled");
        else this.#peer.sendText(JSON.stringify(message));
    }

    /** Asks for another link, or other traffic: each may be null. Not more often than the conductor takes it. */
    turn(link, traffic) {
        this.#turn = { ...this.#turn, ...(link ? { link } : {}), ...(traffic ? { traffic } : {}) };
        const wait = this.#turnTime + turnMilliseconds - performance.now();
        clearTimeout(this.#turnTimer);
        this.#turnTimer = setTimeout(() => {
            this.#turnTime = performance.now();
            this.send({ type: "turn", ...this.#turn });
            this.#turn = null;
        }, Math.max(0, wait));
    }

    /** The person stops it. */
    leave() {
        this.fail(new Failure("lab-stopped"), "cancelled", "Stopped at the browser.");
    }

    /** The connection is over, or as good as that. A conductor that has nothing under way is done. */
    lose(code = "gone") {
        if (this.#over) return;
        const isDone = code === "gone" && this.isGreeted && (this.runs.size === 0 && !this.#hasFailed || this.live !== null);
        this.#end();
        this.#peer.close();
        this.#hooks.onFailure(new Failure(isDone ? "lab-over" : code === "gone" ? "lab-lost" : code));
    }

    /** Ends with a failure here; the other side is told if `code` is given. */
    fail(failure, code = null, text = "") {
        if (this.#over) return;
        if (code) this.send({ type: "error", code, message: text });
        this.#end();
        this.#peer.closeGently();
        this.#hooks.onFailure(failure);
    }

    /** A page that goes away. */
    tell(code, message) {
        this.send({ type: "error", code: "cancelled", message });
    }

    // MARK: What the conductor says

    #handle(message) {
        (message.type === "ping" ? this.#pings : this.#others).take();
        if (message.type === "error") this.#handleError(message);
        else if (!this.isGreeted) this.#handleHello(message);
        else this.#handleLab(message);
    }

    #handleHello(message) {
        require(message.type === "hello", "a message before hello");
        require(message.protocol === "martlet.lab", "another protocol");
        if (message.version !== 1) {
            this.fail(new Failure("version"), "version", "This page speaks version 1 of the lab.");
            return;
        }
        this.agent = shownName(message.agent ?? "The other side", 80);
        this.send({ type: "hello", protocol: "martlet.lab", version: 1, agent: agent() });
        this.isGreeted = true;
        this.#hooks.onBegun();
        this.#lab.handleHello(this);
    }

    #handleLab(message) {
        switch (message.type) {
        case "ping":
            require(isCount(message.n), "a ping without number");
            this.send({ type: "pong", n: message.n, at: clock() });
            break;
        case "clock":
            require(Number.isSafeInteger(message.ahead), "an impossible clock");
            this.ahead = message.ahead;
            this.#tellClocks();
            break;
        case "run":
            this.#handleRun(message);
            break;
        case "signal":
            this.#run(message)?.handleSignal(message.payload);
            break;
        case "start":
            this.#run(message)?.start();
            break;
        case "sent":
            this.#run(message)?.handleSent(message, clock());
            break;
        case "received":
            this.#run(message)?.handleReceived(message);
            break;
        case "stop":
            this.#run(message)?.stop();
            break;
        case "failed":
            this.#run(message)?.end(typeof message.message === "string" && message.message !== ""
                ? shownMessage(message.message) : "The conductor has given it up.");
            break;
        case "live":
            this.#handleLive(message);
            break;
        default:
            this.#optionalCount += 1;
            require(message.optional === true && this.#optionalCount <= optionalLimit,
                `an unknown message: ${shownMessage(message.type, 40)}`);
        }
    }

    /** The run that a message is about; null where it is over already, which the conductor may not know yet. */
    #run({ run }) {
        require(isCount(run) && run >= 1 && run <= this.#lastRun, "a run that was never begun");
        return this.runs.get(run) ?? null;
    }

    #handleRun({ run: number, of = null, from, channel, traffic }) {
        require(isCount(number) && number > this.#lastRun && number <= runNumberLimit, "an unsound number of a run");
        require(of === null || isCount(of), "an unsound number of runs");
        require(from === "conductor" || from === "partner", "a run from nobody");
        const checked = {
            number, of, sends: from === "partner", channel: checkedChannel(channel), traffic: checkedTraffic(traffic),
        };
        this.#lastRun = number;
        if (this.runs.size >= runLimit) {
            this.send({ type: "failed", run: number, message: "Eight runs are under way already." });
            return;
        }
        const self = this;
        const control = {
            iceServers: this.#iceServers,
            send: (message) => this.send(message),
            get bufferedBytes() {
                return self.#peer.controlBufferedBytes;
            },
        };
        const run = new LabRun(checked, control, this.#timers, {
            onEnd: () => {
                this.runs.delete(number);
                this.#hasFailed = run.failure !== "";
                this.#lab.handleRunEnd(run);
            },
        });
        this.runs.set(number, run);
        this.#tellClocks();
        this.#lab.handleRun(run);
        run.begin();
    }

    #handleLive({ runs, link, traffic }) {
        const isList = Array.isArray(runs) && runs.length > 0 && runs.length <= runLimit;
        require(isList && runs.every((run) => isCount(run) && run > 0), "a live view without runs");
        this.live = { runs, link: checkedLink(link), traffic: checkedTraffic(traffic) };
        this.#tellClocks();
        this.#lab.handleLive();
    }

    #tellClocks() {
        for (const { flow } of this.runs.values()) flow.tell(this.ahead, (this.live?.link.delay ?? 0) * 1000);
    }

    // MARK: Ends

    #handleError({ code, message }) {
        const detail = typeof message === "string" ? shownMessage(message) : "";
        const known = { version: "version", cancelled: "lab-stopped-there", internal: "lab-failed-there" };
        this.fail(new Failure(Object.hasOwn(known, code) ? known[code] : "protocol", detail));
    }

    #end() {
        this.#over = true;
        for (const run of [...this.runs.values()]) run.end("The connection has ended.");
        this.#timers.close();
    }

    /** Nothing that the other side sends throws any further than this. */
    #guarded(work) {
        try {
            work();
        } catch (error) {
            if (this.#over) return;
            if (error instanceof ProtocolError || error instanceof SyntaxError) {
                const what = error instanceof ProtocolError ? error.message : "something that is no JSON";
                this.fail(new Failure("protocol", `It sent ${what}.`), "protocol", what);
            } else {
                console.error(error);
                this.fail(new Failure("internal", String(error?.message ?? error)), "internal", "The page failed.");
            }
        }
    }
}
