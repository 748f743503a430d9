// What a receiver says before its yes on a connection that goes on with a transfer: the items that need not come again,
// and the one of which the beginning is here.

/** Runs of items in one message, which stays below 64 KiB. */
const runLimit = 2000;

/** Marks the items of the offer that are here; returns them as `kept`, and the `have` messages that say so. */
export async function whatIsHere({ items, transfer }, holdings) {
    const kept = [];
    const runs = [];
    for (const item of items) {
        if (holdings.keptRoot(item) === null) continue;
        item.state = "kept";
        item.movedBytes = item.size ?? 0;
        kept.push(item);
        const last = runs.at(-1);
        if (last && last[0] + last[1] === item.index) last[1] += 1;
        else runs.push([item.index, 1]);
    }
    const partial = [];
    const found = await holdings.findPartial(items);
    if (found) {
        const { item, bytes, root } = found;
        item.partialBytes = bytes;
        partial.push({ item: item.index, bytes, root });
    }
    const messages = [];
    for (let first = 0; first < runs.length || (first === 0 && partial.length > 0); first += runLimit) {
        const complete = runs.slice(first, first + runLimit);
        messages.push({ type: "have", transfer, complete, partial: first === 0 ? partial : [] });
    }
    return { kept, messages };
}
