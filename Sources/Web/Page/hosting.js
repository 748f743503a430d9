// The host's side of a room (Docs/Protocols/Rooms.md): makes it, gets it back when the server was away, and begins the
// exchange with each guest. What follows with a guest is an Attempt's.

import { Failure } from "./failures.js";
import { HostExchange, Refusal } from "./hostexchange.js";
import { lookLimit } from "./looks.js";
import { openRooms } from "./rooms.js";
import { SealedBodies } from "./seal.js";
import { shownMessage } from "./text.js";

/** Members of a room: us, the one that is awaited, and those who only try. */
const roomSize = 16;
/** So long a guest may take to show that it knows the secret, and while nobody else finds a place. */
const guestMilliseconds = 20000;
const crowdedMilliseconds = 3000;
/** A server that gives one number after another would have three more guesses each time: then a person is asked. */
const numberLimit = 3;
const backoffMilliseconds = [500, 1000, 2000, 4000, 8000, 15000];
const awayCodes = { 4005: "busy", 4006: "expired", 4007: "busy", 4008: "restarting", 4009: "restarting" };
/** The value of a body. Throws a Failure if it is no JSON. */
function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        throw new Failure("cannot-verify");
    }
}

const isNumber = (value) => Number.isInteger(value) && value >= 1 && value <= 999999;

/**
 * One room of ours. Callbacks: `onOpened()` each time the server has made it, `onAway(code)` when it has it no more
 * (`unreachable`, `restarting`, `busy` or `expired`), after which the room is asked for again and again,
 * `onGuest(HostedGuest)` for whoever enters, `onWrongSecret(by)` after a guest who did not know it, `onOtherNumber()`
 * before `onOpened` when the number is another one than before, which gives the words of what is another code then, and
 * `onFailure(Failure)`, after which nothing more comes.
 */
export class HostedRoom {
    /** `{ name, secret, words }`; without words (null) there is no code. */
    place;
    /** The number of the code, once the server has given it; null before, and without a code. */
    number = null;
    /** Whether the server has the room at this moment. */
    isOpen = false;
    /** For connections, as the server says. */
    iceServers = [];
    /** Whether the server has changed the number too often for a code that nobody asked for. */
    isSpent = false;
    #callbacks;
    #socket = null;
    #guests = new Map();
    #token = null;
    #wrongCount = 0;
    #numberCount = 0;
    #tries = 0;
    #timer = null;
    #over = false;

    /** `kept` is what `kept` gave before this page was loaded again. */
    constructor(place, callbacks, kept = null) {
        this.place = place;
        this.#callbacks = callbacks;
        if (!kept) return;
        this.number = isNumber(kept.number) ? kept.number : null;
        this.isSpent = kept.isSpent;
        this.#token = kept.token;
        this.#wrongCount = kept.wrongCount;
        this.#numberCount = kept.numberCount;
    }

