// While bytes move: the meter and the rows are brought up to date, and the screen stays awake.

import * as view from "./view.js";

const drawMilliseconds = 250;

export class Movement {
    /** Which share of the bytes had moved when that was looked at last, 0 to 1. */
    share = 0;
    #attempt = null;
    #notice = null;
    #meter = null;
    #ticker = null;
    #wakeLock = null;

    constructor() {
        document.addEventListener("visibilitychange", () => this.#keepAwake());
    }

    get isOn() {
        return this.#attempt !== null;
    }

    /** Shows what an Attempt moves. `notice(part, still)` is the sentence below, `still` in seconds since the last byte. */
    begin(attempt, notice) {
        this.#attempt = attempt;
        this.#notice = notice;
        this.#meter = new view.Meter();
        clearInterval(this.#ticker);
        this.#ticker = setInterval(() => this.#tick(), drawMilliseconds);
        this.#tick();
        this.#keepAwake();
    }

    /** Idempotent. */
    end() {
        this.#measure();
        this.#attempt = null;
        clearInterval(this.#ticker);
        this.#wakeLock?.release().catch(() => {});
        this.#wakeLock = null;
    }

    #tick() {
        const attempt = this.#attempt;
        if (!attempt?.part) return;
        // Which may end all this.
        attempt.watch();
        if (!this.#attempt) return;
        this.#measure();
        const { part } = attempt;
        const still = this.#meter.draw(part.movedBytes, part.movingBytes, part.complete);
        view.updateItems(part.items, part.currentIndex);
        if (!attempt.interrupted) view.showNotice(this.#notice(part, still));
    }

    #measure() {
        const part = this.#attempt?.part;
        if (part?.movingBytes > 0) this.share = part.movedBytes / part.movingBytes;
    }

    /** A phone that goes to sleep takes the connection with it. */
    #keepAwake() {
        if (!this.isOn || document.visibilityState !== "visible") return;
        navigator.wakeLock?.request("screen").then((lock) => {
            if (this.isOn) this.#wakeLock = lock;
            else lock.release();
        }).catch(() => {});
    }
}
