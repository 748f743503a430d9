// The hash of an item (Docs/Protocols/Transfer.md): a tree of SHA-256 over leaves of 256 KiB, so that what has come can
// be checked piece by piece, and a part of it proved without the rest.

import { hex } from "./bytes.js";
import { SHA256 } from "./sha256.js";

/** Bytes of a whole leaf. */
export const leafBytes = 256 * 1024;
/** Leaves of a segment, and its bytes: 64 MiB. */
export const segmentLeaves = 256;
export const segmentBytes = leafBytes * segmentLeaves;

const nodePrefix = Uint8Array.of(1);
const rootPrefix = Uint8Array.of(2);

/** The tree's hash of one leaf, whose buffer begins with the byte 0. Off the page's thread where WebCrypto is there. */
async function leafHash(prefixed) {
    if (!globalThis.crypto?.subtle) return new SHA256().update(prefixed).digest();
    return new Uint8Array(await crypto.subtle.digest("SHA-256", prefixed));
}

/** The tree over hashes of leaves, or of segments. Without any: SHA-256 of nothing. */
export function merged(hashes, first = 0, count = hashes.length) {
    if (count === 0) return new SHA256().digest();
    if (count === 1) return hashes[first];
    let left = 1;
    while (left * 2 < count) left *= 2;
    return new SHA256().update(nodePrefix).update(merged(hashes, first, left))
        .update(merged(hashes, first + left, count - left)).digest();
}

/** The hash of a whole item in hexadecimal digits: its tree under its size. */
export function rootOf(tree, sizeBytes) {
    const size = new Uint8Array(8);
    new DataView(size.buffer).setBigUint64(0, BigInt(sizeBytes));
    return hex(new SHA256().update(rootPrefix).update(size).update(tree).digest());
}

const spareBuffers = [];
const spareCount = 16;

/** A buffer for a leaf of at most `count` bytes, which begin behind the prefix. */
export function leafBuffer(count = leafBytes) {
    const spare = count >= leafBytes ? spareBuffers.pop() : undefined;
    return spare ? new Uint8Array(spare) : new Uint8Array(1 + Math.min(count, leafBytes));
}

/** Gives a leaf's buffer back, to be used again: browsers are slow to collect big ones. */
export function recycleLeaf(buffer) {
    if (buffer.byteLength === 1 + leafBytes && spareBuffers.length < spareCount) spareBuffers.push(buffer);
}

/** The tree of an item that grows leaf by leaf. `segments` and `leaves` (of the last segment) are its whole state. */
export class HashTree {
    segments;
    leaves;
    #chain = Promise.resolve();

    /** Begins empty, or with the hashes of what is there already. */
    constructor(segments = [], leaves = []) {
        this.segments = segments.slice();
        this.leaves = leaves.slice();
    }

    /** Bytes of the whole leaves so far; what the last, shorter one adds is not told apart. */
    get wholeBytes() {
        return this.segments.length * segmentBytes + this.leaves.length * leafBytes;
    }

    /** Appends a leaf (with its prefix); resolves with the number of the segment that it completes, or null. */
    append(prefixed) {
        const digest = leafHash(prefixed);
        this.#chain = Promise.all([this.#chain, digest]).then(([, hash]) => {
            this.leaves.push(hash);
            if (this.leaves.length < segmentLeaves) return null;
            this.segments.push(merged(this.leaves));
            this.leaves = [];
            return this.segments.length - 1;
        });
        return this.#chain;
    }

    /** `tree` of all leaves so far. */
    tree() {
        return merged(this.leaves.length > 0 ? [...this.segments, merged(this.leaves)] : this.segments);
    }

    /** Segment's hash in hexadecimal digits, or undefined while it is not complete. */
    segment(number) {
        return this.segments[number] && hex(this.segments[number]);
    }
}
