// What a person chose to send: files, and folders that are still being looked through while they are offered.

import { shownName } from "./text.js";

/** A browser's file name is a single component already; this is for the ones that are not. */
function component(name) {
    const clean = name.replace(/[/\0]/g, "_");
    return clean === "" || clean === "." || clean === ".." ? "file" : clean;
}

function source(path, file, fresh = null) {
    return { kind: "file", path, file, fresh, size: file.size, mtime: Math.floor(file.lastModified / 1000) };
}

/** One file or folder at the top, as it was chosen. `sources` grows until `complete`. */
class Choice {
    sources = [];
    sizeBytes = 0;
    complete = false;
    problem = "";

    constructor(name, isFolder) {
        this.name = shownName(name) + (isFolder ? "/" : "");
        this.isFolder = isFolder;
    }

    add(found) {
        this.sources.push(found);
        this.sizeBytes += found.size;
    }
}

const promised = (entry, method) => new Promise((resolve, reject) => entry[method](resolve, reject));

/** Everything beneath a dropped folder, in the order of names; an empty folder is an item of its own. */
async function walk(entry, path, choice, onChange) {
    const reader = entry.createReader();
    const entries = [];
    for (;;) {
        // Browsers give at most 100 at a time.
        const some = await promised({ read: (...callbacks) => reader.readEntries(...callbacks) }, "read");
        if (some.length === 0) break;
        entries.push(...some);
    }
    if (entries.length === 0) choice.add({ kind: "folder", path, size: 0, mtime: null });
    entries.sort((one, other) => (one.name < other.name ? -1 : 1));
    for (const child of entries) {
        const below = [...path, component(child.name)];
        try {
            if (child.isDirectory) await walk(child, below, choice, onChange);
            else choice.add(source(below, await promised(child, "file"), () => promised(child, "file")));
        } catch {
            choice.problem = "Something in it could not be read, and is left out.";
        }
        onChange();
    }
}

export class Selection {
    choices = [];
    #onChange = () => {};
    /** Wakes those who wait for more of it: there may be several. */
    #wakes = [];

    set onChange(callback) {
        this.#onChange = callback;
    }

    get isEmpty() {
        return this.choices.length === 0;
    }

    get complete() {
        return this.choices.every((choice) => choice.complete);
    }

    get count() {
        return this.choices.reduce((sum, choice) => sum + choice.sources.length, 0);
    }

    get sizeBytes() {
        return this.choices.reduce((sum, choice) => sum + choice.sizeBytes, 0);
    }

    /** Files of an `<input>`; with folders' names where it chose a folder. */
    addFiles(files) {
        const folders = new Map();
        for (const file of files) {
            const path = (file.webkitRelativePath || file.name).split("/").map(component);
            const known = folders.get(path[0]);
            const choice = known ?? new Choice(path[0], path.length > 1);
            choice.add(source(path, file));
            choice.complete = true;
            if (!known) this.choices.push(choice);
            if (path.length > 1) folders.set(path[0], choice);
        }
        this.#changed();
    }

    /** What was dropped: entries of files and folders. */
    addEntries(entries) {
        for (const entry of entries) {
            const name = component(entry.name);
            const choice = new Choice(name, entry.isDirectory);
            this.choices.push(choice);
            const found = entry.isDirectory
                ? walk(entry, [name], choice, () => this.#changed())
                : promised(entry, "file").then((file) => {
                    choice.add(source([name], file, () => promised(entry, "file")));
                });
            found.catch(() => {
                choice.problem = "It could not be read.";
            }).then(() => {
                choice.complete = true;
                this.#changed();
            });
        }
        this.#changed();
    }

    remove(index) {
        this.choices.splice(index, 1);
        this.#changed();
    }

    /** Every source, those that are still being found too, in order. */
    async* all() {
        for (const choice of this.choices) {
            for (let index = 0; ; index += 1) {
                while (index >= choice.sources.length && !choice.complete) {
                    await new Promise((resolve) => {
                        this.#wakes.push(resolve);
                    });
                }
                if (index >= choice.sources.length) break;
                yield choice.sources[index];
            }
        }
    }

    #changed() {
        for (const wake of this.#wakes.splice(0)) wake();
        this.#onChange();
    }
}
