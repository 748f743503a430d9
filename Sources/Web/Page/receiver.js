// The receiver of a transfer: offered items, a sink for each, credit for the sender, a checksum before a file is kept.

import { hex } from "./bytes.js";
import { Failure } from "./failures.js";
import { SHA256 } from "./sha256.js";
import { size, shownMessage } from "./text.js";
import { checkedItems, isCount, require, windowBytes } from "./transfer.js";

/** On a slow path credit is said this often: it is all that the sender's progress has to go by. */
const creditMilliseconds = 250;
/** Characters of names that are held at most. */
const textLengthLimit = 32 * 1024 * 1024;

/**
 * Item states: `waiting`, `moving`, `checking`, `kept`, `failed`. Memory is bounded by the window: the limit rises only
 * by what sinks have handed on.
 */
export class Receiver {
    /** The offered items, in the order of the offer. */
    items = [];
    /** Bytes of all items. */
    totalBytes = 0;
    /** File bytes that have been handed on to the browser, or dropped. */
    handledBytes = 0;
    #wires;
    #transfer = null;
    #offered = false;
    #accepted = false;
    #stopped = false;
    #done = false;
    #arrivedBytes = 0;
    #limit = 0;
    #creditTime = 0;
    #textLength = 0;
    #current = -1;
    /** Settles when the sink before has been finished or stopped: downloads go one after another. */
    #turn = Promise.resolve();

    constructor(wires) {
        this.#wires = wires;
    }

    get role() {
        return "receiver";
    }

