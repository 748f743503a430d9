// What the receiver has of a transfer, through all its connections and, where the browser can store, through reloads.

import { hex, utf8 } from "./bytes.js";
import { saveArchive, saveFile } from "./handover.js";
import { Intake } from "./intake.js";
import { recordName } from "./journal.js";
import { archivePath, uniqueNames } from "./plan.js";
import { SHA256 } from "./sha256.js";
import { savedName, size } from "./text.js";
import { textBytesLimit } from "./transfer.js";
import { HashTree } from "./tree.js";

/** So long the bytes of a file stay behind its hand-over: Firefox has megabytes of it on their way to the disk still. */
const settleMilliseconds = (bytes) => 1000 + Math.min(3000, bytes / 25000);

const listDigest = (items) => {
    const hash = new SHA256();
    for (const item of items) hash.update(utf8(`${item.key}\n`));
    return hex(hash.digest());
};

/** Collects a text for the person. */
class TextSink {
    bytes = new Uint8Array(0);
    held = false;
    #onHandled;

    constructor(onHandled) {
        this.#onHandled = onHandled;
    }

    write(bytes) {
        const whole = new Uint8Array(Math.min(this.bytes.length + bytes.length, textBytesLimit));
        whole.set(this.bytes);
        whole.set(bytes.subarray(0, whole.length - this.bytes.length), this.bytes.length);
        this.bytes = whole;
        this.#onHandled(bytes.length);
    }

    async finish() {}

    abort() {
        return 0;
    }
}

/** Callbacks: `onDelivery(bytes, held)` while files are handed to the downloads folder. */
export class Holdings {
    /** Whether the person said yes to this transfer. */
    accepted = false;
    transfer = null;
    plan = null;
    store = null;
    /** Texts for the person: `{ name, text }`. */
    texts = [];
    /** Items that are whole but that the browser did not take: `{ item, reason }`. */
    undelivered = [];
    /** Whether everything is in its place, and only the sender may not know it. */
    delivered = false;
    #room;
    #ways;
    #list = null;
    #roots = new Map();
    #open = null;
    #keeping = new Set();
    #deliveries = Promise.resolve();
    /** Keys of files whose hand-over this page has begun. */
    #tried = new Set();
    #settling = [];
    #recalled = false;
    /** What lay here when the page was loaded. */
    #recalledBytes = 0;
    #onDelivery;

    constructor(room, ways, onDelivery) {
        this.#room = room;
        this.#ways = ways;
        this.#onDelivery = onDelivery;
    }

    /** Whether what is here outlives the page. */
    get resumable() {
        return this.store?.resumable === true;
    }

