// The page's side of labticker.js.

import { scriptAddress } from "./scripts.js";

const longestMilliseconds = 2 ** 31 - 1;

export class Timers {
    #worker = null;
    #waiting = new Map();
    #count = 0;

    /** The worker begins with the first timer; where the browser has none, the page's own timers have to do. */
    constructor() {
        try {
            const worker = new Worker(scriptAddress("labticker.js"));
            worker.onmessage = ({ data }) => this.#fire(data);
            worker.onerror = () => this.#doWithout();
            this.#worker = worker;
        } catch {
            // Then those of the page.
        }
    }

    /** Calls once, in so many milliseconds; returns a number for `cancel`. */
    after(milliseconds, action) {
        this.#count += 1;
        const number = this.#count;
        const time = Math.min(Math.max(0, milliseconds), longestMilliseconds);
        this.#waiting.set(number, { action, end: performance.now() + time });
        this.#set(number, time);
        return number;
    }

    cancel(number) {
        if (!this.#waiting.delete(number)) return;
        this.#worker?.postMessage([number, null]);
    }

    close() {
        this.#worker?.terminate();
        this.#worker = null;
        this.#waiting.clear();
    }

    #set(number, milliseconds) {
        if (this.#worker) this.#worker.postMessage([number, milliseconds]);
        else setTimeout(() => this.#fire(number), milliseconds);
    }

    #doWithout() {
        this.#worker = null;
        for (const [number, { end }] of this.#waiting) this.#set(number, Math.max(0, end - performance.now()));
    }

    #fire(number) {
        const { action } = this.#waiting.get(number) ?? {};
        this.#waiting.delete(number);
        action?.();
    }
}