    /** Items that this browser cannot keep because of their size. */
    get tooBig() {
        return this.items.filter((item) => item.size > this.#wires.sinks.limitBytes);
    }

    /** File bytes that will have moved at the end, as far as is known now. */
    get movingBytes() {
        return this.items.reduce((sum, item) => sum + (item.state === "failed" ? item.movedBytes : item.size), 0);
    }

    /** The person said yes. What is too big for this browser is turned down, item by item. */
    accept() {
        if (!this.#offered || this.#accepted) return;
        this.#accepted = true;
        this.#limit = windowBytes;
        this.#wires.send({ type: "accept", transfer: this.#transfer, limit: this.#limit });
        for (const item of this.tooBig) {
            this.#refuse(item, "storage", `Larger than this page can keep (${size(this.#wires.sinks.limitBytes)}).`);
        }
        this.#wires.onAccepted();
    }

    decline(reason) {
        this.#wires.send({ type: "decline", transfer: this.#transfer, reason });
    }

    /** Ends everything at once: what is not kept yet is dropped. */
    stop(reason) {
        this.#stopped = true;
        for (const item of this.items) {
            if (item.state === "moving" || item.state === "checking") this.#drop(item, reason);
        }
    }

    /** Returns whether the message was known. Throws ProtocolError. */
    handleMessage(message) {
        switch (message.type) {
        case "offer":
            this.#handleOffer(message);
            return true;
        case "item-end": {
            const item = this.#item(message);
            if (item.state === "failed") return true;
            require(message.size === item.size && /^[0-9a-f]{64}$/.test(message.sha256), "an unsound item-end");
            item.expected = message.sha256;
            this.#concludeIfComplete(item);
            return true;
        }
        case "item-failed": {
            const item = this.#item(message);
            if (item.state === "kept") return true;
            const reason = shownMessage(message.message ?? "");
            this.#drop(item, `The sender could not read it${reason ? `: ${reason}` : "."}`);
            this.#conclude();
            return true;
        }
        case "done":
            require(this.#accepted, "done before accept");
            this.#done = true;
            // Control messages are in order: what has no item-end by now will not come.
            for (const item of this.items) {
                const settled = item.state === "kept" || item.state === "failed";
                if (!settled && !item.expected) this.#drop(item, "It was not sent.");
            }
            this.#conclude();
            return true;
        default:
            return false;
        }
    }

    /** A decoded data frame. Throws ProtocolError. */
    handleFrame({ item: index, offset, payload }) {
        this.#arrivedBytes += payload.length;
        require(this.#accepted && this.#arrivedBytes <= this.#limit, "more bytes than it was allowed");
        const item = this.items[index];
        require(item, "a frame of no item");
        item.movedBytes += payload.length;
        if (index !== this.#current && item.state === "waiting") {
            require(index > this.#current, "items out of order");
            // The items before have failed at their source if they are not complete: the control channel is behind.
            for (const before of this.items.slice(Math.max(this.#current, 0), index)) {
                const lacks = before.movedBytes < before.size && before.state !== "failed";
                if (lacks) this.#drop(before, "The sender could not read it.");
            }
            this.#current = index;
            this.#begin(item);
        }
        if (item.state === "failed") {
            this.#handled(payload.length);
            return;
        }
        require(index === this.#current && offset === item.movedBytes - payload.length, "a frame out of order");
        require(payload.length <= item.size - offset, "more bytes than the file has");
        item.hash.update(payload);
        // From here on the payload may be gone: the sink moves its memory to another thread.
        item.sink.write(payload);
        this.#concludeIfComplete(item);
    }

    #item(message) {
        const item = this.#accepted && isCount(message.item) ? this.items[message.item] : undefined;
        require(item, `${message.type} of no item`);
        return item;
    }

    #handleOffer(message) {
        require(!this.#offered, "a second offer");
        require(typeof message.transfer === "string" && /^.{1,64}$/u.test(message.transfer), "an offer without name");
        require(this.#transfer === null || this.#transfer === message.transfer, "an offer of another transfer");
        this.#transfer = message.transfer;
        const items = checkedItems(message, this.items.length);
        this.totalBytes += items.reduce((sum, item) => sum + item.size, 0);
        require(isCount(this.totalBytes), "an offer of more than 2^53 bytes");
        this.#textLength += items.reduce((sum, item) => sum + item.last.length, 0);
        require(this.#textLength <= textLengthLimit, "an offer of too long names");
        require(items.length > 0 || message.more !== true, "an offer of nothing");
        this.items.push(...items);
        this.#offered = message.more !== true;
        require(!this.#offered || this.items.length > 0, "an empty offer");
        this.#wires.onOffer(this.#offered);
    }

    #begin(item) {
        item.state = "moving";
        item.hash = new SHA256();
        item.sink = this.#wires.sinks.open(item.last, item.size, this.#turn, {
            onHandled: (count) => this.#handled(count),
            onStopped: (reason) => {
                if (item.state === "moving" || item.state === "checking") this.#refuse(item, "storage", reason);
            },
        });
        this.#turn = item.sink.settled;
    }

    #handled(count) {
        this.handledBytes += count;
        const due = this.handledBytes + windowBytes - this.#limit >= windowBytes / 4
            || performance.now() - this.#creditTime >= creditMilliseconds;
        if (due && !this.#stopped) this.#sendCredit();
    }

    #sendCredit() {
        this.#limit = this.handledBytes + windowBytes;
        this.#creditTime = performance.now();
        this.#wires.send({ type: "credit", received: this.handledBytes, limit: this.#limit });
    }

    #concludeIfComplete(item) {
        if (item.state === "waiting" && item.size === 0) this.#begin(item);
        if (item.state !== "moving" || item.movedBytes !== item.size || !item.expected) return;
        item.state = "checking";
        const digest = hex(item.hash.digest());
        if (digest !== item.expected) {
            item.damaged = true;
            this.#refuse(item, "integrity", "It arrived damaged: the checksum does not match.");
            return;
        }
        item.sink.finish().then(() => {
            if (this.#stopped || item.state !== "checking") return;
            item.state = "kept";
            item.sink = item.hash = null;
            this.#sendCredit();
            this.#wires.send({ type: "confirmed", item: item.index, bytes: item.size, sha256: digest });
            this.#conclude();
        });
    }

    /** Turns one item down and tells the sender; the others go on. */
    #refuse(item, code, reason) {
        this.#drop(item, reason);
        this.#wires.send({ type: "item-failed", item: item.index, code, message: reason });
        this.#conclude();
    }

    #drop(item, note) {
        if (item.state !== "failed") {
            item.state = "failed";
            const pending = item.sink?.abort() ?? 0;
            item.sink = item.hash = null;
            if (pending > 0) this.#handled(pending);
        }
        item.note = note;
        this.#wires.onChange();
    }

    #conclude() {
        this.#wires.onChange();
        if (!this.#done || this.#stopped) return;
        if (this.items.some((item) => item.state !== "kept" && item.state !== "failed")) return;
        this.#stopped = true;
        const kept = this.items.filter((item) => item.state === "kept");
        const bytes = kept.reduce((sum, item) => sum + item.size, 0);
        this.#wires.send({ type: "receipt", items: kept.length, bytes });
        if (kept.length > 0) {
            this.#wires.onFinished();
        } else {
            const damaged = this.items.every((item) => item.damaged);
            this.#wires.onFailure(new Failure(damaged ? "damaged" : "nothing-kept"), null);
        }
    }
}
