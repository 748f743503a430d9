// The guest's side of a room (Docs/Protocols/Rooms.md): a WebSocket to the rendezvous server, the exchange with the
// host, then bodies that only the two can read or make.

import { Exchange } from "./exchange.js";
import { Failure } from "./failures.js";
import { countLook, forgiveLook, looksLeft } from "./looks.js";
import { SealedBodies } from "./seal.js";
import { shownMessage } from "./text.js";

const errorFailures = {
    "no-such-room": "stale", "expired": "stale", "full": "taken", "busy": "busy", "too-many-messages": "busy",
    "restarting": "restarting", "replaced": "restarting", "dropped": "dropped",
};
const closeFailures = {
    4001: "stale", 4002: "taken", 4005: "busy", 4006: "stale", 4007: "busy", 4008: "restarting", 4009: "restarting",
    4010: "dropped",
};
const roomPattern = /^[a-km-np-z2-9]{16}$/;

/** A socket to the rooms of the server that this page came from. */
export function openRooms() {
    const address = new URL("rooms", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    address.search = address.hash = "";
    return new WebSocket(address, "martlet.rooms.2");
}

/**
 * One visit to a room. The callbacks: `onEntered(iceServers, room)` once, which gives (a promise of) the SHA-256 of the
 * certificate for DTLS; `onSecured(keys, hostCertificate)` when the host knows the secret; `onPayload(object)` for each
 * payload after that; `onLeft()` when the host has left; and `onFailure(Failure)`, after which nothing more comes.
 */
export class Room {
    #socket = null;
    #entrance;
    #callbacks;
    #host = null;
    #exchange = null;
    #answered = false;
    /** What is said once the host is known. */
    #bodies = null;
    #over = false;

    constructor(entrance, callbacks) {
        this.#entrance = entrance;
        this.#callbacks = callbacks;
    }

    get #isCode() {
        return this.#entrance.words !== undefined;
    }

    /** Opens the socket and joins. */
    enter() {
        const socket = openRooms();
        this.#socket = socket;
        const { room, number } = this.#entrance;
        socket.onopen = () => this.#guarded(() => {
            this.#checkLooks();
            socket.send(JSON.stringify({ type: "join", ...(this.#isCode ? { number } : { room }) }));
        });
        socket.onmessage = (event) => this.#guarded(() => this.#handleServerMessage(JSON.parse(event.data)));
        socket.onclose = (event) => this.#fail(this.#named(closeFailures[event.code] ?? "unreachable"));
    }

    /** Sends a payload to the host, sealed. Nothing happens before the host is known, or when the room is over. */
    send(payload) {
        if (!this.#over && this.#bodies) this.#relay(this.#bodies.close(payload));
    }

    /** Leaves. Idempotent. */
    leave() {
        if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: "bye" }));
        this.#end();
    }

    #relay(body) {
        this.#socket.send(JSON.stringify({ type: "message", to: this.#host, body: JSON.stringify(body) }));
    }

    // MARK: Server

    #handleServerMessage(message) {
        switch (message.type) {
        case "joined":
            return this.#begin(message);
        case "message":
            if (message.from === this.#host) this.#handleBody(message.body);
            break;
        case "peer-left":
            if (message.peer === this.#host) this.#callbacks.onLeft();
            break;
        case "full":
            throw new Failure("taken");
        case "error": {
            const known = Object.hasOwn(errorFailures, message.code) ? errorFailures[message.code] : null;
            // The server's own words are for what this page has none for.
            if (message.code === "no-such-peer") this.#callbacks.onLeft();
            else throw known ? this.#named(known) : new Failure("protocol", shownMessage(message.message ?? ""));
            break;
        }
        default:
            break;
        }
        return null;
    }

    async #begin(message) {
        if (this.#host !== null || typeof message.host !== "string") throw new Failure("protocol");
        // The name of a link's room is known; that of a code's is the server's word, which the exchange puts to the test.
        const room = this.#entrance.room ?? message.room;
        if (!roomPattern.test(room)) throw new Failure("protocol");
        this.#host = message.host;
        let certificate;
        try {
            certificate = await this.#callbacks.onEntered(message.iceServers, room);
        } catch (error) {
            throw error instanceof Failure ? error : new Failure("no-webrtc", shownMessage(error?.message ?? ""));
        }
        if (this.#over) return;
        this.#exchange = new Exchange(this.#entrance, room, certificate);
        this.#relay(this.#exchange.hello);
    }

    /** The failure of a room that has a number says so. */
    #named(code) {
        return new Failure(code === "stale" && this.#isCode ? "stale-code" : code);
    }

    // MARK: Host

    #handleBody(text) {
        if (!this.#exchange) throw new Failure("cannot-verify");
        let body;
        try {
            body = JSON.parse(text);
        } catch {
            throw new Failure("cannot-verify");
        }
        if (this.#bodies) this.#callbacks.onPayload(this.#bodies.open(body));
        else if (this.#answered) this.#conclude(body);
        else this.#answer(body);
    }

    #answer(body) {
        const answer = this.#exchange.answer(body);
        if (this.#isCode) {
            // Another tab may have looked meanwhile.
            this.#checkLooks();
            countLook(this.#entrance);
        }
        this.#answered = true;
        this.#relay(answer);
    }

    #conclude(body) {
        let keys;
        try {
            keys = this.#exchange.conclude(body);
        } catch (error) {
            throw error.code === "wrong-words" ? this.#wrongSecret() : error;
        }
        if (this.#isCode) forgiveLook(this.#entrance);
        this.#bodies = new SealedBodies(keys, "guest", "host");
        this.#callbacks.onSecured(keys, this.#exchange.hostCertificate);
    }

    // MARK: Three looks

    #checkLooks() {
        if (this.#isCode && looksLeft(this.#entrance) === 0) throw new Failure("dead-here");
    }

    #wrongSecret() {
        if (!this.#isCode) return new Failure("cannot-verify");
        const left = looksLeft(this.#entrance);
        if (left === 0) return new Failure("dead-here");
        return new Failure("wrong-words", `${left === 1 ? "One try is" : "Two tries are"} left for this code.`);
    }

    // MARK: Ends

    /** Whatever the network sent, it ends the visit at worst. */
    #guarded(work) {
        if (this.#over) return;
        const fail = (error) => this.#fail(error instanceof Failure ? error : new Failure("protocol"));
        try {
            work()?.catch?.(fail);
        } catch (error) {
            fail(error);
        }
    }

    #fail(failure) {
        if (this.#over) return;
        this.#end();
        this.#callbacks.onFailure(failure);
    }

    #end() {
        this.#over = true;
        this.#socket?.close(1000);
    }
}
