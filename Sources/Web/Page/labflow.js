// What one run has done lately, for the screen: when each of its newest messages was sent and came. Times are
// microseconds; those of the sender's clock become ours by how far the two are apart.

import { isReliable } from "./labwire.js";

/** So many messages are remembered; 10 seconds of 800 a second. */
const capacity = 8192;
export const windowMicroseconds = 10_000_000;
/** A message that waited came together with an earlier one, so close behind it. */
const togetherMicroseconds = 2000;
/** And later than those that did not wait by at least so much. */
const heldMicroseconds = 5000;
/** So long after it was sent every message counts as missing. */
const longestPatience = 3_000_000;
/** A share of so few is none. */
const leastCount = 5;

const slot = (sequence) => sequence % capacity;

export class LabFlow {
    /** The first number that is remembered, and the one behind the last. */
    first = 0;
    end = 0;
    /** All that has come since the beginning, and those that were accepted, as far as the sender has told. */
    arrived = 0;
    accepted = 0;
    offered = 0;
    damaged = 0;
    /** Whether the other side tells what has come of ours: it need not. */
    isTold = false;
    #ordered;
    #rate;
    #isReceiver;
    #isReliable;
    #sent = new Float64Array(capacity);
    #came = new Float64Array(capacity);
    /** How far the sender's clock is behind the receiver's: told, or guessed from the fastest message. */
    #told = null;
    #fastest = Infinity;
    #guess = 0;
    /** The highest number that has come. */
    #newest = -1;

    /** A channel as CreateDataChannel takes it, `rate` of the traffic (or null); whether it is we who receive. */
    constructor(channel, rate, isReceiver) {
        this.#ordered = channel.ordered;
        this.#rate = rate;
        this.#isReceiver = isReceiver;
        this.#isReliable = isReliable(channel);
    }

    /** Our clock is ahead of the other's by so much; `path` is what the fastest message may have taken, where nobody knows. */
    tell(ahead, path = 0) {
        this.#told = ahead === null ? null : this.#isReceiver ? ahead : -ahead;
        this.#guess = path;
    }

    /** Whether latencies count from the moment of sending, and not from the fastest message. */
    get isAbsolute() {
        return this.#told !== null;
    }

    get #behind() {
        if (this.#told !== null) return this.#told;
        return this.#fastest === Infinity ? 0 : this.#fastest - this.#guess;
    }

    /** A message of ours has left. */
    handleSent(sequence, at) {
        this.#reach(sequence, at);
        this.#sent[slot(sequence)] = at;
        this.accepted = Math.max(this.accepted, sequence + 1);
    }

