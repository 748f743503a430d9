// One item on its way in: its bytes become leaves, leaves are hashed, and go on to the sink in their order.

import { HashTree, leafBuffer, leafBytes } from "./tree.js";

export class Intake {
    tree;
    sink;
    #sizeBytes;
    #leaf = null;
    #filled = 0;
    #chain = Promise.resolve();
    #over = false;
    #onSegment;

    /**
     * An item of `sizeBytes` (null: not known), of which the sink has what `tree` has already. `onSegment(number)` is
     * called when the hash of a segment is known; `onHandled` belongs to the sink.
     */
    constructor(sink, sizeBytes, tree = new HashTree()) {
        this.sink = sink;
        this.tree = tree;
        this.#sizeBytes = sizeBytes;
        this.positionBytes = tree.wholeBytes;
        this.#onSegment = () => {};
    }

    /** Bytes of the item up to here. */
    positionBytes;
    /** Bytes that the sink was given, by this object. */
    givenBytes = 0;

    set onSegment(callback) {
        this.#onSegment = callback;
    }

    /** Takes the bytes that follow. They are copied: a small frame does not hold a big buffer. */
    write(bytes) {
        let offset = 0;
        while (offset < bytes.length) {
            if (this.#filled === leafBytes) this.#emit();
            this.#leaf ??= leafBuffer((this.#sizeBytes ?? Infinity) - this.positionBytes);
            const count = Math.min(leafBytes - this.#filled, bytes.length - offset);
            this.#leaf.set(bytes.subarray(offset, offset + count), 1 + this.#filled);
            this.#filled += count;
            this.positionBytes += count;
            offset += count;
        }
    }

    /** Resolves with `tree` of everything when the sink has been given all of it, but was not told that it is whole. */
    async finish() {
        if (this.#filled > 0) this.#emit();
        await this.#chain;
        return this.tree.tree();
    }

    /**
     * Forgets what is not a whole leaf with something behind it, so that less than all is here, and resolves with the
     * bytes that stay when the sink has been given them.
     */
    async cut() {
        this.#leaf = null;
        const dropped = this.#filled;
        this.#filled = 0;
        this.positionBytes -= dropped;
        await this.#chain;
        return this.positionBytes;
    }

    /** Drops everything; returns how many bytes the sink will say nothing about. */
    abort() {
        const pending = this.#filled + this.#hashingBytes + this.sink.abort();
        this.#over = true;
        this.#filled = 0;
        this.#leaf = null;
        return pending;
    }

    #hashingBytes = 0;

    #emit() {
        const leaf = this.#leaf.subarray(0, 1 + this.#filled);
        const count = this.#filled;
        this.#leaf = null;
        this.#filled = 0;
        this.#hashingBytes += count;
        const appended = this.tree.append(leaf);
        this.#chain = this.#chain.then(() => appended).then((segment) => {
            if (this.#over) return;
            this.#hashingBytes -= count;
            this.givenBytes += count;
            // In this order and in one turn: whoever looks at the tree finds in it what the sink was given.
            this.sink.write(leaf.subarray(1), this.tree);
            if (segment !== null) this.#onSegment(segment);
        });
    }
}
