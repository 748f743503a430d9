// One connection from beginning to end: room, peer, session. What came of it is told once; a visit may need several.

import { base64url, equalInConstantTime, fromBase64url } from "./bytes.js";
import { isChat } from "./chatconnection.js";
import { Failure } from "./failures.js";
import { isLab } from "./labconnection.js";
import { Peer } from "./peer.js";
import { Session } from "./session.js";
import { shownMessage } from "./text.js";

const answerSeconds = 20;
const connectSeconds = 30;
const rejoinMilliseconds = 1000;
const graceSeconds = 3;
/** Whoever closes a page says so in the room, and that may come a little later than the end of the connection. */
const partingMilliseconds = 300;
/** With the connection up and something due, so long may nothing come. */
const silenceMilliseconds = 60000;
/** What the other side's `failed` means to the person here. */
const theirFailures = {
    "no-path": "no-path", "protocol": "protocol", "taken": "taken", "timed-out": "silent",
};
/** What our failures are called on the way. */
const wireCodes = { "silent": "timed-out", "no-path": "no-path", "no-webrtc": "internal" };

/**
 * Callbacks: those of Session, `onRoom(room)` when the room is known, which gives (a promise of) what outlives the
 * connection, `{ id, holdings, outgoing }` (null for a chat); `openChat(peer, hooks)` and `openLab(peer, iceServers, hooks)`, which give
 * the ChatConnection or LabConnection when it is one; `onInterrupted(boolean)` when packets stop and start coming, and `onEnd(Failure)` in place of its `onFailure`,
 * once, after which nothing more comes.
 */
export class Attempt {
    session = null;
    /** What the server names to find a way through with. */
    iceServers = [];
    #entry;
    #memory = null;
    #callbacks;
    /** How often a room that is still full of this tab's own past may be tried again. */
    #rejoins;
    #room = null;
    #peer = null;
    /** The keys of the exchange, and the certificate to which the other side is bound in it. */
    #keys = null;
    #certificate = null;
    /** Whether the other side has shown on the channel that both saw each other's certificates. */
    #proven = false;
    #offered = false;
    /** Whether the other side has said its first word. */
    #greeted = false;
    /** Whether both descriptions are known, or will be in a moment. */
    #described = false;
    #left = false;
    /** The end of a connection of which the room may still tell why. */
    #lost = null;
    #over = false;
    #deadline = null;

    /**
     * `entry` is the way to the other side: `{ side, open(callbacks), purpose }` with which side is ours, `guest` or `host`,
     * a function that returns the Room, or what stands for one guest of a room of ours, and what it is for, `files` or
     * `chat`: a guest that does not know yet leaves it out, and is told by the host's first word.
     */
    constructor(entry, rejoins, callbacks) {
        this.#entry = entry;
        this.#rejoins = rejoins;
        this.#callbacks = callbacks;
    }

    /** The Receiver or Sender, once that is known; null in a chat. */
    get part() {
        return this.session?.part ?? null;
    }

    get interrupted() {
        return this.#peer?.interrupted === true;
    }

    begin() {
        this.#expect(answerSeconds, "silent");
        this.#enter();
    }

    /** Looks whether the other side still moves; call it several times a second while something should. */
    watch() {
        const { part } = this;
        const silent = part?.expectsBytes && performance.now() - this.session.heard > silenceMilliseconds;
        if (silent) this.session.lose("stalled");
    }

    /** Ends without a word: the tab is closed, reloaded or put aside, or another attempt takes its place. */
    abandon() {
        this.#over = true;
        this.#expect(null);
        this.session?.lose();
        this.#room?.leave();
        this.#peer?.close();
    }

    /** Ends because the page goes away, and says so as well as that can be done in a moment. */
    depart(message) {
        this.session?.tell("canceled", message);
        this.withdraw(message);
        this.abandon();
    }

    /** Says in the room that nothing more will come, from here or over another connection. */
    withdraw(message) {
        this.#room?.send({ type: "failed", code: "cancelled", message });
    }

    /** All is done; the session closes its connection when its last words have left. */
    end() {
        this.#over = true;
        this.#expect(null);
        this.#room?.leave();
    }

    // MARK: Room

