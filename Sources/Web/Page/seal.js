// What the key of an exchange is used for (Docs/Protocols/Rooms.md): confirmations, sealed bodies, the proof on the
// channel. HKDF (RFC 5869) over HMAC-SHA-512, XSalsa20-Poly1305.

import { base64url, concatenate, fromBase64url, lengthAndValue, textOf, utf8 } from "./bytes.js";
import { nacl } from "./cpace.js";
import { Failure } from "./failures.js";

const blockBytes = 128;
const keyBytes = 32;

/** HMAC with SHA-512 (RFC 2104). */
function hmac512(key, message) {
    const block = new Uint8Array(blockBytes);
    block.set(key.length > blockBytes ? nacl.hash(key) : key);
    const inner = nacl.hash(concatenate(block.map((byte) => byte ^ 0x36), message));
    return nacl.hash(concatenate(block.map((byte) => byte ^ 0x5c), inner));
}

/** A code of 32 bytes over several values. */
function code(key, ...values) {
    return hmac512(key, concatenate(...values.map(lengthAndValue))).subarray(0, keyBytes);
}

/** All keys of one exchange. */
export class KeySchedule {
    #root;

    /** From the session identifier and CPace's intermediate session key. */
    constructor(session, intermediateKey) {
        this.#root = hmac512(session, intermediateKey);
    }

    /** The key of one purpose: 32 bytes. */
    key(label) {
        return hmac512(this.#root, concatenate(utf8(`martlet rooms 2 ${label}`), Uint8Array.of(1))).subarray(0, keyBytes);
    }

    /** What shows that `side` (`host` or `guest`) knows the secret: over both `{ share, data }` of the exchange. */
    confirmation(side, { a, b }) {
        return code(this.key(`confirm ${side}`), a.share, a.data, b.share, b.data);
    }

    /** What `side` says first on the control channel: over its own certificate and the one it saw, SHA-256 of each. */
    proof(side, own, seen) {
        return code(this.key(`channel ${side}`), own, seen);
    }

    /** The sealing of the bodies that `side` sends. */
    seal(side) {
        return new Seal(this.key(`seal ${side}`));
    }
}

/** The bodies of both directions, as soon as the keys are known. */
export class SealedBodies {
    #outward;
    #inward;

    /** `own` and `other` are the sides, `host` and `guest` or the other way round. */
    constructor(keys, own, other) {
        this.#outward = keys.seal(own);
        this.#inward = keys.seal(other);
    }

    /** The body with a payload. */
    close(payload) {
        const seq = this.#outward.count;
        return { seq, sealed: base64url(this.#outward.close(JSON.stringify(payload))) };
    }

    /** The payload of the next body. Throws a Failure if it is not that. */
    open(body) {
        const box = body?.seq === this.#inward.count ? fromBase64url(body.sealed) : null;
        const text = box && this.#inward.open(box);
        if (text === null) throw new Failure("cannot-verify");
        return JSON.parse(text);
    }
}

/** The sealing of one direction: each body has the next number, and opens with no other. */
export class Seal {
    #key;
    #count = 0;

    constructor(key) {
        this.#key = key;
    }

    /** How many bodies were sealed or opened: the number of the next one. */
    get count() {
        return this.#count;
    }

    /** Seals a text under the next number. */
    close(text) {
        const box = nacl.secretbox(utf8(text), this.#nonce(), this.#key);
        this.#count += 1;
        return box;
    }

    /** The text of the next box, or null if it is not that. */
    open(box) {
        const bytes = nacl.secretbox.open(box, this.#nonce(), this.#key);
        if (!bytes) return null;
        this.#count += 1;
        return textOf(bytes);
    }

    #nonce() {
        const nonce = new Uint8Array(nacl.secretbox.nonceLength);
        new DataView(nonce.buffer).setBigUint64(16, BigInt(this.#count));
        return nonce;
    }
}
