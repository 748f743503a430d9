// One connection by two pasted texts (Docs/Protocols/Offline.md): no room, no secret, and nobody vouches for who carried
// them. Whoever uses the connection has words compared.

import { allWords } from "./code.js";
import { Failure } from "./failures.js";
import { writeAnswer } from "./offline.js";
import { Peer } from "./peer.js";
import { Session } from "./session.js";
import { shownMessage } from "./text.js";
import { certificateOf } from "./words.js";

/** So long a person may take to carry the answer. */
const carrySeconds = 3600;
const answerSeconds = 20;
/**
 * Browsers give a path up after some seconds (Firefox for good), long before the answer was carried: they are told of it
 * again, which they take for another path when its foundation is another one.
 */
const knockMilliseconds = 2000;
/** What these connections are known by, for what outlives them. */
export const offlineRoom = "offline";

/** The same to a visit as an Attempt; `onAnswer(text)` gives what the person has to carry. */
export class OfflineAttempt {
    session = null;
    #offer;
    #callbacks;
    #memory = null;
    #peer = null;
    #over = false;
    #deadline = null;
    #knocking = null;
    #knockCount = 0;

    /** `offer` is what `readOffer` returned. */
    constructor(offer, callbacks) {
        this.#offer = offer;
        this.#callbacks = callbacks;
    }

    get part() {
        return this.session?.part ?? null;
    }

    get interrupted() {
        return this.#peer?.interrupted === true;
    }

    async begin() {
        try {
            // Nothing but the words protects what follows.
            if (!(await allWords)) throw new Failure("no-words");
            this.#memory = await this.#callbacks.onRoom(offlineRoom);
            if (!this.#over) await this.#answer();
        } catch (error) {
            this.#fail(error instanceof Failure ? error : new Failure("bad-offer", shownMessage(error.message)));
        }
    }

    watch() {}

    /** Ends without a word. */
    abandon() {
        this.end();
        this.session?.lose();
        this.#peer?.close();
    }

    end() {
        this.#over = true;
        clearInterval(this.#knocking);
        this.#expect(null);
    }

    async #answer() {
        this.#peer = new Peer([], {
            onCandidate: () => {},
            onOpen: () => this.#beginSession(),
            onText: (text) => this.session?.handleText(text),
            onMisplaced: () => this.session?.handleMisplaced(),
            onFrame: (frame) => this.session?.handleFrame(frame),
            onInterrupted: (interrupted) => {
                if (!this.#over) this.#callbacks.onInterrupted(interrupted);
            },
            onLost: (opened) => {
                if (this.session) this.session.lose();
                else this.#fail(new Failure(opened ? "gone" : "no-path"));
            },
        }, true);
        await this.#peer.certificate();
        const { sdp: offered } = this.#offer;
        // The other side speaks first in DTLS, when it has the answer: nobody would hear this one until then, and a browser
        // gives up in some minutes.
        const bare = offered.replace(/^a=(?:candidate:|end-of-candidates)[^\r\n]*\r?\n/gm, "")
            .replace(/^a=setup:actpass/gm, "a=setup:active");
        this.#knock();
        this.#knocking = setInterval(() => this.#knock(), knockMilliseconds);
        await this.#peer.answer(bare, certificateOf(offered));
        const sdp = await this.#peer.gathered();
        const expires = Math.floor(Date.now() / 1000) + carrySeconds;
        this.#expect(carrySeconds, "expired-offer");
        if (!this.#over && !this.session) this.#callbacks.onAnswer(writeAnswer(sdp, this.#offer, expires));
    }

    #knock() {
        this.#knockCount += 1;
        const lines = this.#offer.sdp.match(/^a=candidate:[^\r\n]*/gm) ?? [];
        lines.forEach((line, position) => {
            const candidate = line.replace(/^a=candidate:\S+/, `candidate:${this.#knockCount}x${position}`);
            this.#peer.addCandidate(candidate, null);
        });
    }

    #beginSession() {
        clearInterval(this.#knocking);
        this.#expect(answerSeconds, "silent");
        this.session = new Session(this.#peer, this.#memory, {
            ...this.#callbacks,
            onRole: (part, agent) => {
                this.#expect(null);
                if (this.session.comparesWords) {
                    this.#callbacks.onRole(part, agent);
                    return;
                }
                const reason = "Without a room there is no connection without words to compare.";
                this.session.fail(new Failure("cannot-verify"), "cannot-verify", reason);
            },
            onFailure: (failure) => this.#fail(failure),
        });
    }

    #fail(failure) {
        if (this.#over) return;
        this.end();
        if (!this.session) this.#peer?.close();
        this.#callbacks.onEnd(failure);
    }

    #expect(seconds, code) {
        clearTimeout(this.#deadline);
        if (seconds !== null) this.#deadline = setTimeout(() => this.#fail(new Failure(code)), seconds * 1000);
    }
}
