// Where received items go, each way with the same face: `begin(item, callbacks)` returns a sink with
// `write(bytes, tree)`, `finish(root)`, which resolves when the item is kept, `abort()`, which returns how many bytes it
// says nothing more about, and `held`. The callbacks of a sink: `onHandled(bytes)` and `onStopped(reason, isFatal)`.

import { Download } from "./download.js";
import { blobSource } from "./handover.js";
import { savedName } from "./text.js";
import { recycleLeaf } from "./tree.js";
import { ZipWriter } from "./zip.js";

/** Keeps items in memory, or where the browser likes to keep Blobs. */
export class MemoryStore {
    resumable = false;
    #blobs = new Map();

    begin(item, { onHandled }) {
        let blobs = [];
        let fresh = [];
        let freshBytes = 0;
        const gather = () => {
            blobs.push(new Blob(fresh));
            fresh = [];
            freshBytes = 0;
        };
        return {
            held: false,
            write(bytes) {
                fresh.push(bytes);
                freshBytes += bytes.length;
                // A Blob's bytes often lie on disk; the page's own memory stays small.
                if (freshBytes >= 1024 * 1024) gather();
                onHandled(bytes.length);
            },
            finish: async () => {
                gather();
                this.#blobs.set(item.key, new Blob(blobs, { type: "application/octet-stream" }));
            },
            abort() {
                blobs = fresh = [];
                return 0;
            },
        };
    }

    source(item) {
        return blobSource(this.#blobs.get(item.key));
    }

    async markHanded(item) {
        this.#blobs.delete(item.key);
    }

    async setList() {}

    async close() {}

    async release() {
        this.#blobs.clear();
    }

    async discard() {
        this.#blobs.clear();
    }
}

/** Lets the browser download each file while it comes. */
export class DownloadStore {
    resumable = false;
    /** There is nothing to hand over. */
    direct = true;
    #worker;
    #turn = Promise.resolve();

    constructor(worker) {
        this.#worker = worker;
    }

    begin(item, callbacks) {
        callbacks.onSpare = recycleLeaf;
        const download = new Download(this.#worker, savedName(item.path.at(-1)), item.size, this.#turn, callbacks);
        this.#turn = download.settled;
        return download;
    }

    async setList() {}

    async close() {}

    async release() {}

    async discard() {}
}

/** Lets the browser download one archive while its items come. */
export class ArchiveStore {
    resumable = false;
    direct = true;
    #download;
    #writer = new ZipWriter();
    #callbacks = [];
    #turn = Promise.resolve();
    #stopped = null;
    #nameOf;

    /** `nameOf(item)` is its path in the archive. */
    constructor(worker, name, nameOf) {
        this.#nameOf = nameOf;
        this.#download = new Download(worker, name, null, Promise.resolve(), {
            onHandled: (count) => this.#handled(count),
            onStopped: (reason) => {
                this.#stopped?.(reason, true);
            },
            onSpare: recycleLeaf,
        });
    }

    begin(item, { onHandled, onStopped }) {
        this.#stopped = onStopped;
        const waiting = [];
        let waitingBytes = 0;
        let begun = false;
        let over = false;
        let end = () => {};
        const before = this.#turn;
        this.#turn = new Promise((resolve) => {
            end = resolve;
        });
        const put = (bytes) => {
            const copy = this.#writer.data(bytes);
            this.#callbacks.push({ left: bytes.length, onHandled });
            this.#download.write(copy);
        };
        before.then(() => {
            if (over) return;
            begun = true;
            this.#own(this.#writer.open(this.#nameOf(item), item.mtime));
            waiting.splice(0).forEach(put);
            waitingBytes = 0;
        });
        return {
            get held() {
                return false;
            },
            write: (bytes) => {
                if (over) return;
                if (begun) {
                    put(bytes);
                } else {
                    waiting.push(bytes);
                    waitingBytes += bytes.length;
                }
            },
            finish: async () => {
                await before;
                await Promise.resolve();
                over = true;
                this.#own(this.#writer.close());
                end();
            },
            abort: () => {
                if (over) return 0;
                over = true;
                // What the archive has of it stays there, and stands in no directory.
                before.then(end);
                return waitingBytes;
            },
        };
    }

    /** The end of the archive. */
    async finish() {
        await this.#turn;
        this.#own(this.#writer.end());
        await this.#download.finish();
    }

    async setList() {}

    async close() {
        this.#download.abort();
    }

    async release() {}

    async discard() {
        this.#download.abort();
    }

    #own(bytes) {
        this.#callbacks.push({ left: bytes.length, onHandled: null });
        this.#download.write(bytes);
    }

    /** The browser took bytes in the order of writing: tells each item about its own. */
    #handled(count) {
        while (count > 0) {
            const first = this.#callbacks[0];
            const share = Math.min(count, first.left);
            first.left -= share;
            count -= share;
            if (first.onHandled) first.onHandled(share);
            if (first.left === 0) this.#callbacks.shift();
        }
    }
}