    /**
     * Looks for the transfer that this browser was in the middle of, in this room: the newest, or the one with this
     * name. Returns whether there is one.
     */
    async recall(transfer = null) {
        if (this.#recalled || !this.#ways.journal || !this.#ways.worker) return this.accepted;
        this.#recalled = true;
        try {
            const { journal } = this.#ways;
            const id = transfer === null ? (await journal.transferOf(this.#room))?.id : recordName(this.#room, transfer);
            const found = id && await journal.load(id);
            if (!found) return false;
            const { record, items } = found;
            this.plan = this.#ways.plan([], 0, true);
            this.plan.way = "storage";
            this.plan.archive = record.mode;
            this.store = await this.plan.open(this.#room, record.transfer, record, items);
            this.transfer = record.transfer;
            this.#list = record.list;
            this.accepted = true;
            this.delivered = record.delivered === true;
            this.#recalledBytes = this.store.storedBytes;
            for (const item of items) if (item.complete) this.#roots.set(item.key, item.root);
            return true;
        } catch {
            // Another tab has it, or the browser cleared its storage: it begins anew.
            this.store = this.plan = null;
            return false;
        }
    }

    /** Whether the person has said yes to exactly this offer before. */
    covers(transfer, items) {
        if (!this.accepted || this.transfer !== transfer) return false;
        // What was saved before is not open for more; texts are shown, not stored.
        if (this.delivered && items.some((item) => item.kind !== "text" && !this.#roots.has(item.key))) return false;
        return this.#list === null || this.#list === listDigest(items);
    }

    /** Another transfer came instead of the one that was here, or another list: what does not belong goes. */
    async forget() {
        await this.store?.discard();
        this.#open?.intake.abort();
        this.store = this.plan = this.#open = this.#list = this.transfer = null;
        this.#roots.clear();
        this.texts = [];
        this.undelivered = [];
        this.#tried.clear();
        this.accepted = this.delivered = false;
        this.#recalledBytes = 0;
    }

    /** The person said yes to this plan. */
    async accept(transfer, plan) {
        this.plan = plan;
        this.transfer = transfer;
        this.store = await plan.open(this.#room, transfer);
        this.accepted = true;
    }

    noteList(items, totalBytes) {
        const list = listDigest(items);
        if (this.#list === list) return;
        this.#list = list;
        this.store.setList(list, totalBytes).catch(() => {});
    }

    /** How much of the transfer was here when the page was loaded, from 0 to 1. */
    get recalledShare() {
        const total = this.store?.record?.totalBytes ?? 0;
        return total > 0 ? Math.min(1, this.store.storedBytes / total) : 0;
    }

    refusal(item) {
        return this.plan.refusal(item);
    }

    /** Why an offer of so many bytes, which may have grown since the yes, cannot be stored whole; or null. */
    shortage(totalBytes) {
        if (this.plan.way !== "storage" || this.delivered) return null;
        const missing = totalBytes - this.#recalledBytes - this.#ways.freeBytes;
        return missing > 0 ? `The browser’s storage lacks ${size(missing)} for all of it.` : null;
    }

    /** The name by which the sender knows the tab whose transfer was found here, or null. */
    get recalledSession() {
        return this.store?.record?.session ?? null;
    }

    /** The root of an item that is here, or null. */
    keptRoot(item) {
        return this.#roots.get(item.key) ?? null;
    }

    /** The item of which the beginning is here: `{ item, bytes, root }`, or null. Waits for what is being written. */
    async findPartial(items) {
        await Promise.allSettled([...this.#keeping]);
        if (this.#open) {
            const { key, intake } = this.#open;
            const item = items.find((candidate) => candidate.key === key);
            const bytes = await intake.cut();
            if (item && item.size !== null && item.state === "waiting" && bytes > 0) {
                return { item, bytes, root: hex(intake.tree.tree()) };
            }
            intake.abort();
            this.#open = null;
        }
        const item = items.find((candidate) => candidate.state === "waiting" && candidate.size !== null
            && this.store.entry?.(candidate.key)?.bytes > 0);
        if (!item) return null;
        const { bytes, segments, leaves } = this.store.entry(item.key);
        const tree = new HashTree(segments, leaves);
        return tree.wholeBytes === bytes && bytes < item.size ? { item, bytes, root: hex(tree.tree()) } : null;
    }

    /** `{ intake, hooks }` of the item that goes on where it was. */
    resume(item) {
        if (this.#open?.key === item.key) {
            const { intake, hooks } = this.#open;
            hooks.earlierBytes = intake.givenBytes - hooks.handledBytes;
            return this.#open;
        }
        const hooks = this.#hooks();
        const { tree, sink } = this.store.continued(item, hooks.callbacks);
        return this.#opened(item, new Intake(sink, item.size, tree), hooks);
    }

    /** `{ intake, hooks }` of an item that begins. */
    begin(item) {
        if (this.#open?.key === item.key) this.#open.intake.abort();
        const hooks = this.#hooks();
        const sink = item.kind === "text"
            ? new TextSink(hooks.callbacks.onHandled)
            : this.store.begin(item, hooks.callbacks);
        return this.#opened(item, new Intake(sink, item.size), hooks);
    }

    /** An item is being checked and kept: the next connection waits for that. */
    track(check) {
        this.#keeping.add(check);
        check.finally(() => this.#keeping.delete(check));
    }

    /** The item's root matched: makes it stay. Resolves when it is durable. */
    async keep(item, root) {
        const { intake } = item;
        if (this.#open?.intake === intake) this.#open = null;
        await this.#keep(item, root, intake);
    }

    async #keep(item, root, intake) {
        await intake.sink.finish(root);
        if (item.kind === "text") {
            this.texts.push({ name: item.name, text: new TextDecoder().decode(intake.sink.bytes) });
        } else if (!this.plan.archive && !this.store.direct) {
            this.#deliveries = this.#deliveries.then(() => this.#deliverFile(item));
        }
        // A text lives in this page only: a page that is loaded again asks for it again.
        this.#roots.set(item.key, root);
    }

    /** The item does not stay. Returns how many of its bytes nothing more will be said about. */
    drop(item) {
        const { intake } = item;
        if (!intake) return 0;
        if (this.#open?.intake === intake) this.#open = null;
        return Math.max(0, intake.abort() - item.hooks.earlierBytes);
    }

    /** Hands over what is not in its place yet; what the browser does not take is in `undelivered`. */
    async deliver(items) {
        await this.#deliveries;
        if (this.delivered) return;
        const files = items.filter((item) => item.kind !== "text" && item.state === "kept");
        if (this.store.direct) {
            await this.store.finish?.();
        } else if (this.plan.archive && files.length > 0) {
            await this.#deliverArchive(files);
        } else {
            for (const item of files) {
                // In an earlier visit, or while the others came, with or without success.
                const isHanded = this.store.entry?.(item.key)?.handed ?? true;
                if (!isHanded && !this.#tried.has(item.key)) await this.#deliverFile(item);
            }
        }
        await this.#release();
    }

    /** Tries again what the browser did not take. */
    async deliverAgain(items) {
        const again = this.undelivered.splice(0);
        const files = items.filter((item) => item.kind !== "text" && item.state === "kept");
        if (this.plan.archive) await this.#deliverArchive(files);
        else for (const { item } of again) await this.#deliverFile(item);
        await this.#release();
        // Its receipt was said long ago.
        await this.conclude();
    }

    /** The browser has taken the bytes of a file; killed now, it may not have given the file its name. */
    async #settle(bytes) {
        if (this.resumable) await new Promise((resolve) => setTimeout(resolve, settleMilliseconds(bytes)));
    }

    async #release() {
        await Promise.allSettled(this.#settling.splice(0));
        if (this.undelivered.length > 0) return;
        await this.store.release();
        this.delivered = true;
    }

    /** The sender has the receipt: nothing has to be known here any more. */
    async conclude() {
        if (this.delivered) await this.store?.discard();
    }

    /** Lets go of the files, for a later visit. */
    async close() {
        await this.store?.commit?.().catch(() => {});
        // A file that is on its way into the downloads folder gets there.
        await this.#deliveries;
        await this.store?.close();
    }

    async #deliverFile(item) {
        this.#tried.add(item.key);
        try {
            await saveFile(this.plan.worker, savedName(item.path.at(-1)), this.store.source(item), this.#onDelivery);
            this.#settling.push(this.#settle(item.size).then(() => this.store.markHanded(item)));
        } catch (error) {
            this.undelivered.push({ item, reason: error.message });
        }
    }

    async #deliverArchive(items) {
        const name = uniqueNames();
        const entries = items.map((item) => ({
            name: name(archivePath(item)), mtime: item.mtime, source: this.store.source(item),
        }));
        try {
            await saveArchive(this.plan.worker, this.plan.archive, entries, this.#onDelivery);
            this.#settling.push(this.#settle(entries.reduce((sum, { source }) => sum + source.size, 0)));
        } catch (error) {
            this.undelivered.push({ item: items[0], reason: error.message });
        }
    }

    /** Callbacks of a sink that outlive a connection: whoever receives now sets them. */
    #hooks() {
        const hooks = { onHandled() {}, onStopped() {}, handledBytes: 0, earlierBytes: 0 };
        hooks.callbacks = {
            onHandled(count) {
                hooks.handledBytes += count;
                // What an earlier connection brought counts for none.
                const earlier = Math.min(hooks.earlierBytes, count);
                hooks.earlierBytes -= earlier;
                if (count > earlier) hooks.onHandled(count - earlier);
            },
            onStopped: (...reason) => hooks.onStopped(...reason),
        };
        return hooks;
    }

    #opened(item, intake, hooks) {
        const opened = { key: item.key, intake, hooks };
        // Something without bytes may begin and end while another item is on its way.
        if (item.size !== 0) this.#open = opened;
        return opened;
    }
}
