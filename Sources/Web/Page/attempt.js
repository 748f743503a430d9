// One connection from beginning to end: room, peer, session. What came of it is told once; a visit may need several.

import { base64url, equalInConstantTime, fromBase64url } from "./bytes.js";
import { Failure } from "./failures.js";
import { Peer } from "./peer.js";
import { Room } from "./rooms.js";
import { Session } from "./session.js";
import { shownMessage } from "./text.js";

const answerSeconds = 20;
const connectSeconds = 30;
const rejoinMilliseconds = 1000;
const graceSeconds = 3;
/** With the connection up and something due, so long may nothing come. */
const silenceMilliseconds = 60000;
/** What the host's `failed` means to the person here. */
const hostFailures = {
    "no-path": "no-path", "protocol": "protocol", "taken": "taken", "timed-out": "silent",
};
/** What our failures are called on the way. */
const wireCodes = { "silent": "timed-out", "no-path": "no-path", "no-webrtc": "internal" };

/**
 * Callbacks: those of Session, `onRoom(room)` when the room is known, which gives (a promise of) what outlives the
 * connection, `{ id, holdings, outgoing }`; `onInterrupted(boolean)` when packets stop and start coming, and `onEnd(Failure)` in
 * place of its `onFailure`, once, after which nothing more comes.
 */
export class Attempt {
    session = null;
    #entrance;
    #memory = null;
    #callbacks;
    /** How often a room that is still full of this tab's own past may be tried again. */
    #rejoins;
    #room = null;
    #peer = null;
    /** The keys of the exchange, and the certificate to which the host is bound in it. */
    #keys = null;
    #hostCertificate = null;
    /** Whether the host has shown on the channel that both sides saw each other's certificates. */
    #proven = false;
    #offered = false;
    #hostLeft = false;
    #over = false;
    #deadline = null;

    constructor(entrance, rejoins, callbacks) {
        this.#entrance = entrance;
        this.#rejoins = rejoins;
        this.#callbacks = callbacks;
    }

    /** The Receiver or Sender, once that is known. */
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

    /** All is done; the session closes its connection when its last words have left. */
    end() {
        this.#over = true;
        this.#expect(null);
        this.#room?.leave();
    }

    // MARK: Room

    #enter() {
        this.#room = new Room(this.#entrance, {
            onEntered: (iceServers, room) => this.#connect(iceServers, room),
            onSecured: (keys, certificate) => {
                this.#keys = keys;
                this.#hostCertificate = certificate;
            },
            onPayload: (payload) => this.#handlePayload(payload),
            onHostLeft: () => this.#handleHostLeft(),
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
        } else if (this.session || this.#offered && failure.code !== "cannot-verify") {
            // A server that is started again says nothing about the host.
            if (failure.code === "restarting" && this.session) return;
            // The connection stands on its own; that the server is gone is only a hint about the host.
            this.#handleHostLeft(failure.code === "restarting" ? "restarting" : "left");
        } else {
            this.#fail(failure);
        }
    }

    #handleHostLeft(code = "left") {
        const known = this.#hostLeft;
        this.#hostLeft = true;
        if (this.session) {
            if (this.#peer.interrupted) this.#loseConnection();
        } else if (!this.#offered) {
            this.#fail(new Failure("left"));
        } else if (!known) {
            // With both descriptions known the host may be connected already, and done with the room.
            this.#expect(graceSeconds, code);
        }
    }

    #handlePayload(payload) {
        switch (payload.type) {
        case "offer":
            // One connection an attempt: a later offer would belong to something this page does not know.
            if (!this.#offered) this.#answer(String(payload.sdp));
            this.#offered = true;
            break;
        case "candidate":
            if (typeof payload.candidate === "string") {
                this.#peer?.addCandidate(payload.candidate, typeof payload.mid === "string" ? payload.mid : null);
            }
            break;
        case "failed":
            if (!this.session) {
                const code = Object.hasOwn(hostFailures, payload.code) ? hostFailures[payload.code] : "left";
                this.#fail(new Failure(code, shownMessage(payload.message ?? "")));
            }
            break;
        default:
            break;
        }
    }

    // MARK: Connection

    /** Prepares the connection; returns the certificate that it will show. */
    async #connect(iceServers, room) {
        this.#memory = await this.#callbacks.onRoom(room);
        if (this.#over) return null;
        this.#peer = new Peer(iceServers, {
            onCandidate: ({ candidate, mid }) => this.#room.send({ type: "candidate", candidate, mid }),
            onOpen: () => this.#handleOpen(),
            onText: (text) => (this.#proven ? this.session.handleText(text) : this.#verify(text)),
            onMisplaced: () => (this.#proven ? this.session.handleMisplaced() : this.#distrust()),
            onFrame: (frame) => (this.#proven ? this.session.handleFrame(frame) : this.#distrust()),
            onInterrupted: (interrupted) => this.#handleInterrupted(interrupted),
            onLost: (opened) => (opened ? this.#loseConnection() : this.#giveUp("no-path")),
        });
        return this.#peer.certificate();
    }

    async #answer(offer) {
        this.#expect(connectSeconds, "no-path");
        try {
            this.#room.send({ type: "answer", sdp: await this.#peer.answer(offer, this.#hostCertificate) });
        } catch (error) {
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
        const proof = this.#keys.proof("guest", certificates.local, certificates.remote);
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
        const expected = certificates && this.#keys.proof("host", certificates.remote, certificates.local);
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
        this.session = new Session(this.#peer, this.#memory, {
            ...this.#callbacks,
            onRole: (part, agent) => {
                this.#expect(null);
                this.#callbacks.onRole(part, agent);
            },
            onFailure: (failure) => this.#fail(failure),
        });
    }

    #handleInterrupted(interrupted) {
        if (this.#over) return;
        this.#callbacks.onInterrupted(interrupted);
        if (interrupted && this.#hostLeft) this.#loseConnection();
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
