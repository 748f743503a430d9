// Other guests of a talk (Docs/Protocols/Chat.md, More than two): the host names them, and passes on what it takes to
// connect to each of them directly.

import { answerer, caller } from "./chat.js";
import { ChatConnection } from "./chatconnection.js";
import { Failure } from "./failures.js";
import { Peer } from "./peer.js";
import { isCount, require } from "./transfer.js";
import { shownName } from "./text.js";
import { certificateOf } from "./words.js";

const connectMilliseconds = 30000;
/** Texts that may come before the browser says that the channel is open: the caller greets, and waits. */
const earlyLimit = 4;
/** Others in a talk, those who have left included, as far as this page can tell. */
const peopleLimit = 1000;
/** Attempts that are begun at once, and how long one more takes to be allowed: a browser makes some hundred connections. */
const attemptBurst = 30;
const attemptMilliseconds = 1000;
/** How long after a loss the host is asked for another introduction, and how long at most behind many times. */
const seekingMilliseconds = { first: 1000, longest: 30000 };

/** One attempt to connect to another guest. `say(payload)` reaches it through the host. */
class Introduction {
    attempt;
    #talk;
    #member;
    #role;
    #say;
    #onEnd;
    #peer;
    #connection = null;
    #early = [];
    #described = false;
    #over = false;
    #timer;

