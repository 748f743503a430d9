// Writes one file of the browser's own storage in place. The page numbers its requests; each gets one answer, in order.

"use strict";

let handle = null;
let queue = Promise.resolve();

async function open({ folder, name }) {
    const root = await navigator.storage.getDirectory();
    const directory = await root.getDirectoryHandle(folder, { create: true });
    const file = await directory.getFileHandle(name, { create: true });
    // A tab that was just closed may hold the file for a moment still.
    for (let attempt = 0; ; attempt += 1) {
        try {
            handle = await file.createSyncAccessHandle();
            return handle.getSize();
        } catch (error) {
            if (attempt >= 20) throw error;
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
    }
}

function write({ position, bytes }) {
    let done = 0;
    while (done < bytes.length) {
        const count = handle.write(bytes.subarray(done), { at: position + done });
        if (count <= 0) throw new DOMException("no room", "QuotaExceededError");
        done += count;
    }
    // The page uses the buffer again.
    return bytes;
}

function read({ position, count, buffer }) {
    const bytes = new Uint8Array(buffer ?? new ArrayBuffer(count), 0, count);
    const length = handle.read(bytes, { at: position });
    if (length !== count) throw new Error("the stored bytes are gone");
    return bytes;
}

async function answer(request) {
    switch (request.type) {
    case "open": return open(request);
    case "write": return write(request);
    case "read": return read(request);
    case "flush": return handle.flush() ?? null;
    case "close":
        handle?.close();
        handle = null;
        return null;
    default: throw new Error("an unknown request");
    }
}

self.onmessage = ({ data }) => {
    queue = queue.then(() => answer(data)).then(
        (result) => self.postMessage({ number: data.number, result },
            result instanceof Uint8Array ? [result.buffer] : []),
        (error) => self.postMessage({ number: data.number, error: { name: error.name, message: error.message } }));
};
