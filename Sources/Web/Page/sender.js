// The sender of a transfer on one connection: offers what was chosen, reads it piece by piece, within the receiver's
// credit and the browser's queue. What outlives the connection is in Outgoing.

import { hex } from "./bytes.js";
import { Failure } from "./failures.js";
import { shownMessage, shownName } from "./text.js";
import { encodeFrame, isCount, isHash, offerItemCount, require } from "./transfer.js";
import { HashTree, leafBuffer, leafBytes, rootOf, segmentBytes } from "./tree.js";

/** An offer is said when it has so many characters, or after so long, however little was found. */
const offerLength = 40000;
const offerMilliseconds = 300;

/** The file is not what it was when it was chosen. */
class Changed extends Error {}

/** Item states: `waiting`, `moving`, `checking` (all is out), `kept` (the receiver has it), `failed`. */
export class Sender {
    items = [];
    totalBytes = 0;
    /** File bytes of this connection that the receiver said it has handled: what has left is no progress. */
    handledBytes = 0;
    /** What the receiver had already. */
    earlierBytes = 0;
    earlierCount = 0;
    keptCount = 0;
    complete = false;
    currentIndex = 0;
    #failedBytes = 0;
    #wires;
    #outgoing;
    #accepted = false;
    #stopped = false;
    #done = false;
    #sentBytes = 0;
    #limit = 0;
    #endedCount = 0;
    #endedBytes = 0;
    #confirmedCount = 0;
    #confirmedBytes = 0;
    /** Wakes the sending loop when credit came, items were found, an item was refused, or all is over. */
    #wake = () => {};

    constructor(wires, outgoing) {
        this.#wires = wires;
        this.#outgoing = outgoing;
    }

    get role() {
        return "sender";
    }

    get movedBytes() {
        return this.earlierBytes + this.handledBytes;
    }

