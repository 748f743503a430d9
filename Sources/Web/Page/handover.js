// Brings what was stored whole (in the browser's own storage, or in memory) into the downloads folder: each file by
// itself, or all in one archive.

import { Download } from "./download.js";
import { ZipWriter, zipSize } from "./zip.js";

const readBytes = 1024 * 1024;
const queueBytes = 4 * 1024 * 1024;

/** Memory for pieces, used again: browsers are slow to collect what went through a worker. */
const spareBuffers = [];
const spareCount = 16;

/** A Blob as a source: `{ size, read(offset, count), blob }`. */
export function blobSource(blob) {
    return {
        size: blob.size, blob,
        read: async (offset, count) => new Uint8Array(await blob.slice(offset, offset + count).arrayBuffer()),
    };
}

async function* piecesOf(source) {
    for (let offset = 0; offset < source.size; offset += readBytes) {
        yield await source.read(offset, Math.min(readBytes, source.size - offset), spareBuffers.pop());
    }
}

/** The bytes of an archive of `{ name, mtime, source }`, whose names are paths. */
async function* archive(entries) {
    const writer = new ZipWriter();
    for (const { name, mtime, source } of entries) {
        yield writer.open(name, mtime);
        for await (const piece of piecesOf(source)) yield writer.data(piece);
        yield writer.close();
    }
    yield writer.end();
}

/** Lets the browser download these pieces. Resolves when it has taken them; throws what it said otherwise. */
async function pour(worker, name, sizeBytes, pieces, onMoved) {
    let stopped = null;
    let waiting = 0;
    let wake = () => {};
    const download = new Download(worker, name, sizeBytes, Promise.resolve(), {
        onHandled(count) {
            waiting -= count;
            onMoved(count, false);
            wake();
        },
        onStopped(reason) {
            stopped = new Error(reason);
            wake();
        },
        onSpare(buffer) {
            if (buffer.byteLength === readBytes && spareBuffers.length < spareCount) spareBuffers.push(buffer);
        },
    });
    try {
        for await (const piece of pieces) {
            while (waiting >= queueBytes && !stopped) {
                await new Promise((resolve) => {
                    wake = resolve;
                });
            }
            if (stopped) throw stopped;
            waiting += piece.length;
            download.write(piece);
            if (download.held) onMoved(0, true);
        }
    } catch (error) {
        download.abort();
        throw error;
    }
    await download.finish();
    if (stopped) throw stopped;
}

/** Clicks a link to the Blob. Browsers do not tell what became of it. */
async function click(name, blob) {
    const address = URL.createObjectURL(blob);
    const anchor = document.createElement("a");
    anchor.href = address;
    anchor.download = name;
    anchor.hidden = true;
    document.body.append(anchor);
    anchor.click();
    anchor.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
    // Clicks in one turn can swallow each other.
    await new Promise((resolve) => setTimeout(resolve, 300));
}

/** Saves one file. `worker` may be null if the source is a Blob. `onMoved(bytes, held)` tells of progress. */
export async function saveFile(worker, name, source, onMoved = () => {}) {
    if (worker) await pour(worker, name, source.size, piecesOf(source), onMoved);
    else await click(name, source.blob);
}

/** Saves one archive of `{ name, mtime, source }`. */
export async function saveArchive(worker, name, entries, onMoved = () => {}) {
    const sized = entries.map((entry) => ({ name: entry.name, size: entry.source.size }));
    if (worker) {
        await pour(worker, name, zipSize(sized), archive(entries), onMoved);
        return;
    }
    const parts = [];
    const writer = new ZipWriter();
    for (const entry of entries) {
        parts.push(writer.open(entry.name, entry.mtime));
        // The Blob itself becomes a part; its bytes are read once, for their checksum.
        for await (const piece of piecesOf(entry.source)) writer.data(piece);
        parts.push(entry.source.blob, writer.close());
    }
    parts.push(writer.end());
    await click(name, new Blob(parts, { type: "application/zip" }));
}
