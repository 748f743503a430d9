// Puts frames in order again that may come in any order, twice, or in other cuts. Bounded by the window of the
// receiver, and by a count of pieces.

import { Coverage } from "./coverage.js";
import { require } from "./transfer.js";

const pieceCountLimit = 16384;
const gapCountLimit = 1000;
const unwantedRangeLimit = 256;

export class Reorder {
    /** What has come of each item, and pieces whose turn has not: item -> offset -> bytes. */
    #coverage = new Map();
    #pieces = new Map();
    #pieceCount = 0;

    /** The first `bytes` of an item are here from before. */
    begin(index, bytes) {
        this.#coverage.set(index, new Coverage(bytes));
    }

    /** The ranges of [begin, end) that have not come. */
    missing(index, begin, end) {
        return (this.#coverage.get(index) ?? new Coverage()).missing(begin, end);
    }

    /** What lacks before the mark of the items from `first` on, as `[item, offset, length]`, not all at once. */
    gaps(items, first, mark) {
        const ranges = [];
        for (let index = first; index <= mark.item && ranges.length < gapCountLimit; index += 1) {
            const { state, size } = items[index];
            if (state !== "waiting" && state !== "moving") continue;
            for (const [low, high] of this.missing(index, 0, index === mark.item ? mark.offset : size ?? 0)) {
                if (ranges.length < gapCountLimit) ranges.push([index, low, high - low]);
            }
        }
        return ranges;
    }

    /** Keeps what is new, if `isWanted`; returns the count of new bytes. Throws ProtocolError. */
    add({ item: index, offset, payload }, isWanted) {
        if (!this.#coverage.has(index)) this.#coverage.set(index, new Coverage());
        let count = 0;
        for (const [low, high] of this.#coverage.get(index).add(offset, offset + payload.length)) {
            count += high - low;
            if (!isWanted) continue;
            require(this.#pieceCount < pieceCountLimit, "too many small frames");
            if (!this.#pieces.has(index)) this.#pieces.set(index, new Map());
            this.#pieces.get(index).set(low, payload.subarray(low - offset, high - offset));
            this.#pieceCount += 1;
        }
        // Of what nobody wants the places are remembered roughly.
        if (!isWanted) this.#coverage.get(index).join(unwantedRangeLimit);
        return count;
    }

    /** Removes the piece that begins at `position`. New bytes never overlap, so there is one or none. */
    take(index, position) {
        const pieces = this.#pieces.get(index);
        const piece = pieces?.get(position);
        if (!piece) return null;
        pieces.delete(position);
        if (pieces.size === 0) this.#pieces.delete(index);
        this.#pieceCount -= 1;
        return piece;
    }

    /** Forgets the pieces of an item; returns their bytes. */
    drop(index) {
        let count = 0;
        for (const piece of this.#pieces.get(index)?.values() ?? []) {
            count += piece.length;
            this.#pieceCount -= 1;
        }
        this.#pieces.delete(index);
        return count;
    }

    clear() {
        this.#pieces.clear();
        this.#pieceCount = 0;
    }
}