    /** File bytes that will have moved at the end, as far as is known now. */
    get movingBytes() {
        return Math.max(this.totalBytes - this.#failedBytes, this.movedBytes);
    }

    /** Whether the receiver has something to say. */
    get expectsBytes() {
        return this.#accepted && !this.#stopped && (this.handledBytes < this.#sentBytes || this.#done);
    }

    /** Offers what was chosen, and goes on while folders are looked through. */
    async offer() {
        let batch = [];
        let length = 0;
        let time = performance.now();
        const say = (more) => {
            this.#wires.send({ type: "offer", transfer: this.#outgoing.transfer, items: batch, more });
            batch = [];
            length = 0;
            time = performance.now();
            this.#wires.onOffer(this.#outgoing.transfer);
        };
        for await (const source of this.#outgoing.selection.all()) {
            if (this.#stopped) return;
            const { kind, path, size, mtime } = source;
            const item = { item: this.items.length, kind, path, size, mtime };
            this.items.push({
                index: item.item, source, kind, path, size, mtime, state: "waiting", note: "",
                movedBytes: 0, sentBytes: 0, earlierBytes: 0, beginsAt: 0,
                name: shownName(path.join("/")) + (kind === "folder" ? "/" : ""),
            });
            this.totalBytes += size;
            const characters = JSON.stringify(item).length;
            // Counted in UTF-16; three times as much in UTF-8 still fits a message.
            if (batch.length > 0 && length + characters > offerLength / 2) say(true);
            batch.push(item);
            length += characters;
            if (batch.length === offerItemCount || performance.now() - time > offerMilliseconds) say(true);
            this.#wake();
        }
        if (this.#stopped) return;
        this.complete = true;
        say(false);
        if (this.#accepted) this.#outgoing.remember();
        this.#wake();
    }

    suspend() {
        this.#stopped = true;
        for (const item of this.items) if (item.state === "moving") item.state = "waiting";
        this.#wake();
    }

    /** Returns whether the message was known. Throws ProtocolError. */
    handleMessage(message) {
        switch (message.type) {
        case "have":
            require(!this.#accepted && message.transfer === this.#outgoing.transfer, "an unsound have");
            this.#handleHave(message);
            return true;
        case "accept":
            require(!this.#accepted && this.items.length > 0 && isCount(message.limit), "an unsound accept");
            this.#accepted = true;
            this.#limit = message.limit;
            this.#outgoing.remember();
            this.#wires.onAccepted(this.earlierCount > 0 || this.items.some((item) => item.partial));
            this.#sendItems();
            return true;
        case "decline":
            this.#wires.onFailure(new Failure("declined", shownMessage(message.reason ?? "")), null);
            return true;
        case "credit":
            require(isCount(message.received) && message.received <= this.#sentBytes, "credit for what was not sent");
            require(isCount(message.limit), "a credit without limit");
            this.handledBytes = Math.max(this.handledBytes, message.received);
            this.#showHandled();
            this.#limit = Math.max(this.#limit, message.limit);
            this.#wake();
            return true;
        case "confirmed": {
            const item = this.#item(message);
            if (item.state === "failed") return true;
            const same = message.root === item.root && message.bytes === item.size;
            require(item.state === "checking" && same, "a wrong confirmation");
            item.state = "kept";
            this.keptCount += 1;
            this.#confirmedCount += 1;
            this.#confirmedBytes += item.size;
            this.#wires.onChange();
            return true;
        }
        case "item-failed":
            this.#fail(this.#item(message), shownMessage(message.message ?? "") || "The other side could not keep it.");
            this.#wake();
            return true;
        case "receipt": {
            const same = message.items === this.#confirmedCount && message.bytes === this.#confirmedBytes;
            require(this.#done && same, "a receipt for something else");
            this.#conclude();
            return true;
        }
        default:
            return false;
        }
    }

    #handleHave(message) {
        require(Array.isArray(message.complete) && Array.isArray(message.partial), "an unsound have");
        for (const run of message.complete) {
            require(Array.isArray(run) && isCount(run[0]) && isCount(run[1]) && run[0] + run[1] <= this.items.length,
                "a have of no item");
            for (const item of this.items.slice(run[0], run[0] + run[1])) {
                require(item.state === "waiting", "a second have");
                item.state = "kept";
                item.movedBytes = item.size;
                this.keptCount += 1;
                this.earlierCount += 1;
                this.earlierBytes += item.size;
            }
        }
        for (const part of message.partial) {
            const item = this.items[part?.item];
            const sound = item?.state === "waiting" && isCount(part.bytes) && part.bytes > 0 && part.bytes < item.size
                && part.bytes % leafBytes === 0 && isHash(part.root);
            require(sound, "an unsound have");
            item.partial = part;
        }
    }

    #item(message) {
        const item = this.#accepted && isCount(message.item) ? this.items[message.item] : undefined;
        require(item, `${shownMessage(message.type)} of no item`);
        return item;
    }

    async #sendItems() {
        for (let index = 0; ; index += 1) {
            while (index >= this.items.length && !this.complete && !this.#stopped) await this.#woken();
            if (this.#stopped) return;
            if (index >= this.items.length) break;
            const item = this.items[index];
            if (item.state !== "waiting") continue;
            this.currentIndex = index;
            item.state = "moving";
            item.beginsAt = this.#sentBytes;
            this.#wires.onChange();
            try {
                await this.#sendItem(item);
            } catch (error) {
                if (this.#stopped || item.state === "failed") continue;
                const isChanged = error instanceof Changed || error.name === "NotReadableError";
                const [code, message] = isChanged
                    ? ["changed", "It changed while it was sent, or it is gone."]
                    : ["unreadable", "The browser could not read it."];
                this.#fail(item, message);
                this.#wires.send({ type: "item-failed", item: index, code, message });
            }
        }
        this.#done = true;
        this.#wires.send({ type: "done", items: this.#endedCount, bytes: this.#endedBytes });
    }

    async #sendItem(item) {
        let tree = new HashTree();
        if (item.kind !== "folder") {
            // A folder's file may be another one by now than when it was counted.
            await this.#checkUnchanged(item);
            tree = await this.#knownTree(item);
            if (item.partial) {
                item.movedBytes = item.earlierBytes = tree.wholeBytes;
                this.earlierBytes += tree.wholeBytes;
                this.#wires.send({ type: "item-begin", item: item.index, offset: tree.wholeBytes });
            }
            await this.#sendBytes(item, tree);
            if (this.#stopped || item.state === "failed") return;
            await this.#checkUnchanged(item);
        }
        if (this.#stopped || item.state === "failed") return;
        item.root = rootOf(tree.tree(), item.size);
        item.state = "checking";
        this.#endedCount += 1;
        this.#endedBytes += item.size;
        this.#wires.send({ type: "item-end", item: item.index, size: item.size, root: item.root });
    }

    async #checkUnchanged(item) {
        const now = await item.source.fresh?.();
        if (now && (now.size !== item.size || Math.floor(now.lastModified / 1000) !== item.mtime)) throw new Changed();
    }

    /** A leaf with its prefix, from the file. */
    async #read(item, offset) {
        const count = Math.min(leafBytes, item.size - offset);
        const bytes = new Uint8Array(await item.source.file.slice(offset, offset + count).arrayBuffer());
        if (bytes.length !== count) throw new Changed();
        const leaf = leafBuffer(count);
        leaf.set(bytes, 1);
        return leaf;
    }

    /** The tree of what the receiver has, if it has the same there; else an empty one. */
    async #knownTree(item) {
        const tree = new HashTree();
        const bytes = item.partial?.bytes ?? 0;
        for (let offset = 0; offset < bytes && !this.#stopped; offset += leafBytes) {
            await tree.append(await this.#read(item, offset));
        }
        return bytes > 0 && hex(tree.tree()) === item.partial.root ? tree : new HashTree();
    }

    async #sendBytes(item, tree) {
        let next = null;
        for (let start = tree.wholeBytes; start < item.size; start += leafBytes) {
            const leaf = await (next ?? this.#read(item, start));
            if (start + leafBytes < item.size) {
                next = this.#read(item, start + leafBytes);
                // If this item ends before the piece is wanted, nobody else would look at its failure.
                next.catch(() => {});
            }
            const appended = tree.append(leaf);
            const piece = leaf.subarray(1);
            let offset = 0;
            while (offset < piece.length) {
                while (this.#sentBytes >= this.#limit && !this.#stopped && item.state !== "failed") await this.#woken();
                await this.#wires.writable();
                if (this.#stopped || item.state === "failed") return;
                const count = Math.min(this.#wires.payloadBytes, piece.length - offset, this.#limit - this.#sentBytes);
                this.#wires.sendFrame(encodeFrame(item.index, start + offset, piece.subarray(offset, offset + count)));
                this.#sentBytes += count;
                item.sentBytes += count;
                offset += count;
            }
            const segment = await appended;
            if (segment !== null && (segment + 1) * segmentBytes < item.size && !this.#stopped) {
                this.#wires.send({ type: "segment", item: item.index, segment, hash: tree.segment(segment) });
            }
        }
    }

    /** Of the item that is on its way, that much has come as the other side says. */
    #showHandled() {
        const item = this.items[this.currentIndex];
        const handled = Math.max(0, this.handledBytes - item.beginsAt);
        if (item.state === "moving") item.movedBytes = item.earlierBytes + Math.min(handled, item.sentBytes);
    }

    #woken() {
        return new Promise((resolve) => {
            this.#wake = resolve;
        });
    }

    #fail(item, note) {
        if (item.state === "kept" || item.state === "failed") return;
        item.state = "failed";
        item.note = note;
        this.#failedBytes += Math.max(0, item.size - item.earlierBytes - item.sentBytes);
        this.#wires.onChange();
    }

    #conclude() {
        this.#stopped = true;
        for (const item of this.items) {
            if (item.state !== "kept") this.#fail(item, "The other side did not confirm it.");
        }
        this.#outgoing.forget();
        if (this.keptCount > 0) this.#wires.onFinished();
        else this.#wires.onFailure(new Failure("nothing-sent"), null);
    }
}
