// Which bytes of an item have come, when frames may come in any order, twice, or in other cuts.

export class Coverage {
    /** Disjoint ranges [begin, end), rising, none touching the next. */
    ranges = [];

    constructor(beginBytes = 0) {
        if (beginBytes > 0) this.ranges.push([0, beginBytes]);
    }

    /** Marks [begin, end) and returns the parts of it that are new, as ranges. */
    add(begin, end) {
        const fresh = this.missing(begin, end);
        if (fresh.length === 0) return fresh;
        let first = this.#after(begin);
        let last = first;
        let low = begin;
        let high = end;
        while (last < this.ranges.length && this.ranges[last][0] <= end) {
            low = Math.min(low, this.ranges[last][0]);
            high = Math.max(high, this.ranges[last][1]);
            last += 1;
        }
        this.ranges.splice(first, last - first, [low, high]);
        return fresh;
    }

    /** Joins the first ranges until there are `limit`: then some bytes count as come that did not. */
    join(limit) {
        if (this.ranges.length <= limit) return;
        const joined = this.ranges.splice(0, this.ranges.length - limit + 1);
        this.ranges.unshift([joined[0][0], joined.at(-1)[1]]);
    }

    /** The parts of [begin, end) that have not come. */
    missing(begin, end) {
        const gaps = [];
        let place = begin;
        for (let index = this.#after(begin); index < this.ranges.length && place < end; index += 1) {
            const [low, high] = this.ranges[index];
            if (low >= end) break;
            if (low > place) gaps.push([place, low]);
            place = Math.max(place, high);
        }
        if (place < end) gaps.push([place, end]);
        return gaps;
    }

    /** The first range that does not end before `place`. */
    #after(place) {
        let low = 0;
        let high = this.ranges.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (this.ranges[middle][1] < place) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
