// What the sender keeps through all its connections: what was chosen, and under which name it is offered. After a
// reload the files themselves are gone, since a browser gives them to a page only by the person's hand; their name stays.

import { hex, utf8 } from "./bytes.js";
import { SHA256 } from "./sha256.js";
import { Selection } from "./sources.js";

const storageKey = "martlet.outgoing";

/** What tells a list of files from another: names, sizes, times. */
export function digestOf(selection) {
    const hash = new SHA256();
    for (const { sources } of selection.choices) {
        for (const { path, size, mtime } of sources) hash.update(utf8(JSON.stringify([path, size, mtime])));
    }
    return hex(hash.digest());
}

export class Outgoing {
    selection = new Selection();
    /** Whether the other side said yes. */
    accepted = false;
    /** Whether the person pressed Send. */
    offered = false;
    transfer = hex(crypto.getRandomValues(new Uint8Array(8)));
    /** What was being sent when this tab was loaded again: `{ room, transfer, digest }`, or null. */
    earlier = null;
    #room;

    constructor(room) {
        this.#room = room;
        try {
            const earlier = JSON.parse(sessionStorage.getItem(storageKey));
            if (earlier?.room === room) this.earlier = earlier;
        } catch {
            // Nothing is kept here.
        }
    }

    /** Whether exactly the same files were chosen as before the page was loaded again. */
    get isSame() {
        return this.earlier !== null && this.selection.complete && digestOf(this.selection) === this.earlier.digest;
    }

    /** The person pressed Send. */
    begin() {
        if (this.isSame) this.transfer = this.earlier.transfer;
        this.offered = true;
    }

    /** The other side said yes to the whole list: a reload may come. */
    remember() {
        this.accepted = true;
        if (!this.selection.complete) return;
        try {
            const { transfer } = this;
            sessionStorage.setItem(storageKey, JSON.stringify({ room: this.#room, transfer, digest: digestOf(this.selection) }));
        } catch {
            // Then a reload begins anew.
        }
    }

    forget() {
        try {
            sessionStorage.removeItem(storageKey);
        } catch {
            // Nothing is kept here.
        }
    }
}
