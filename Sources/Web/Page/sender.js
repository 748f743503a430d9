// The sender of a transfer: reads the chosen files piece by piece, within the receiver's credit and the browser's
// queue.

import { hex } from "./bytes.js";
import { Failure } from "./failures.js";
import { SHA256 } from "./sha256.js";
import { shownMessage, shownName } from "./text.js";
import { encodeFrame, isCount, require } from "./transfer.js";

/** Bytes that are read from a file at once; one such piece is read ahead. */
const pieceBytes = 1024 * 1024;

/** Item states: `waiting`, `moving`, `checking` (all is out), `kept` (the receiver confirmed it), `failed`. */
export class Sender {
    items = [];
    totalBytes = 0;
    /** File bytes that the receiver said it has handled: what has left is no progress. */
    handledBytes = 0;
    #wires;
    #transfer = "1";
    #files = [];
    #accepted = false;
    #stopped = false;
    #done = false;
    #sentBytes = 0;
    #limit = 0;
    /** Wakes the sending loop when credit came, an item was refused, or all is over. */
    #wake = null;

    constructor(wires) {
        this.#wires = wires;
    }

    get role() {
        return "sender";
    }

    get tooBig() {
        return [];
    }

    /** File bytes that will have moved at the end, as far as is known now. */
    get movingBytes() {
        return this.items.reduce((sum, item) => sum + (item.state === "failed" ? item.movedBytes : item.size), 0);
    }

    /** Offers the chosen files. */
    offer(files) {
        if (this.#files.length > 0 || files.length === 0) return;
        this.#files = Array.from(files);
        this.items = this.#files.map((file, index) => ({
            index, name: shownName(file.name), size: file.size, movedBytes: 0, state: "waiting", note: "",
        }));
        this.totalBytes = this.items.reduce((sum, item) => sum + item.size, 0);
        const offered = this.#files.map((file, item) => ({
            item,
            path: [this.#component(file.name)],
            size: file.size,
            mtime: Math.floor(file.lastModified / 1000),
        }));
        // A name has at most 255 bytes as a rule: 100 items stay well below the 64 KiB of a message.
        for (let first = 0; first < offered.length; first += 100) {
            const items = offered.slice(first, first + 100);
            const more = first + 100 < offered.length;
            this.#wires.send({ type: "offer", transfer: this.#transfer, items, more });
        }
    }

    stop(reason) {
        this.#stopped = true;
        for (const item of this.items) {
            if (item.state === "moving" || item.state === "checking") this.#fail(item, reason);
        }
        this.#wake?.();
    }

    /** Returns whether the message was known. Throws ProtocolError. */
    handleMessage(message) {
        switch (message.type) {
        case "accept":
            require(!this.#accepted && this.items.length > 0 && isCount(message.limit), "an unsound accept");
            this.#accepted = true;
            this.#limit = message.limit;
            this.#wires.onAccepted();
            this.#sendItems();
            return true;
        case "decline":
            this.#wires.onFailure(new Failure("declined", shownMessage(message.reason ?? "")), null);
            return true;
        case "credit":
            require(isCount(message.received) && message.received <= this.#sentBytes, "credit for what was not sent");
            require(isCount(message.limit), "a credit without limit");
            this.handledBytes = Math.max(this.handledBytes, message.received);
            this.#limit = Math.max(this.#limit, message.limit);
            this.#wake?.();
            return true;
        case "confirmed": {
            const item = this.#item(message);
            if (item.state === "failed") return true;
            const same = message.sha256 === item.digest && message.bytes === item.size;
            require(item.state === "checking" && same, "a wrong confirmation");
            item.state = "kept";
            this.#wires.onChange();
            return true;
        }
        case "item-failed": {
            const item = this.#item(message);
            this.#fail(item, shownMessage(message.message ?? "") || "The other side could not keep it.");
            this.#wake?.();
            return true;
        }
        case "receipt":
            require(this.#done, "a receipt before done");
            this.#checkReceipt(message);
            this.#conclude();
            return true;
        default:
            return false;
        }
    }

    /** A browser's file name is a single component already; this is for the ones that are not. */
    #component(name) {
        const component = name.replace(/[/\0]/g, "_");
        return component === "" || component === "." || component === ".." ? "file" : component;
    }

    #item(message) {
        const item = this.#accepted && isCount(message.item) ? this.items[message.item] : undefined;
        require(item, `${message.type} of no item`);
        return item;
    }

    async #sendItems() {
        for (const item of this.items) {
            if (this.#stopped) return;
            if (item.state !== "waiting") continue;
            item.state = "moving";
            this.#wires.onChange();
            try {
                await this.#sendItem(item, this.#files[item.index]);
            } catch (error) {
                if (this.#stopped || item.state === "failed") continue;
                const code = error.name === "NotReadableError" ? "changed" : "unreadable";
                const message = "The browser could not read it: it was changed, moved, or is not readable.";
                this.#fail(item, message);
                this.#wires.send({ type: "item-failed", item: item.index, code, message });
            }
        }
        if (this.#stopped) return;
        const out = this.items.filter((item) => item.digest);
        this.#done = true;
        this.#wires.send({ type: "done", items: out.length, bytes: out.reduce((sum, item) => sum + item.size, 0) });
    }

    async #sendItem(item, file) {
        const hash = new SHA256();
        const read = (offset) => file.slice(offset, Math.min(offset + pieceBytes, item.size)).arrayBuffer();
        let next = item.size > 0 ? read(0) : null;
        for (let start = 0; start < item.size; start += pieceBytes) {
            const piece = new Uint8Array(await next);
            if (piece.length !== Math.min(pieceBytes, item.size - start)) throw new Error("the file became shorter");
            if (start + pieceBytes < item.size) {
                next = read(start + pieceBytes);
                // If this item ends before the piece is wanted, nobody else would look at its failure.
                next.catch(() => {});
            }
            hash.update(piece);
            let offset = 0;
            while (offset < piece.length) {
                await this.#credit(item);
                await this.#wires.writable();
                if (this.#stopped || item.state === "failed") return;
                const count = Math.min(this.#wires.payloadBytes, piece.length - offset, this.#limit - this.#sentBytes);
                const payload = piece.subarray(offset, offset + count);
                this.#wires.sendFrame(encodeFrame(item.index, start + offset, payload));
                this.#sentBytes += count;
                item.movedBytes += count;
                offset += count;
            }
        }
        item.digest = hex(hash.digest());
        item.state = "checking";
        this.#wires.send({ type: "item-end", item: item.index, size: item.size, sha256: item.digest });
    }

    /** Waits until at least one byte may be sent. */
    async #credit(item) {
        while (this.#sentBytes >= this.#limit && !this.#stopped && item.state !== "failed") {
            await new Promise((resolve) => {
                this.#wake = resolve;
            });
        }
    }

    #fail(item, note) {
        if (item.state === "kept") return;
        item.state = "failed";
        item.note = note;
        this.#wires.onChange();
    }

    #checkReceipt(message) {
        const kept = this.items.filter((item) => item.state === "kept");
        const bytes = kept.reduce((sum, item) => sum + item.size, 0);
        require(message.items === kept.length && message.bytes === bytes, "a receipt for something else");
    }

    #conclude() {
        this.#stopped = true;
        for (const item of this.items) {
            if (item.state !== "kept" && item.state !== "failed") this.#fail(item, "The other side did not confirm it.");
        }
        if (this.items.some((item) => item.state === "kept")) this.#wires.onFinished();
        else this.#wires.onFailure(new Failure("nothing-sent"), null);
    }
}