/** So many files of one name get numbers. */
const numberLimit = 10000;

/** Writes beneath a folder that the person chose, each file under a name that was free. */
export class FolderStore {
    resumable = false;
    direct = true;
    #folder;
    /** One after another: two items of the same name must not find it free both. */
    #naming = Promise.resolve();
    #numbers = new Map();

    constructor(folder) {
        this.#folder = folder;
    }

    get name() {
        return this.#folder.name;
    }

    begin(item, { onHandled, onStopped }) {
        const make = () => (item.kind === "folder" ? this.#directory(item.path) : this.#file(item.path));
        const place = this.#naming.then(make);
        this.#naming = place.catch(() => {});
        let chain = place;
        let pendingBytes = 0;
        let over = false;
        const fail = (error) => {
            if (over) return;
            const full = error.name === "QuotaExceededError";
            onStopped(full ? "The disk is full." : `It could not be written (${error.name}).`, full);
        };
        chain.catch(fail);
        return {
            held: false,
            write(bytes) {
                pendingBytes += bytes.length;
                chain = chain.then(async (file) => {
                    if (over) return file;
                    await file.stream.write(bytes);
                    if (over) return file;
                    pendingBytes -= bytes.length;
                    onHandled(bytes.length);
                    return file;
                });
                chain.catch(fail);
            },
            async finish() {
                try {
                    const file = await chain;
                    await file.stream?.close();
                    over = true;
                } catch (error) {
                    fail(error);
                    await new Promise(() => {});
                }
            },
            abort() {
                if (over) return 0;
                over = true;
                place.then(async (file) => {
                    await file.stream?.abort();
                    await file.folder?.removeEntry(file.name);
                }).catch(() => {});
                return pendingBytes;
            },
        };
    }

    async setList() {}

    async close() {}

    async release() {}

    async discard() {}

    async #directory(components) {
        let folder = this.#folder;
        for (const component of components) {
            folder = await folder.getDirectoryHandle(savedName(component), { create: true });
        }
        return { folder: null };
    }

    async #file(path) {
        let folder = this.#folder;
        for (const component of path.slice(0, -1)) {
            folder = await folder.getDirectoryHandle(savedName(component), { create: true });
        }
        const wanted = savedName(path.at(-1));
        // Where the last of this name left off.
        const key = path.map(savedName).join("/");
        for (let number = this.#numbers.get(key) ?? 0; number < numberLimit; number += 1) {
            const dot = wanted.lastIndexOf(".") > 0 ? wanted.lastIndexOf(".") : wanted.length;
            const name = number === 0 ? wanted : `${wanted.slice(0, dot)} (${number})${wanted.slice(dot)}`;
            const taken = await folder.getFileHandle(name).then(() => true, (error) => error.name !== "NotFoundError");
            if (taken) continue;
            this.#numbers.set(key, number + 1);
            const handle = await folder.getFileHandle(name, { create: true });
            return { folder, name, stream: await handle.createWritable() };
        }
        throw new Error("too many of this name");
    }
}