    #enter() {
        this.#room = this.#entry.open({
            onEntered: (iceServers, room) => this.#connect(iceServers, room),
            onSecured: (keys, certificate) => {
                this.#keys = keys;
                this.#certificate = certificate;
                if (this.#isHost) this.#offer();
            },
            onPayload: (payload) => this.#handlePayload(payload),
            onLeft: () => this.#handleLeft(),
            onFailure: (failure) => this.#handleRoomFailure(failure),
        });
        this.#room.enter();
    }

    #handleRoomFailure(failure) {
        if (this.#over) return;
        if (failure.code === "taken" && this.#rejoins > 0) {
            this.#rejoins -= 1;
            setTimeout(() => {
                if (!this.#over) this.#enter();
            }, rejoinMilliseconds);
        } else if (this.session || this.#described && failure.code !== "cannot-verify") {
            // A server that is started again says nothing about the other side.
            if (failure.code === "restarting" && this.session) return;
            // The connection stands on its own; that the server is gone is only a hint about the other side.
            this.#handleLeft(failure.code === "restarting" ? "restarting" : "left");
        } else {
            this.#fail(failure);
        }
    }

    #handleLeft(code = "left") {
        const known = this.#left;
        this.#left = true;
        if (this.#lost) {
            this.#fail(this.#lost);
        } else if (this.session) {
            if (this.#peer.interrupted) this.#loseConnection();
        } else if (!this.#described) {
            this.#fail(new Failure("left"));
        } else if (!known) {
            // With both descriptions known the other side may be connected already, and done with the room.
            this.#expect(graceSeconds, code);
        }
    }

    #handlePayload(payload) {
        switch (payload.type) {
        case "offer":
            // One connection an attempt: a later offer would belong to something this page does not know.
            if (!this.#isHost && !this.#described) this.#answer(String(payload.sdp));
            break;
        case "answer":
            if (this.#isHost && this.#offered && !this.#described) this.#accept(String(payload.sdp));
            break;
        case "candidate":
            if (typeof payload.candidate === "string") {
                this.#peer?.addCandidate(payload.candidate, typeof payload.mid === "string" ? payload.mid : null);
            }
            break;
        case "failed":
            this.#handleTheirFailure(payload);
            break;
        default:
            break;
        }
    }

    #handleTheirFailure({ code, message }) {
        const detail = shownMessage(message ?? "");
        if (!this.session) {
            this.#fail(new Failure(Object.hasOwn(theirFailures, code) ? theirFailures[code] : "left", detail));
        } else if (code === "cancelled" && this.session instanceof Session && !this.part?.delivering) {
            // A page that is closed has no time to say it over the connection.
            this.session.lose();
            this.#fail(new Failure("canceled-there", detail));
        }
    }

    // MARK: Connection

    get #isHost() {
        return this.#entry.side === "host";
    }

    /** Prepares the connection; returns the certificate that it will show. */
    async #connect(iceServers, room) {
        this.#memory = await this.#callbacks.onRoom(room);
        if (this.#over) return null;
        this.iceServers = iceServers;
        this.#peer = new Peer(iceServers, {
            onCandidate: ({ candidate, mid }) => this.#room.send({ type: "candidate", candidate, mid }),
            onOpen: () => this.#handleOpen(),
            onText: (text) => (this.#proven ? this.#handleText(text) : this.#verify(text)),
            onMisplaced: () => (this.#proven ? this.session.handleMisplaced() : this.#distrust()),
            onFrame: (frame) => (this.#proven ? this.session.handleFrame(frame) : this.#distrust()),
            onInterrupted: (interrupted) => this.#handleInterrupted(interrupted),
            onLost: (opened) => (opened ? this.#loseConnection() : this.#giveUp("no-path")),
        });
        return this.#peer.certificate();
    }

    #answer(offer) {
        this.#described = true;
        this.#negotiate(async () => {
            this.#room.send({ type: "answer", sdp: await this.#peer.answer(offer, this.#certificate) });
        });
    }

    #offer() {
        this.#negotiate(async () => {
            this.#room.send({ type: "offer", sdp: await this.#peer.offer() });
            this.#offered = true;
        });
    }

    #accept(answer) {
        this.#described = true;
        this.#negotiate(() => this.#peer.accept(answer, this.#certificate));
    }

    async #negotiate(step) {
        this.#expect(connectSeconds, "no-path");
        try {
            await step();
        } catch (error) {
            // A connection that was closed meanwhile fails, too.
            if (this.#over) return;
            if (error instanceof Failure) this.#giveUp(error.code, error.detail);
            else this.#giveUp("protocol", shownMessage(error.message));
        }
    }

    /** The channels are open. The first word on them is each side's proof, and nothing is looked at before it. */
    #handleOpen() {
        this.#expect(answerSeconds, "silent");
        const { certificates } = this.#peer;
        if (!certificates) {
            this.#distrust();
            return;
        }
        const proof = this.#keys.proof(this.#entry.side, certificates.local, certificates.remote);
        this.#peer.sendText(JSON.stringify({ type: "proof", proof: base64url(proof) }));
    }

    #verify(text) {
        let proof = null;
        try {
            const message = JSON.parse(text);
            proof = message.type === "proof" ? fromBase64url(message.proof) : null;
        } catch {
            // Then it is none.
        }
        const { certificates } = this.#peer;
        const theirSide = this.#isHost ? "guest" : "host";
        const expected = certificates && this.#keys.proof(theirSide, certificates.remote, certificates.local);
        if (!proof || !expected || !equalInConstantTime(proof, expected)) {
            this.#distrust();
            return;
        }
        this.#proven = true;
        this.#beginSession();
    }

    #distrust() {
        this.#giveUp("cannot-verify");
    }

    #beginSession() {
        if (this.#entry.purpose === "chat") {
            this.#beginChat();
            return;
        }
        this.session = new Session(this.#peer, this.#memory, {
            ...this.#callbacks,
            onRole: (part, agent) => {
                this.#expect(null);
                this.#callbacks.onRole(part, agent);
            },
            onFailure: (failure) => this.#handleSessionEnd(failure),
        }, this.#isHost ? "sender" : null);
    }

    #beginChat() {
        this.session = this.#callbacks.openChat(this.#peer, this.#sessionHooks);
    }

    get #sessionHooks() {
        return {
            onBegun: () => {
                this.#expect(null);
                this.#callbacks.onBegun();
            },
            onFailure: (failure) => this.#handleSessionEnd(failure),
        };
    }

    #handleText(text) {
        // Nothing was said yet by a guest that does not know what it was led to.
        const isFirst = !this.#isHost && !this.#greeted;
        this.#greeted = true;
        if (isFirst && !this.#entry.purpose) {
            if (isChat(text)) this.#beginChat();
            else if (isLab(text)) this.session = this.#callbacks.openLab(this.#peer, this.iceServers, this.#sessionHooks);
        }
        this.session.handleText(text);
    }

    #handleSessionEnd(failure) {
        if (failure.code !== "gone" || this.#left) {
            this.#fail(failure);
        } else {
            this.#lost = failure;
            setTimeout(() => this.#fail(failure), partingMilliseconds);
        }
    }

    #handleInterrupted(interrupted) {
        if (this.#over) return;
        this.#callbacks.onInterrupted(interrupted);
        if (interrupted && this.#left) this.#loseConnection();
    }

    #loseConnection() {
        if (this.session) this.session.lose();
        else this.#fail(new Failure("gone"));
    }

    // MARK: Ends

    /** Tells the other side before giving up. */
    #giveUp(code, detail = "") {
        const failure = new Failure(code, detail);
        const wireCode = Object.hasOwn(wireCodes, code) ? wireCodes[code] : "protocol";
        this.#room?.send({ type: "failed", code: wireCode, message: failure.title });
        this.#fail(failure);
    }

    #fail(failure) {
        if (this.#over) return;
        this.end();
        // A session closes its connection itself, when its last words have left.
        if (!this.session) this.#peer?.close();
        this.#callbacks.onEnd(failure);
    }

    /** Gives the next step so many seconds; null when nobody has to hurry, as while a person decides. */
    #expect(seconds, code) {
        clearTimeout(this.#deadline);
        if (seconds !== null) this.#deadline = setTimeout(() => this.#giveUp(code), seconds * 1000);
    }
}
