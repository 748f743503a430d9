// A transfer's items one behind another in one file of the browser's own storage (OPFS), from which they are handed to
// the downloads folder. The bytes are on the disk before the journal says so, and the journal says so before the sender
// hears of it.

import { hex } from "./bytes.js";
import { packName, recordName } from "./journal.js";
import { scriptAddress } from "./scripts.js";
import { HashTree, leafBytes, recycleLeaf, segmentLeaves } from "./tree.js";

const commitBytes = 64 * 1024 * 1024;
const commitMilliseconds = 2000;
/** Finished items wait this long for others, to be made durable together. */
const groupMilliseconds = 100;

/** Requests to the worker that owns the file. */
class PackFile {
    #worker = new Worker(scriptAddress("packworker.js"));
    #number = 0;
    #waiting = new Map();

    constructor() {
        this.#worker.onmessage = ({ data }) => {
            const { resolve, reject } = this.#waiting.get(data.number);
            this.#waiting.delete(data.number);
            if (data.error) reject(new DOMException(data.error.message, data.error.name));
            else resolve(data.result);
        };
        this.#worker.onerror = () => {
            for (const { reject } of this.#waiting.values()) reject(new Error("the worker failed"));
            this.#waiting.clear();
        };
    }

    request(type, members = {}, transferred = []) {
        return new Promise((resolve, reject) => {
            this.#number += 1;
            this.#waiting.set(this.#number, { resolve, reject });
            this.#worker.postMessage({ type, number: this.#number, ...members }, transferred);
        });
    }

    async close() {
        await this.request("close").catch(() => {});
        this.#worker.terminate();
    }
}

export class PackStore {
    /** What this way of saving can promise. */
    resumable = true;
    record;
    #journal;
    #file;
    #entries = new Map();
    #endBytes = 0;
    #current = null;
    #finished = [];
    /** Keys of items that the journal may still know and that are gone. */
    #removed = new Set();
    #uncommittedBytes = 0;
    #committedTime = performance.now();
    #timer = null;
    #lateTimer = null;
    #commits = Promise.resolve();
    #dropped = false;

    /**
     * Opens the file of an accepted transfer, or makes one. `items` are the journal's. Throws where the browser cannot,
     * or where another tab has it.
     */
    static async open(journal, record, items = []) {
        const store = new PackStore();
        store.#journal = journal;
        store.record = record;
        for (const item of items) {
            store.#entries.set(item.key, item);
            store.#endBytes = Math.max(store.#endBytes, item.start + item.bytes, item.start + (item.size ?? 0));
        }
        // Everything is in the downloads folder: there is nothing but the journal, and nothing more to write.
        if (record.delivered) return store;
        store.#file = new PackFile();
        try {
            const length = await store.#file.request("open", { folder: "martlet", name: packName(record) });
            // The browser may have cleared its storage under us.
            if (items.some((item) => item.start + item.bytes > length)) throw new Error("the stored bytes are gone");
            if (items.length === 0) await journal.save(record);
        } catch (error) {
            await store.#file.close();
            throw error;
        }
        return store;
    }

    /** A record for a transfer that begins; `session` is the name by which its sender knows this browser. */
    static fresh(room, transfer, mode, session) {
        const pack = hex(crypto.getRandomValues(new Uint8Array(8)));
        return { id: recordName(room, transfer), room, transfer, session, mode, pack, list: null, time: Date.now() };
    }

    /** What the journal says of an item: `{ complete, bytes, root, handed }`, or undefined. */
    entry(key) {
        return this.#entries.get(key);
    }

