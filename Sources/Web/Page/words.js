// Words to compare (Docs/Protocols/Transfer.md): the same on both sides unless somebody stands in between.

import { equalInConstantTime, fromHex, hex, lengthAndValue, utf8 } from "./bytes.js";
import { allWords } from "./code.js";
import { SHA256 } from "./sha256.js";
import { require } from "./transfer.js";

const wordCount = 3;
const nonceBytes = 16;
function hash(...parts) {
    const sum = new SHA256();
    for (const part of parts) sum.update(lengthAndValue(part));
    return sum.digest();
}

/** What a side with this role says beforehand of its nonce. */
export function commitment(role, nonce) {
    return hash(utf8("martlet words commit 1"), utf8(role), nonce);
}

/** The words of two sides, each `{ certificate, nonce }`; null where the page has no list of words. */
export async function wordsOf(sender, receiver) {
    const words = await allWords;
    if (!words) return null;
    const digest = hash(
        utf8("martlet words 1"), sender.certificate, receiver.certificate, sender.nonce, receiver.nonce);
    let number = new DataView(digest.buffer).getBigUint64(0);
    const found = [];
    while (found.length < wordCount) {
        found.unshift(words[Number(number % BigInt(words.length))]);
        number /= BigInt(words.length);
    }
    return found;
}

/**
 * SHA-256 of the one certificate that a description allows, or null: with several, or other hashes, a browser would
 * accept certificates that the words do not speak of.
 */
export function certificateOf(sdp) {
    const found = new Set((sdp ?? "").match(/fingerprint:[^\r\n]*/gi)?.map((line) => line.trim().toLowerCase()));
    const match = found.size === 1 && /^fingerprint:sha-256 ([0-9a-f]{2}(?::[0-9a-f]{2}){31})$/.exec([...found][0]);
    return match ? fromHex(match[1].replaceAll(":", "")) : null;
}

/** This side's part in making the words, and what the other side says to it. */
export class WordExchange {
    /** Whether the other side's `reveal` is what comes next. */
    awaited = false;
    #role;
    #certificates;
    #theirCommitment = null;
    #nonce = crypto.getRandomValues(new Uint8Array(nonceBytes));

    /** `role` is ours; `certificates` are `{ local, remote }`. */
    constructor(role, certificates) {
        this.#role = role;
        this.#certificates = certificates;
    }

    /** For our `hello`, and the message behind it. */
    get commit() {
        return hex(commitment(this.#role, this.#nonce));
    }

    /** Takes the `commit` that the other side said. */
    meet(theirs) {
        this.#theirCommitment = fromHex(theirs);
        require(this.#theirCommitment?.length === 32, "an unsound commit");
        this.awaited = true;
    }

    get reveal() {
        return { type: "reveal", nonce: hex(this.#nonce) };
    }

    /** Takes the other side's `reveal`. Returns whether it is what it committed to, and a promise of the words. */
    open(message) {
        const nonce = fromHex(message.nonce);
        require(this.awaited && nonce?.length === nonceBytes, "an unsound reveal");
        this.awaited = false;
        const ours = { certificate: this.#certificates.local, nonce: this.#nonce };
        const theirs = { certificate: this.#certificates.remote, nonce };
        const [sender, receiver] = this.#role === "sender" ? [ours, theirs] : [theirs, ours];
        const theirRole = this.#role === "sender" ? "receiver" : "sender";
        const isTrue = equalInConstantTime(commitment(theirRole, nonce), this.#theirCommitment);
        return { isTrue, words: isTrue ? wordsOf(sender, receiver) : null };
    }
}
