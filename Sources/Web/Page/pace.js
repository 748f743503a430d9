// How fast bytes move, and how long it will take, as a person reads it.

import { duration, size } from "./text.js";

const sampleMilliseconds = 200;
const spanMilliseconds = 5000;

/** Speed over the last seconds, and the time left at that speed. */
export class Pace {
    #samples = [];

    /**
     * Takes what has moved by now, of `total` (`complete`: which will not grow). Returns `{ moved, rate, left, still }`:
     * three texts, of which the last two may be empty, and the seconds since the last byte.
     */
    measure(bytes, total, complete = true) {
        const now = performance.now();
        const samples = this.#samples;
        if (samples.length === 0 || now - samples[samples.length - 1].now >= sampleMilliseconds) samples.push({ now, bytes });
        while (samples.length > 2 && now - samples[0].now > spanMilliseconds) samples.shift();
        const first = samples[0];
        const rate = now - first.now > 400 ? (bytes - first.bytes) * 1000 / (now - first.now) : 0;
        return {
            moved: complete ? `${size(bytes)} of ${size(total)}` : `${size(bytes)} of at least ${size(total)}`,
            rate: rate > 0 ? `${size(Math.round(rate))}/s` : "",
            left: rate > 0 && bytes < total ? `${duration((total - bytes) / rate)} left` : "",
            still: bytes === first.bytes ? (now - first.now) / 1000 : 0,
        };
    }
}