    /** `{ tree, sink }` for the rest of an item of which the beginning is here. */
    continued(item, callbacks) {
        const entry = this.#entries.get(item.key);
        this.#current = new PackSink(this, this.#file, entry, callbacks);
        return { tree: new HashTree(entry.segments, entry.leaves), sink: this.#current };
    }

    /** A sink for an item from its beginning. */
    begin(item, callbacks) {
        const { key, size } = item;
        const entry = { key, size, start: this.#endBytes, bytes: 0, complete: false, handed: false };
        this.#entries.set(key, entry);
        this.#removed.delete(key);
        this.#endBytes += size ?? 0;
        const sink = new PackSink(this, this.#file, entry, callbacks);
        // Something without bytes may begin and end while another item is on its way.
        if (size !== 0) this.#current = sink;
        return sink;
    }

    /** A finished item as a source to hand over: `{ size, read(offset, count, buffer) }`; a buffer is used up. */
    source(item) {
        const { start, bytes: size } = this.#entries.get(item.key);
        const read = (offset, count, buffer) => this.#file.request(
            "read", { position: start + offset, count, buffer }, buffer ? [buffer] : []);
        return { size, read };
    }

    /** The item has reached the downloads folder: a reload does not save it again. */
    async markHanded(item) {
        const entry = this.#entries.get(item.key);
        entry.handed = true;
        await this.#journal.save(this.record, [entry]);
    }

    /** Bytes that the journal knows of. */
    get storedBytes() {
        return [...this.#entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
    }

    /** Notes which complete list the person said yes to. */
    async setList(list, totalBytes) {
        this.record.list = list;
        this.record.totalBytes = totalBytes;
        await this.#journal.save(this.record);
    }

    /** Bytes were taken by the file; decides when they are made durable. */
    wrote(sink, count) {
        this.#uncommittedBytes += count;
        const due = this.#uncommittedBytes >= commitBytes
            || performance.now() - this.#committedTime >= commitMilliseconds;
        if (due) this.commit().catch(() => {});
        // Also when nothing follows.
        else this.#lateTimer ??= setTimeout(() => this.commit().catch(() => {}), commitMilliseconds);
    }

    /** Resolves when the item is durable. */
    finished(sink) {
        return new Promise((resolve, reject) => {
            this.#finished.push({ sink, resolve, reject });
            this.#timer ??= setTimeout(() => this.commit().catch(() => {}), groupMilliseconds);
        });
    }

    /** The item does not stay: its place is free for the next. */
    discarded(sink) {
        if (this.#current === sink) this.#endBytes = sink.entry.start;
        this.#entries.delete(sink.entry.key);
        this.#removed.add(sink.entry.key);
    }

    /** An item of unknown size turned out to end there: the next begins behind it. */
    reserve(sink, sizeBytes) {
        sink.entry.size = sizeBytes;
        this.#endBytes = Math.max(this.#endBytes, sink.entry.start + sizeBytes);
    }

    /** Flushes the file, then writes the journal, then tells whoever waits. */
    commit() {
        clearTimeout(this.#timer);
        clearTimeout(this.#lateTimer);
        this.#timer = this.#lateTimer = null;
        this.#uncommittedBytes = 0;
        this.#committedTime = performance.now();
        this.#commits = this.#commits.catch(() => {}).then(() => this.#commitNow());
        return this.#commits;
    }

    async #commitNow() {
        if (this.#dropped) return;
        const group = this.#finished.splice(0);
        const isOpen = !group.some(({ sink }) => sink === this.#current);
        const entries = group.map(({ sink }) => ({ ...sink.entry, bytes: sink.writtenBytes, complete: true }));
        const current = this.#current;
        const open = isOpen && current?.snapshot();
        try {
            // The worker answers in order: what was given to it before is in the file when the flush is done, unless
            // a write failed. What the journal says already is still true then.
            await this.#file.request("flush");
            const failed = group.find(({ sink }) => sink.failure);
            if (failed) throw failed.sink.failure;
            if (open && !(current.failure && open.bytes > current.soundBytes)) entries.push(open);
            await this.#journal.save(this.record, entries, this.#removed);
            for (const entry of entries) this.#entries.set(entry.key, { ...this.#entries.get(entry.key), ...entry });
            group.forEach(({ resolve }) => resolve());
        } catch (error) {
            group.forEach(({ reject }) => reject(error));
            throw error;
        }
    }

    /** Keeps everything for later and lets go of the file. */
    async close() {
        if (this.#file) await this.commit().catch(() => {});
        await this.#letGo();
    }

    /**
     * Everything is in the downloads folder: the bytes go. That they were here stays until the sender is known to have
     * heard it, or it would send all of them again to a page that was closed just now.
     */
    async release() {
        await this.#letGo();
        this.record.delivered = true;
        await this.#journal.save(this.record).catch(() => {});
        await this.#journal.removeBytes(this.record);
    }

    /** Forgets everything. */
    async discard() {
        await this.#letGo();
        await this.#journal.remove(this.record).catch(() => {});
    }

    async #letGo() {
        this.#dropped = true;
        clearTimeout(this.#timer);
        clearTimeout(this.#lateTimer);
        // What is being written to the journal now must not come after what is written next.
        await this.#commits.catch(() => {});
        await this.#file?.close();
        this.#file = null;
    }
}

/** Why bytes could not be stored, for both persons. */
export function storageReason(error) {
    const isFull = error.name === "QuotaExceededError";
    return isFull ? "The browser’s storage is full." : `The browser could not store it (${error.name}).`;
}

class PackSink {
    entry;
    /** Bytes that were given to the worker. */
    writtenBytes;
    held = false;
    /** Why a write failed, and the bytes before it: nothing behind them can be relied on. */
    failure = null;
    soundBytes;
    #store;
    #file;
    #callbacks;
    #tree = null;
    #pendingBytes = 0;
    #over = false;
    #whole = false;

    constructor(store, file, entry, callbacks) {
        this.#store = store;
        this.#file = file;
        this.entry = entry;
        this.writtenBytes = this.soundBytes = entry.bytes;
        this.#callbacks = callbacks;
    }

    write(bytes, tree) {
        if (this.#over) return;
        const count = bytes.length;
        const position = this.entry.start + this.writtenBytes;
        this.writtenBytes += count;
        this.#pendingBytes += count;
        this.#tree = tree;
        // A leaf's buffer begins with the prefix of its hash: it moves to the worker as it is, uncopied.
        this.#file.request("write", { position, bytes }, [bytes.buffer]).then((written) => {
            recycleLeaf(written.buffer);
            if (!this.failure) this.soundBytes += count;
            if (this.#over) return;
            this.#pendingBytes -= count;
            this.#callbacks.onHandled(count);
            this.#store.wrote(this, count);
        }, (error) => {
            this.failure ??= error;
            if (this.#over) return;
            this.#callbacks.onStopped(storageReason(error), true);
        });
        this.#store.wrote(this, 0);
    }

    /** What the journal may say as soon as the file was flushed: whole leaves only, and not all of the item. */
    snapshot() {
        if (this.#over || this.#whole || this.#tree?.wholeBytes !== this.writtenBytes) return null;
        const { segments, leaves } = this.#tree;
        const bytes = this.failure ? this.soundBytes : this.writtenBytes;
        const count = bytes / leafBytes - segments.length * segmentLeaves;
        return count < 0 ? null
            : { ...this.entry, bytes, segments: segments.slice(), leaves: leaves.slice(0, count) };
    }

    /** The size is known now. */
    reserve(sizeBytes) {
        this.#store.reserve(this, sizeBytes);
    }

    async finish(root) {
        this.#whole = true;
        this.entry.root = root;
        delete this.entry.segments;
        delete this.entry.leaves;
        await this.#store.finished(this);
        this.entry.bytes = this.writtenBytes;
        this.entry.complete = true;
    }

    abort() {
        if (this.#over) return 0;
        this.#over = true;
        this.#store.discarded(this);
        return this.#pendingBytes;
    }
}
