// Which way of saving a browser has for a given offer, and what the person is told about it before the yes.

import { PackStore } from "./pack.js";
import { Journal } from "./journal.js";
import { startWorker } from "./download.js";
import { ArchiveStore, DownloadStore, FolderStore, MemoryStore } from "./stores.js";
import { savedName, size } from "./text.js";

/** A Blob is held in memory until it is saved. Half of what some browsers stand. */
const memoryLimitBytes = 256 * 1024 * 1024;
/** More files than this go into one archive: browsers ask, or refuse, when a page starts many downloads. */
const separateCount = 10;
const spareBytes = 64 * 1024 * 1024;

/** What this browser can do here: looked at once, before anything is offered. */
export class Ways {
    worker = null;
    journal = null;
    /** What may be stored beside what is stored already, when the page was loaded. */
    freeBytes = 0;
    /** The name by which a sender knows this browser. */
    session = "";
    /** What leads here again after the page was closed. */
    again = "the same link or code";

    static async survey() {
        const ways = new Ways();
        [ways.worker, ways.journal] = await Promise.all([startWorker().catch(() => null), Journal.open()]);
        if (ways.worker && ways.journal) {
            await ways.journal.clean().catch(() => {});
            await ways.measure();
        }
        return ways;
    }

    /** The same for one offer of several, with the place that there is now. */
    async afresh() {
        const ways = Object.assign(new Ways(), this);
        if (ways.worker && ways.journal) await ways.measure();
        return ways;
    }

    /** Whether the person can choose a folder. */
    get picks() {
        return isSecureContext && typeof globalThis.showDirectoryPicker === "function";
    }

    async measure() {
        try {
            // Firefox counts what a persistent site stores against the disk alone; asking here would open a question.
            const { quota, usage } = await navigator.storage.estimate();
            this.freeBytes = quota - usage - spareBytes;
        } catch {
            this.freeBytes = 0;
        }
    }

    /** The plan for an offer of these items (`complete`: there are no others). */
    plan(items, totalBytes, complete) {
        const files = items.filter((item) => item.kind !== "text");
        const alone = complete && files.length === 1 && files[0].kind === "file";
        const plain = files.every((item) => item.kind === "file" && item.path.length === 1);
        const archive = files.length > 0 && !alone && !(complete && plain && files.length <= separateCount);
        const stored = this.worker && this.journal && totalBytes <= this.freeBytes;
        const way = stored ? "storage" : this.worker ? "download" : "memory";
        return new Plan(this, way, archive ? archiveName(files) : null, files);
    }

    /** The plan for a folder that the person chose. */
    planFolder(folder) {
        const plan = new Plan(this, "folder", null, []);
        plan.folder = folder;
        return plan;
    }
}

/** One folder gives the archive its name. */
function archiveName(files) {
    const [first] = files[0].path;
    const common = files.every((item) => item.path[0] === first && (item.path.length > 1 || item.kind === "folder"));
    return `${common ? savedName(first) : "martlet-files"}.zip`;
}

class Plan {
    way;
    archive;
    folder = null;
    #ways;
    #files;
    #memoryBytes = 0;
    #refusals = new Map();

    constructor(ways, way, archive, files) {
        this.#ways = ways;
        this.way = way;
        this.archive = archive;
        this.#files = files;
    }

    get worker() {
        return this.#ways.worker;
    }

    /** Why an item cannot be kept in this way, or null. Archives in memory have the limit for all together. */
    refusal(item) {
        if (!this.#refusals.has(item.key)) this.#refusals.set(item.key, this.#refusal(item));
        return this.#refusals.get(item.key);
    }

    #refusal(item) {
        if (this.way !== "memory" || item.kind === "text") return null;
        const bytes = (item.size ?? 0) + (this.archive ? this.#memoryBytes : 0);
        if (item.size === null) return "A stream of unknown length is too much for this page.";
        if (bytes > memoryLimitBytes) return `Too big for this page: it can keep ${size(memoryLimitBytes)}.`;
        this.#memoryBytes = bytes;
        return null;
    }

    /** Opens what the plan needs. `record` and `items` are the journal's, of an earlier visit. */
    async open(room, transfer, record = null, items = []) {
        if (this.way === "folder") return new FolderStore(this.folder);
        if (this.way === "storage") {
            try {
                const fresh = PackStore.fresh(room, transfer, this.archive, this.#ways.session);
                return await PackStore.open(this.#ways.journal, record ?? fresh, items);
            } catch (error) {
                if (record) throw error;
                this.way = "download";
            }
        }
        if (this.way === "memory") return new MemoryStore();
        if (!this.archive) return new DownloadStore(this.worker);
        const name = uniqueNames();
        return new ArchiveStore(this.worker, this.archive, (item) => name(archivePath(item)));
    }

    /** What happens to the files, in a sentence. */
    get sentence() {
        if (this.way === "memory" || this.#files.length === 0) return "";
        const what = this.#files.length === 1 ? "It goes" : "They go";
        const place = this.archive
            ? `They are saved as one ZIP archive, ${this.archive}, in your downloads folder.`
            : `${what} into your downloads folder.`;
        const later = this.way === "storage"
            ? `If the connection breaks or this page is closed, ${this.#ways.again} goes on where it was.`
            : "Keep this page open until it is done: this browser cannot keep the beginning of it.";
        return `${place} ${later}`;
    }

    /** What the person has to know about limits. */
    get limit() {
        if (this.way !== "memory") return "";
        const scope = this.archive ? "in all, as one ZIP archive" : "each";
        return `This page came over plain HTTP or runs in a private window, so it can save files of at most 256 MiB `
            + `(268 MB) ${scope}. Keep it open until it is done.`;
    }
}

/** The path of an item inside an archive, made of components that any system unpacks. */
export function archivePath(item) {
    return item.path.map(savedName).join("/") + (item.kind === "folder" ? "/" : "");
}

/** A function that gives each path of an archive once: a second `a.txt` becomes `a (1).txt`. */
export function uniqueNames() {
    const taken = new Set();
    // Where the last item of a path left off: a thousand of one name must not try a million.
    const numbers = new Map();
    return (path) => {
        const folder = path.endsWith("/");
        let name = path;
        for (let number = numbers.get(path) ?? 1; !folder && taken.has(name); number += 1) {
            const dot = path.lastIndexOf(".");
            const end = dot > path.lastIndexOf("/") + 1 ? dot : path.length;
            name = `${path.slice(0, end)} (${number})${path.slice(end)}`;
            numbers.set(path, number + 1);
        }
        taken.add(name);
        return name;
    };
}