    /** What it takes to have the same room again from a page that is loaded again, beside its place. */
    get kept() {
        const { number, isSpent } = this;
        return { number, isSpent, token: this.#token, wrongCount: this.#wrongCount, numberCount: this.#numberCount };
    }

    /** The page goes away and may come back: the server keeps the room for a moment. Idempotent. */
    suspend() {
        this.#over = true;
        clearTimeout(this.#timer);
        this.#socket?.close(1000);
    }

    /** What a guest may know, as `HostExchange` takes it. */
    get entrances() {
        const { secret, words } = this.place;
        return { link: { secret }, code: words && this.number ? { number: this.number, words } : null };
    }

    /** How many more wrong tries the code stands. */
    get looksLeft() {
        return this.isSpent ? 0 : Math.max(0, lookLimit - this.#wrongCount);
    }

    /** Asks the server for the room: at first, or now rather than in some seconds. */
    open() {
        if (this.#over || this.isOpen) return;
        clearTimeout(this.#timer);
        if (this.#socket) this.#socket.onclose = this.#socket.onmessage = null;
        this.#socket?.close(1000);
        const socket = openRooms();
        this.#socket = socket;
        socket.onopen = () => socket.send(JSON.stringify({
            type: "create", room: this.place.name, size: roomSize,
            ...(this.place.words ? { number: this.number ?? true } : {}),
            ...(this.#token ? { token: this.#token } : {}),
        }));
        socket.onmessage = (event) => this.#guarded(() => this.#handleMessage(JSON.parse(event.data)));
        socket.onclose = ({ code }) => this.#handleAway(awayCodes[code] ?? "unreachable");
    }

    /** Ends the room. Idempotent. */
    close() {
        this.#over = true;
        clearTimeout(this.#timer);
        if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: "bye" }));
        this.#socket?.close(1000);
    }

    /** Whether nobody else finds a place. */
    get isCrowded() {
        return this.#guests.size >= roomSize - 1;
    }

    /** Sends a body to a guest: to this one, not to whoever a server that was started again calls the same. */
    relay(guest, body) {
        this.#say(guest, { type: "message", to: guest.peer, body: JSON.stringify(body) });
    }

    /** Puts a guest out of the room. */
    drop(guest) {
        this.#say(guest, { type: "drop", peer: guest.peer });
        if (this.#guests.get(guest.peer) === guest) this.#guests.delete(guest.peer);
    }

    #say(guest, message) {
        if (!this.isOpen || this.#over || this.#guests.get(guest.peer) !== guest) return;
        this.#socket.send(JSON.stringify(message));
    }

    /** A guest did not know what it entered by. */
    countWrong(by) {
        if (by === "code") this.#wrongCount += 1;
        this.#callbacks.onWrongSecret(by);
    }

    // MARK: Server

    #handleMessage(message) {
        switch (message?.type) {
        case "created":
            this.#handleCreated(message);
            break;
        case "peer-joined":
            this.#handleGuest(message.peer);
            break;
        case "peer-left":
            this.#guests.get(message.peer)?.handleLeft();
            this.#guests.delete(message.peer);
            break;
        case "message":
            this.#guests.get(message.from)?.handleBody(message.body);
            break;
        case "error":
            this.#handleError(message);
            break;
        default:
            break;
        }
    }

    #handleCreated({ room, number, token, iceServers }) {
        const hasNumber = isNumber(number) || !this.place.words;
        if (this.isOpen || room !== this.place.name || !hasNumber) throw new Failure("protocol");
        this.#token = typeof token === "string" ? token : null;
        this.iceServers = iceServers;
        this.isOpen = true;
        this.#tries = 0;
        if (this.place.words) this.#take(number);
        this.#callbacks.onOpened();
    }

    /** The code has this number; under another one than before it gets other words, and is another code. */
    #take(number) {
        // A dead code stays dead until a person asks for another one.
        const isOther = this.number !== null && number !== this.number && this.looksLeft > 0;
        if (isOther && this.#numberCount === numberLimit) {
            this.isSpent = true;
        } else if (isOther) {
            this.#numberCount += 1;
            this.#wrongCount = 0;
            this.place.words = this.#callbacks.onOtherNumber();
        }
        if (this.looksLeft > 0) this.number = number;
    }

    #handleGuest(peer) {
        if (!this.isOpen || typeof peer !== "string" || this.#guests.has(peer) || this.#guests.size >= roomSize) return;
        const guest = new HostedGuest(this, peer);
        this.#guests.set(peer, guest);
        this.#callbacks.onGuest(guest);
        guest.hurry(guestMilliseconds);
        if (this.isCrowded) for (const each of this.#guests.values()) each.hurry(crowdedMilliseconds, true);
    }

    #handleError({ code, message }) {
        if (code === "no-such-peer") return;
        const passing = ["restarting", "replaced", "busy", "too-many-messages", "expired", "room-exists"];
        // The close that follows leads to another try; the server's own words are for what this page has none for.
        if (!passing.includes(code)) throw new Failure("protocol", shownMessage(message ?? ""));
    }

    #handleAway(code) {
        if (this.#over) return;
        this.isOpen = false;
        // Those who are connected stay; the others will come again.
        for (const guest of this.#guests.values()) guest.handleServerAway();
        this.#guests.clear();
        const delay = backoffMilliseconds[Math.min(this.#tries, backoffMilliseconds.length - 1)];
        this.#tries += 1;
        this.#timer = setTimeout(() => this.open(), delay);
        this.#callbacks.onAway(code);
    }

    /** Whatever the server sends, it ends the room at worst. */
    #guarded(work) {
        if (this.#over) return;
        try {
            work();
        } catch (error) {
            this.close();
            this.#callbacks.onFailure(error instanceof Failure ? error : new Failure("protocol"));
        }
    }
}

/** One guest of a room of ours. To an Attempt it is what Room is to a guest: `callbacks` are the same. */
export class HostedGuest {
    /** Set before anything comes. */
    callbacks = null;
    /** Whether it was turned away by the exchange, which the room has told. */
    isRefused = false;
    /** The server's name for it. */
    peer;
    #room;
    #arrival = performance.now();
    #exchange = null;
    #bodies = null;
    #over = false;

    constructor(room, peer) {
        this.#room = room;
        this.peer = peer;
    }

    /** Puts it out if it has shown nothing so long after it came; `whenCrowded`: if then nobody else finds a place. */
    hurry(milliseconds, whenCrowded = false) {
        setTimeout(() => {
            if (this.#bodies || whenCrowded && !this.#room.isCrowded) return;
            this.#fail(new Failure("silent"));
        }, this.#arrival + milliseconds - performance.now());
    }

    enter() {
        // It is here.
    }

    /** Sends a payload to the guest, sealed. Nothing happens before it is known, or when it is over. */
    send(payload) {
        if (!this.#over && this.#bodies) this.#room.relay(this, this.#bodies.close(payload));
    }

    /** Nothing more is said to this guest, or heard. Idempotent. */
    leave() {
        if (!this.#over && !this.#bodies) this.#room.drop(this);
        this.#over = true;
    }

    handleLeft() {
        if (!this.#over) this.callbacks.onLeft();
    }

    handleServerAway() {
        if (!this.#over) this.callbacks.onFailure(new Failure("restarting"));
    }

    /** Takes a body, as text. Whatever it is, it ends what this guest wants at worst. */
    async handleBody(text) {
        if (this.#over) return;
        try {
            const body = parsed(text);
            if (this.#bodies) this.callbacks.onPayload(this.#bodies.open(body));
            else if (this.#exchange) this.#conclude(body);
            else await this.#begin(body);
        } catch (error) {
            this.#fail(error);
        }
    }

    async #begin(body) {
        const { entrances, iceServers, place } = this.#room;
        this.#exchange = new HostExchange(body, entrances, place.name);
        this.#checkLooks();
        const certificate = await this.#prepare(iceServers, place.name);
        if (!this.#over) this.#room.relay(this, this.#exchange.begin(certificate));
    }

    async #prepare(iceServers, name) {
        try {
            return await this.callbacks.onEntered(iceServers, name);
        } catch (error) {
            throw error instanceof Failure ? error : new Failure("no-webrtc", shownMessage(error?.message ?? ""));
        }
    }

    #conclude(body) {
        this.#checkLooks();
        const confirmation = this.#exchange.conclude(body);
        const { keys, guestCertificate } = this.#exchange;
        this.#room.relay(this, confirmation);
        this.#bodies = new SealedBodies(keys, "host", "guest");
        this.callbacks.onSecured(keys, guestCertificate);
    }

    /** Of a dead code nothing more is looked at, however far an exchange had come. */
    #checkLooks() {
        if (this.#exchange.by === "code" && this.#room.looksLeft === 0) throw new Refusal("dead");
    }

    #fail(error) {
        if (this.#over) return;
        this.#over = true;
        this.isRefused = error instanceof Refusal;
        if (this.isRefused) {
            this.#room.relay(this, { refused: error.code });
            if (error.code === "wrong-secret") this.#room.countWrong(this.#exchange.by);
        }
        this.#room.drop(this);
        this.callbacks.onFailure(error instanceof Failure ? error : new Failure("cannot-verify"));
    }
}
