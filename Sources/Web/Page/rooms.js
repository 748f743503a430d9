// The guest's side of a room (Docs/Protocols/Rooms.md): a WebSocket to the rendezvous server, one hello in each
// direction, then bodies whose authenticity hangs on the link's secret alone.

import { base64url, concatenate, equalInConstantTime, fromBase64url, lengthAndValue, utf8 } from "./bytes.js";
import { Failure } from "./failures.js";
import { hmac } from "./sha256.js";
import { shownMessage } from "./text.js";

const errorFailures = {
    "no-such-room": "stale", "expired": "stale", "full": "taken", "busy": "busy", "too-many-messages": "busy",
};
const closeFailures = { 4001: "stale", 4002: "taken", 4005: "busy", 4006: "stale", 4007: "busy" };

/** The direction keys of both sides from the secret, the room and the two nonces. */
export function deriveKeys(secret, room, hostNonce, guestNonce) {
    const parts = [utf8("martlet rooms 1"), utf8(room), hostNonce, guestNonce].map(lengthAndValue);
    const key = hmac(secret, concatenate(...parts));
    return { host: hmac(key, utf8("host to guest")), guest: hmac(key, utf8("guest to host")) };
}

/** The authentication code of the body number `sequence` in one direction. */
export function authenticationCode(key, sequence, payload) {
    const number = new Uint8Array(8);
    new DataView(number.buffer).setBigUint64(0, BigInt(sequence));
    return hmac(key, concatenate(number, utf8(payload)));
}

/**
 * One visit to a room. The callbacks: `onEntered(iceServers)` once, `onPayload(object)` for each verified payload,
 * `onHostLeft()`, and `onFailure(Failure)`, after which nothing more comes.
 */
export class Room {
    #socket = null;
    #link;
    #callbacks;
    #nonce = crypto.getRandomValues(new Uint8Array(16));
    #host = null;
    #keys = null;
    #sentCount = 0;
    #receivedCount = 0;
    #over = false;

    constructor(link, callbacks) {
        this.#link = link;
        this.#callbacks = callbacks;
    }

    /** Opens the socket and joins. */
    enter() {
        const address = new URL("rooms", location.href);
        address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
        address.search = address.hash = "";
        const socket = new WebSocket(address, "martlet.rooms.1");
        this.#socket = socket;
        socket.onopen = () => socket.send(JSON.stringify({ type: "join", room: this.#link.room }));
        socket.onmessage = (event) => this.#guarded(() => this.#handleServerMessage(JSON.parse(event.data)));
        socket.onclose = (event) => {
            this.#fail(new Failure(closeFailures[event.code] ?? (this.#host === null ? "unreachable" : "left")));
        };
    }

    /** Sends a payload to the host, under our key and the next number. Nothing happens when the room is over. */
    send(payload) {
        if (this.#over || !this.#keys) return;
        const text = JSON.stringify(payload);
        const mac = base64url(authenticationCode(this.#keys.guest, this.#sentCount, text));
        this.#relay({ seq: this.#sentCount, payload: text, mac });
        this.#sentCount += 1;
    }

    /** Leaves. Idempotent. */
    leave() {
        if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: "bye" }));
        this.#end();
    }

    #relay(body) {
        this.#socket.send(JSON.stringify({ type: "message", to: this.#host, body: JSON.stringify(body) }));
    }

    #handleServerMessage(message) {
        switch (message.type) {
        case "joined":
            if (this.#host !== null || typeof message.host !== "string") throw new Failure("protocol");
            this.#host = message.host;
            this.#relay({ hello: 1, nonce: base64url(this.#nonce) });
            this.#callbacks.onEntered(Array.isArray(message.iceServers) ? message.iceServers : []);
            break;
        case "message":
            if (message.from === this.#host) this.#handleBody(JSON.parse(message.body));
            break;
        case "peer-left":
            if (message.peer === this.#host) this.#callbacks.onHostLeft();
            break;
        case "full":
            throw new Failure("taken");
        case "error": {
            const known = errorFailures[message.code];
            // The server's own words are for what this page has none for.
            if (message.code === "no-such-peer") this.#callbacks.onHostLeft();
            else throw new Failure(known ?? "protocol", known ? "" : shownMessage(message.message ?? ""));
            break;
        }
        default:
            break;
        }
    }

    #handleBody(body) {
        if (!this.#keys) {
            const nonce = body.hello === 1 ? fromBase64url(body.nonce) : null;
            if (nonce?.length !== 16) throw new Failure("protocol");
            this.#keys = deriveKeys(this.#link.secret, this.#link.room, nonce, this.#nonce);
            return;
        }
        const mac = fromBase64url(body.mac);
        const valid = body.seq === this.#receivedCount && typeof body.payload === "string" && mac !== null
            && equalInConstantTime(mac, authenticationCode(this.#keys.host, this.#receivedCount, body.payload));
        if (!valid) {
            // With a wrong secret this cannot verify over there either, which is how the host learns of it.
            this.send({ type: "failed", code: "cannot-verify", message: "The link’s secret does not match." });
            throw new Failure("cannot-verify");
        }
        this.#receivedCount += 1;
        this.#callbacks.onPayload(JSON.parse(body.payload));
    }

    /** Whatever the network sent, it ends the visit at worst. */
    #guarded(work) {
        if (this.#over) return;
        try {
            work();
        } catch (error) {
            this.#fail(error instanceof Failure ? error : new Failure("protocol"));
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
