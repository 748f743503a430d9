// One other person in a talk (Docs/Protocols/Chat.md): what was said to them and is not acknowledged, what has come from
// them. It outlives connections and a page that is loaded again; it knows no network, no screen and no clock.

import { base64url, utf8 } from "./bytes.js";
import { ProtocolError, isCount, require } from "./transfer.js";

const textBytesLimit = 10000;
const windowCount = 256;
const windowBytes = 256 * 1024;

/** Who begins a connection says so; the other side is the answerer. */
export const caller = "caller";
export const answerer = "answerer";

/** The other side has another memory of this talk than we: one of the two has come back with an old one. */
export class OldState extends ProtocolError {
    /** Whether it is ours that is old: it knows of more than we remember to have said. */
    isOurs = false;
}

/** What a side is known by to this one other person: 16 random bytes. */
export function freshSession() {
    return base64url(crypto.getRandomValues(new Uint8Array(16)));
}

export function isSession(value) {
    return typeof value === "string" && /^[A-Za-z0-9_-]{21}[AQgw]$/.test(value);
}

/** A text in which halves of characters are replaced: they are in none that may be said. */
export function whole(text) {
    return text.replace(/\p{Cs}/gu, "\ufffd");
}

/** A text as messages that are not too long: cut at the ends of lines where there are some, never inside a character. */
export function pieces(text) {
    const found = [];
    let rest = text;
    while (utf8(rest).length > textBytesLimit) {
        let end = 0;
        let bytes = 0;
        for (const character of rest) {
            const count = utf8(character).length;
            if (bytes + count > textBytesLimit) break;
            bytes += count;
            end += character.length;
        }
        const line = rest.lastIndexOf("\n", end);
        if (line > 0) {
            found.push(rest.slice(0, line));
            rest = rest.slice(line + 1);
        } else {
            found.push(rest.slice(0, end));
            rest = rest.slice(end);
        }
    }
    found.push(rest);
    return found.filter((piece) => piece !== "");
}

export class ChatPair {
    role;
    /** What we are known by, and the other side, once it has said so. */
    session;
    theirSession;
    /** What was said and is not acknowledged, in order: objects with `text` and `time` (of Date.now()). */
    queue = [];
    /** The number of their last message that is here. */
    heard = 0;
    /** Numbers of ours: the last that was acknowledged, and the last that has ever left. */
    #acknowledged = 0;
    #sent = 0;
    /** How many of the queue have left over this connection, and their bytes. */
    #flight = 0;
    #flightBytes = 0;
    /** What has come and was not acknowledged by us yet. */
    #owedCount = 0;
    #owedBytes = 0;

    /** `kept` is what `kept` gave once, with the messages themselves in the `queue`; else null. */
    constructor(role, theirSession = null, kept = null) {
        this.role = role;
        this.session = kept?.session ?? freshSession();
        this.theirSession = kept?.theirSession ?? theirSession;
        this.queue = kept?.queue ?? [];
        this.heard = kept?.heard ?? 0;
        this.#acknowledged = kept?.acknowledged ?? 0;
        this.#sent = kept?.sent ?? 0;
    }

    /** What has to be kept, for the constructor. */
    get kept() {
        const { session, theirSession, queue, heard } = this;
        return { session, theirSession, queue, heard, acknowledged: this.#acknowledged, sent: this.#sent };
    }

    /** What begins a connection from our side. All that was heard must be kept before it is said. */
    get begin() {
        const session = this.role === caller ? { session: this.session } : {};
        return { type: "begin", ...session, have: this.heard };
    }

    /** Says a message when there is room for it: a connection asks by `take`. */
    say(message) {
        this.queue.push(message);
    }

    /**
     * A connection begins: the other side has ours up to `have`, acknowledged or not; an answerer hears the caller's
     * `session`. Returns the messages that need not be sent over this connection any more. Throws OldState.
     */
    meet(have, session = this.theirSession) {
        if (session !== this.theirSession) {
            require(isSession(session), "an unsound session");
            this.theirSession = session;
            this.restart();
        }
        if (!isCount(have) || have < this.#acknowledged || have > this.#sent) {
            const error = new OldState("a have that cannot be");
            error.isOurs = have > this.#sent;
            throw error;
        }
        this.#flight = have - this.#acknowledged;
        const there = this.queue.slice(0, this.#flight);
        this.#flightBytes = there.reduce((sum, { text }) => sum + utf8(text).length, 0);
        return there;
    }

    /** Whoever answers our call is known by this session; by another one than before they are somebody new. */
    answeredBy(session) {
        if (session === this.theirSession) return;
        this.theirSession = session;
        this.restart();
    }

    /** It is somebody new, or we are: what was not acknowledged is numbered from 1 again. */
    restart() {
        this.heard = this.#acknowledged = this.#sent = 0;
        this.#flight = this.#flightBytes = 0;
    }

    /** We come as somebody new. */
    renew() {
        this.session = freshSession();
        this.theirSession = null;
        this.restart();
    }

    /** The next messages that may leave now, numbered: `{ seq, message }`. They have to be kept before they are sent. */
    take() {
        const taken = [];
        while (this.#flight < this.queue.length && this.#flight < windowCount) {
            const message = this.queue[this.#flight];
            const bytes = utf8(message.text).length;
            if (this.#flightBytes + bytes > windowBytes) break;
            this.#flight += 1;
            this.#flightBytes += bytes;
            taken.push({ seq: this.#acknowledged + this.#flight, message });
        }
        this.#sent = Math.max(this.#sent, this.#acknowledged + this.#flight);
        return taken;
    }

    /** What has left over this connection and is not acknowledged: it counts as not sent when the connection is lost. */
    lose() {
        const lost = this.queue.slice(0, this.#flight);
        this.#flight = this.#flightBytes = 0;
        return lost;
    }

    /** Takes a `message` of theirs. Returns its text and its age in milliseconds. Throws ProtocolError. */
    hear({ seq, text, age }) {
        require(seq === this.heard + 1, "a message out of order");
        require(typeof text === "string" && text !== "", "a message without text");
        require(isCount(age), "a message of an impossible age");
        const bytes = utf8(text).length;
        require(bytes <= textBytesLimit, "a message of more than 10,000 bytes");
        this.#owedCount += 1;
        this.#owedBytes += bytes;
        require(this.#owedCount <= windowCount && this.#owedBytes <= windowBytes, "more than the window allows");
        this.heard = seq;
        return { text: whole(text), age };
    }

    /** The `ack` for all that has come, when it was kept; null when nothing has. */
    acknowledgement() {
        this.#owedCount = this.#owedBytes = 0;
        return this.heard > 0 ? { type: "ack", seq: this.heard } : null;
    }

    /** Takes an `ack`. Returns the messages that it is for. Throws ProtocolError. */
    handleAcknowledgement({ seq }) {
        const isSound = isCount(seq) && seq >= this.#acknowledged && seq <= this.#acknowledged + this.#flight;
        require(isSound, "an ack for what was not sent");
        const done = this.queue.splice(0, seq - this.#acknowledged);
        this.#acknowledged = seq;
        this.#flight -= done.length;
        for (const { text } of done) this.#flightBytes -= utf8(text).length;
        return done;
    }
}