    /** `onEnd(hasBegun)` once, when the connection is no more, or none came about. */
    constructor(attempt, talk, member, iceServers, say, onEnd) {
        this.attempt = attempt;
        this.#talk = talk;
        this.#member = member;
        this.#role = member.pair.role;
        this.#say = say;
        this.#onEnd = onEnd;
        this.#peer = new Peer(iceServers, {
            onCandidate: ({ candidate, mid }) => this.#tell({ type: "candidate", candidate, mid }),
            onOpen: () => this.#open(),
            onText: (text) => this.#hear(text),
            onFrame: () => this.#connection?.handleMisplaced(),
            onMisplaced: () => this.#connection?.handleMisplaced(),
            onInterrupted: () => {},
            onLost: () => this.#lose(),
        });
        this.#timer = setTimeout(() => this.#giveUp("timed-out"), connectMilliseconds);
    }

    begin() {
        return this.#guarded(async () => {
            await this.#peer.certificate();
            if (this.#role === caller) this.#tell({ type: "offer", sdp: await this.#peer.offer() });
        });
    }

    /** What the other guest says through the host. */
    handle(payload) {
        if (this.#over || this.#connection) return;
        const { type, sdp, candidate, mid } = payload;
        const isAwaited = type === (this.#role === caller ? "answer" : "offer");
        if (isAwaited && typeof sdp === "string" && !this.#described) {
            this.#described = true;
            this.#guarded(() => this.#describe(sdp));
        } else if (type === "candidate" && typeof candidate === "string") {
            this.#peer.addCandidate(candidate, typeof mid === "string" ? mid : null);
        } else if (type === "failed") {
            this.#lose();
        }
    }

    /** Another attempt takes its place, or the page goes away: what has begun is another's affair. */
    drop() {
        if (this.#over || this.#connection?.isBegun) return;
        this.#over = true;
        clearTimeout(this.#timer);
        if (this.#connection) this.#connection.lose();
        else this.#peer.close();
    }

    async #describe(sdp) {
        // There is no proof here: whatever one certificate it names is the one that may connect.
        const certificate = certificateOf(sdp);
        if (!certificate) throw new Failure("cannot-verify");
        await this.#peer.certificate();
        if (this.#role === caller) await this.#peer.accept(sdp, certificate);
        else this.#tell({ type: "answer", sdp: await this.#peer.answer(sdp, certificate) });
    }

    #open() {
        if (this.#over) return;
        this.#connection = new ChatConnection(this.#peer, this.#talk, this.#role, this.#member, {
            onBegun: () => clearTimeout(this.#timer),
            onFailure: () => this.#end(),
        });
        for (const text of this.#early.splice(0)) this.#connection.handleText(text);
    }

    #hear(text) {
        if (this.#connection) this.#connection.handleText(text);
        else if (this.#early.length < earlyLimit) this.#early.push(text);
    }

    #tell(payload) {
        if (!this.#over) this.#say(payload);
    }

    #giveUp(code) {
        if (!this.#connection) this.#tell({ type: "failed", code, message: "No connection came about." });
        this.#lose();
    }

    #lose() {
        if (this.#connection) this.#connection.lose();
        else this.#end();
    }

    #end() {
        if (this.#over) return;
        this.#over = true;
        clearTimeout(this.#timer);
        if (!this.#connection) this.#peer.close();
        this.#onEnd(this.#connection?.isBegun === true);
    }

    async #guarded(step) {
        try {
            await step();
        } catch {
            // A connection that was closed meanwhile fails, too.
            if (!this.#over) this.#giveUp("no-path");
        }
    }
}

export class Introductions {
    #talk;
    #host;
    #attempts = new Map();
    /** Timers of those who are asked for again, by place. */
    #seeking = new Map();
    #iceServers;
    #onAlone;
    #allowance = attemptBurst;
    #allowanceTime = performance.now();

    /**
     * `host` is the Member who introduces the others, `iceServers()` what is asked for a way through now; `onAlone()` when
     * the last of the others is not connected any more.
     */
    constructor(talk, host, iceServers, onAlone) {
        this.#talk = talk;
        this.#host = host;
        this.#iceServers = iceServers;
        this.#onAlone = onAlone;
    }

    /** Takes a message of the host. Returns whether it was known. Throws ProtocolError. */
    handle(connection, message) {
        if (connection.member !== this.#host) return false;
        switch (message.type) {
        case "introduce":
            this.#introduce(connection, message);
            return true;
        case "signal": {
            require(isCount(message.attempt), "a signal without attempt");
            require(message.payload !== null && typeof message.payload === "object", "a signal without payload");
            const known = this.#attempts.get(message.peer);
            // What is on its way from the attempt before is passed over.
            if (known?.attempt === message.attempt) known.handle(message.payload);
            return true;
        }
        case "parted":
            this.#part(message.peer);
            return true;
        default:
            return false;
        }
    }

    /** The host has begun anew: its numbers mean others now. */
    forget() {
        for (const attempt of this.#attempts.values()) attempt.drop();
        this.#attempts.clear();
        this.#stopSeeking();
        for (const member of this.#others) {
            member.connection?.lose();
            this.#talk.giveUp(member, "");
        }
    }

    /** The page goes away. */
    abandon() {
        this.#stopSeeking();
        for (const attempt of this.#attempts.values()) attempt.drop();
        for (const { connection } of this.#others) connection?.lose();
    }

    get #others() {
        return this.#talk.members.filter(({ place }) => place !== null);
    }

    #introduce(connection, { peer: place, attempt, name, calls }) {
        require(isCount(place) && place > 0 && isCount(attempt) && attempt > 0, "an unsound introduction");
        require(typeof name === "string" && name !== "" && typeof calls === "boolean", "an unsound introduction");
        const before = this.#attempts.get(place);
        require(before !== undefined || this.#attempts.size < peopleLimit, "too many people");
        // What is no newer than the one before was on its way for long, or is there to take it down.
        if (before && attempt <= before.attempt) return;
        let member = this.#others.find((each) => each.place === place);
        // More than there are places for, one more than those for who has left unheard; or a flood.
        if (!member && this.#others.length >= connection.people - 1 || !this.#mayTry()) return;
        before?.drop();
        this.#talk.people = connection.people;
        const role = calls ? caller : answerer;
        if (!member) {
            member = this.#talk.addMember(role);
            member.place = place;
        }
        require(member.pair.role === role, "an introduction that turns the roles");
        const say = (payload) => connection.send({ type: "signal", peer: place, attempt, payload });
        const made = new Introduction(attempt, this.#talk, member, this.#iceServers(), say, (hasBegun) => {
            if (!hasBegun && member.state !== "here" && !this.#talk.isOver) {
                this.#talk.notice(`No connection to ${shownName(name, 40)} came about. The others hear you.`);
            }
            this.#seek(place, seekingMilliseconds.first);
            this.#onAlone();
        });
        this.#attempts.set(place, made);
        made.begin();
    }

    /** Asks the host for another introduction, again and again, for as long as there is no connection to that guest. */
    #seek(place, milliseconds) {
        if (this.#seeking.has(place)) return;
        const isSought = () => {
            const member = this.#others.find((each) => each.place === place);
            return member && member.state !== "here" && !member.isParted && !this.#talk.isOver;
        };
        if (!isSought()) return;
        this.#seeking.set(place, setTimeout(() => {
            this.#seeking.delete(place);
            if (!isSought()) return;
            // A host that is away hears it the next time.
            if (this.#host.state === "here") this.#host.connection?.send({ type: "again", peer: place });
            this.#seek(place, Math.min(2 * milliseconds, seekingMilliseconds.longest));
        }, milliseconds));
    }

    #stopSeeking() {
        for (const timer of this.#seeking.values()) clearTimeout(timer);
        this.#seeking.clear();
    }

    #mayTry() {
        const now = performance.now();
        const gained = (now - this.#allowanceTime) / attemptMilliseconds;
        this.#allowance = Math.min(attemptBurst, this.#allowance + gained);
        this.#allowanceTime = now;
        if (this.#allowance < 1) return false;
        this.#allowance -= 1;
        return true;
    }

    #part(place) {
        this.#attempts.get(place)?.drop();
        const member = this.#others.find((each) => each.place === place);
        // Whoever is still connected says goodbye, or is lost and then not awaited.
        if (!member) return;
        if (member.state === "here") member.isParted = true;
        else this.#talk.giveUp(member, member.state === "lost" ? `${member.name} has left.` : "");
    }
}
