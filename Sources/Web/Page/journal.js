// What survives a reload, a crash and a closed tab, in IndexedDB: which transfers were accepted here, and how far each
// of their items lies in the browser's own storage. Written only behind a flush of the bytes that it speaks of.

const databaseName = "martlet";
/** A transfer that nobody came back to for this long is cleared away. */
const staleMilliseconds = 7 * 24 * 3600 * 1000;

function settled(request) {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
}

function committed(transaction) {
    return new Promise((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = transaction.onerror = () => reject(transaction.error ?? new Error("not written"));
    });
}

/** The name of the file that holds the bytes of a transfer, until they are in the downloads folder. */
export function packName(record) {
    return `${record.pack}.pack`;
}

/** The name of the record of a transfer that was accepted in a room. */
export function recordName(room, transfer) {
    return `${room}/${transfer}`;
}

/** The folder for those files in the browser's own storage. */
export async function packFolder() {
    const root = await navigator.storage.getDirectory();
    return root.getDirectoryHandle("martlet", { create: true });
}

export class Journal {
    #database;

    /** The journal, or null where the browser refuses to keep anything. */
    static async open() {
        if (!globalThis.indexedDB || !navigator.storage?.getDirectory) return null;
        try {
            const request = indexedDB.open(databaseName, 1);
            request.onupgradeneeded = () => {
                request.result.createObjectStore("transfers", { keyPath: "id" });
                request.result.createObjectStore("items", { keyPath: ["id", "key"] });
            };
            const journal = new Journal();
            journal.#database = await settled(request);
            // A later version of the page may want another layout.
            journal.#database.onversionchange = () => journal.#database.close();
            return journal;
        } catch {
            return null;
        }
    }

    /** The newest transfer that was accepted in this room, or null. */
    async transferOf(room) {
        const records = await settled(this.#read("transfers").getAll());
        const mine = records.filter((record) => record.room === room).sort((one, other) => other.time - one.time);
        return mine[0] ?? null;
    }

    /** `{ record, items }` of one transfer, or null. */
    async load(id) {
        const record = await settled(this.#read("transfers").get(id));
        if (!record) return null;
        const items = await settled(this.#read("items").getAll(this.#all(id)));
        return { record, items };
    }

    /** Writes the transfer's record and these of its items, without those of the keys `removed`, all or nothing. */
    async save(record, items = [], removed = []) {
        const transaction = this.#database.transaction(["transfers", "items"], "readwrite", { durability: "strict" });
        transaction.objectStore("transfers").put({ ...record, time: Date.now() });
        for (const key of removed) transaction.objectStore("items").delete([record.id, key]);
        for (const item of items) transaction.objectStore("items").put({ ...item, id: record.id });
        await committed(transaction);
    }

    /** Forgets a transfer and the bytes of it that are still here. */
    async remove(record) {
        const transaction = this.#database.transaction(["transfers", "items"], "readwrite");
        transaction.objectStore("transfers").delete(record.id);
        transaction.objectStore("items").delete(this.#all(record.id));
        await committed(transaction);
        await this.removeBytes(record);
    }

    /** Deletes the file of a transfer, and not what is known about it. */
    async removeBytes(record) {
        await (await packFolder()).removeEntry(packName(record)).catch(() => {});
    }

    /** Clears away what is stale, and files that no transfer knows. Another tab's open file stays: it is locked. */
    async clean() {
        const records = await settled(this.#read("transfers").getAll());
        for (const record of records) {
            if (Date.now() - record.time > staleMilliseconds) await this.remove(record).catch(() => {});
        }
        const known = new Set(records.map(packName));
        const folder = await packFolder();
        for await (const [name, handle] of folder.entries()) {
            // A transfer that begins in another tab has its file before its record.
            const file = known.has(name) || handle.kind !== "file" ? null : await handle.getFile().catch(() => null);
            if (file && Date.now() - file.lastModified > 3600000) await folder.removeEntry(name).catch(() => {});
        }
    }

    #read(store) {
        return this.#database.transaction(store, "readonly").objectStore(store);
    }

    #all(id) {
        return IDBKeyRange.bound([id], [id, []]);
    }
}