    /** The other side has sent so many by now. */
    handleAccepted(count, now) {
        this.accepted = Math.max(this.accepted, count);
        if (this.#isReceiver && this.#rate && count > this.end) this.#reach(count - 1, now - this.#behind);
    }

    /** A message was here at `at` of the receiver's clock; `sentAt` of the sender's, where it says so. */
    handleCame(sequence, sentAt, at) {
        this.arrived += 1;
        if (sequence < this.first) return;
        if (this.#isReceiver) {
            this.#reach(sequence, sentAt);
            this.#sent[slot(sequence)] = sentAt;
        } else if (sequence >= this.end) {
            return;
        }
        this.#newest = Math.max(this.#newest, sequence);
        this.#fastest = Math.min(this.#fastest, at - this.#sent[slot(sequence)]);
        // The first to come counts.
        if (Number.isNaN(this.#came[slot(sequence)])) this.#came[slot(sequence)] = at;
    }

    /**
     * Calls `draw(sent, latency, held, isMissing)` for each message that was sent in the last seconds; `latency` is NaN where it has
     * not come. It is missing when later ones are here for long; on a reliable channel it is still on its way then.
     */
    each(now, draw) {
        const behind = this.#behind;
        const shift = this.#isReceiver ? behind : 0;
        const floor = this.#floor;
        const { patience } = this;
        for (let sequence = this.first; sequence < this.end; sequence += 1) {
            const sent = this.#sent[slot(sequence)] + shift;
            if (now - sent > windowMicroseconds) continue;
            const latency = this.#came[slot(sequence)] - this.#sent[slot(sequence)] - behind;
            const isMissing = !this.#isReliable && Number.isNaN(latency) && sequence < this.#newest && now - sent > patience;
            draw(sent, latency, this.#isHeld(sequence, floor), isMissing);
        }
    }

    /**
     * Of the last seconds: `{ delivered, p50, p99, waited, missing }`. Of what was sent then: the share of those old enough to be here
     * that are, and how many are not here. Of what came then, though it was sent long before: latencies, and the share that came
     * late behind an earlier one (null where none can). Null where too little was sent and came.
     */
    figures(now) {
        const latencies = [];
        let [count, held, missing, oldMissing, oldCount] = [0, 0, 0, 0, 0];
        const behind = this.#behind;
        const shift = this.#isReceiver ? behind : 0;
        const floor = this.#floor;
        const { patience } = this;
        const isKnown = this.#isReceiver || this.isTold || this.arrived > 0;
        for (let sequence = this.first; sequence < this.end; sequence += 1) {
            const sent = this.#sent[slot(sequence)] + shift;
            const latency = this.#came[slot(sequence)] - this.#sent[slot(sequence)] - behind;
            const isHere = !Number.isNaN(latency);
            if (isHere && now - sent - latency <= windowMicroseconds) {
                latencies.push(latency);
                if (this.#isHeld(sequence, floor)) held += 1;
            }
            if (now - sent > windowMicroseconds) continue;
            count += 1;
            if (!isHere) missing += 1;
            // Those that may still be on their way count neither as here nor as missing.
            if (!isKnown || now - sent <= (sequence <= this.#newest ? patience : longestPatience)) continue;
            oldCount += 1;
            if (!isHere) oldMissing += 1;
        }
        if (Math.max(count, latencies.length) < leastCount) return null;
        const sorted = Float64Array.from(latencies).sort();
        const at = (share) => (sorted.length > 0 ? sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] : null);
        this.#median = at(0.5) ?? this.#median;
        this.#low = at(0.1) ?? this.#low;
        return {
            missing, delivered: oldCount > 0 ? 1 - oldMissing / oldCount : null, p50: at(0.5), p99: at(0.99),
            waited: this.#ordered && latencies.length > 0 ? held / latencies.length : null,
        };
    }

    /** A message that has not come after so long, with a later one here, is called missing. */
    get patience() {
        return Math.min(longestPatience, Math.max(400_000, 3 * this.#median));
    }

    #median = 0;
    #low = 0;

    get #floor() {
        return this.#low + this.#behind + heldMicroseconds;
    }

    #isHeld(sequence, floor) {
        if (!this.#ordered || sequence <= this.first) return false;
        const latency = this.#came[slot(sequence)] - this.#sent[slot(sequence)];
        const before = this.#came[slot(sequence - 1)];
        const isTogether = this.#came[slot(sequence)] - before < togetherMicroseconds;
        return isTogether && latency > floor && before - this.#sent[slot(sequence - 1)] > latency;
    }

    /** Makes room up to a number; those in between were sent in between, and have not come. */
    #reach(sequence, sentAt) {
        if (sequence < this.end) return;
        const gap = sequence + 1 - this.end;
        const last = this.end > this.first ? this.#sent[slot(this.end - 1)] : sentAt;
        const from = Math.max(this.end, sequence + 1 - capacity);
        for (let number = from; number <= sequence; number += 1) {
            this.#sent[slot(number)] = last + (sentAt - last) * (number - this.end + 1) / gap;
            this.#came[slot(number)] = NaN;
        }
        this.end = sequence + 1;
        this.first = Math.max(this.first, this.end - capacity);
    }
}
