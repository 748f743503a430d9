// The values of the lab (Docs/Protocols/Lab.md): what a run is asked for with, and the form of its messages.

import { isCount, require } from "./transfer.js";

export const headerBytes = 24;
export const messageBytesLimit = 262144;
/** Messages that are accepted in a run; then it is over. */
export const messageCountLimit = 1_000_000;
const magic = 0x4d4c4142;
const rateLimit = 1e9;
const millisecondsLimit = 86_400_000;
const linkDelayLimit = 5000;
/** Packets lost in a row, on average. */
const burstLimit = 10_000;

/** This page's clock: microseconds, an integer, as exactly as the browser tells. */
export function clock() {
    return Math.round(performance.now() * 1000);
}

function isNumber(value, least, most) {
    return typeof value === "number" && value >= least && value <= most;
}

function isObject(value) {
    return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** `{ ordered, maxRetransmits, maxPacketLifeTime }` as createDataChannel takes it. Throws ProtocolError. */
export function checkedChannel(channel) {
    require(isObject(channel) && typeof channel.ordered === "boolean", "a run without channel");
    const checked = { ordered: channel.ordered };
    for (const option of ["maxRetransmits", "maxPacketLifeTime"]) {
        const value = channel[option] ?? null;
        if (value === null) continue;
        require(isCount(value) && value <= 65535, `an unsound ${option}`);
        checked[option] = value;
    }
    require(Object.keys(checked).length < 3, "a channel with both limits");
    return checked;
}

/** `{ bytes, rate, milliseconds }`; the latter two null where there is no such limit. Throws ProtocolError. */
export function checkedTraffic(traffic) {
    require(isObject(traffic), "a run without traffic");
    const { bytes, rate = null, milliseconds = null } = traffic;
    require(isCount(bytes) && bytes >= headerBytes && bytes <= messageBytesLimit, "messages of an impossible size");
    require(rate === null || isNumber(rate, 0.001, rateLimit), "an impossible rate");
    const isSound = milliseconds === null || isCount(milliseconds) && milliseconds >= 1 && milliseconds <= millisecondsLimit;
    require(isSound, "an impossible duration");
    return { bytes, rate, milliseconds };
}

/** `{ loss, burst, delay, jitter, rate }`; `rate` null where there is no limit. Throws ProtocolError. */
export function checkedLink(link) {
    require(isObject(link), "a live view without link");
    const { loss = 0, burst = 1, delay = 0, jitter = 0, rate = null } = link;
    require(isNumber(loss, 0, 1) && isNumber(burst, 1, burstLimit), "an impossible loss");
    require(isNumber(delay, 0, linkDelayLimit) && isNumber(jitter, 0, linkDelayLimit), "an impossible delay");
    require(rate === null || isNumber(rate, 10_000, 1e9), "an impossible rate of the link");
    return { loss, burst, delay, jitter, rate };
}

/** Whether all that a channel accepts comes, sooner or later. */
export function isReliable({ maxRetransmits, maxPacketLifeTime }) {
    return maxRetransmits === undefined && maxPacketLifeTime === undefined;
}

/** "ordered, reliable", "unordered, maxRetransmits 0". */
export function channelName({ ordered, maxRetransmits, maxPacketLifeTime }) {
    const limit = maxRetransmits !== undefined ? `maxRetransmits ${maxRetransmits}`
        : maxPacketLifeTime !== undefined ? `maxPacketLifeTime ${maxPacketLifeTime}` : "reliable";
    return `${ordered ? "ordered" : "unordered"}, ${limit}`;
}

/** The messages of one run: a header, and a filling that their number determines. */
export class MessageForm {
    #run;
    #bytes;
    /** Byte i is i modulo 256: a filling begins somewhere in the first 256. */
    #pattern;

    constructor(run, bytes) {
        this.#run = run;
        this.#bytes = bytes;
        this.#pattern = Uint8Array.from({ length: bytes + 256 }, (_, index) => index);
    }

    /** The message with this number, sent at `at` on our clock. */
    encode(sequence, at) {
        const message = this.#filled(sequence);
        const view = new DataView(message.buffer);
        view.setUint32(0, magic);
        view.setUint32(4, 0x01000000);
        view.setUint32(8, this.#run);
        view.setUint32(12, sequence);
        view.setUint32(16, Math.floor(at / 2 ** 32));
        view.setUint32(20, at % 2 ** 32);
        return message;
    }

    /** `{ sequence, sentAt }` of what has come; null if it is damaged. */
    decode(data) {
        if (!(data instanceof ArrayBuffer) || data.byteLength !== this.#bytes) return null;
        const view = new DataView(data);
        const isOurs = view.getUint32(0) === magic && view.getUint32(4) === 0x01000000 && view.getUint32(8) === this.#run;
        const sequence = view.getUint32(12);
        if (!isOurs || sequence >= messageCountLimit || !this.#isFilled(data, sequence)) return null;
        const sentAt = view.getUint32(16) * 2 ** 32 + view.getUint32(20);
        return Number.isSafeInteger(sentAt) ? { sequence, sentAt } : null;
    }

    #filled(sequence) {
        const first = sequence & 255;
        return this.#pattern.slice(first, first + this.#bytes);
    }

    #isFilled(data, sequence) {
        const expected = this.#filled(sequence);
        const words = this.#bytes >> 2;
        const found = new Uint32Array(data, 0, words);
        const wanted = new Uint32Array(expected.buffer, 0, words);
        for (let index = headerBytes >> 2; index < words; index += 1) {
            if (found[index] !== wanted[index]) return false;
        }
        const rest = new Uint8Array(data);
        for (let index = words << 2; index < this.#bytes; index += 1) {
            if (rest[index] !== expected[index]) return false;
        }
        return true;
    }
}
