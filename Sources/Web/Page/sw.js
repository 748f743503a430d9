// Turns what the page hands over into a download: the page opens an address below dl/, this worker answers it with a
// stream and asks the page for the next piece whenever the browser has taken the one before.

"use strict";

/** Downloads that were announced and not fetched yet. */
const announced = new Map();
/** Without a sign of life for this long the page is taken for dead: its download fails instead of waiting for ever. */
const silenceMilliseconds = 120000;
/** A response that fails earlier than this is no download yet: Firefox then stops everything with a dialog. */
const youthMilliseconds = 3000;
const queueBytes = 512 * 1024;
let lastSign = Date.now();

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", ({ data }) => {
    lastSign = Date.now();
    if (data?.type !== "download") return;
    announced.set(data.id, data);
    data.port.postMessage({ type: "ready" });
});

self.addEventListener("fetch", (event) => {
    const address = new URL(event.request.url);
    const match = /\/dl\/([0-9a-z]+)$/.exec(address.pathname);
    if (!match || address.origin !== self.location.origin) return;
    const download = announced.get(match[1]);
    announced.delete(match[1]);
    event.respondWith(download ? answer(download) : new Response("This download is over.", { status: 404 }));
});

function answer({ name, size, port }) {
    const started = Date.now();
    let resolvePull = null;
    let watch = null;
    /** Pieces in the order of the stream, until their memory goes back to the page. */
    const lent = [];
    /** What the browser has copied: all that left the stream's queue but the piece that it may be at. */
    const spare = (controller) => {
        let queued = queueBytes - controller.desiredSize;
        let count = lent.length;
        while (count > 0 && queued > 0) {
            count -= 1;
            queued -= lent[count].byteLength;
        }
        return lent.splice(0, Math.max(0, count - 1)).map((piece) => piece.buffer);
    };
    const body = new ReadableStream({
        start(controller) {
            const stop = (reason) => {
                clearInterval(watch);
                const rest = Math.max(0, started + youthMilliseconds - Date.now());
                setTimeout(() => {
                    controller.error(new Error(reason));
                    resolvePull?.();
                }, rest);
            };
            watch = setInterval(() => {
                if (Date.now() - lastSign > silenceMilliseconds) stop("the page is gone");
            }, 15000);
            port.onmessage = ({ data }) => {
                lastSign = Date.now();
                if (data.type === "abort") {
                    stop("the transfer was stopped");
                    return;
                }
                for (const piece of data.pieces) {
                    controller.enqueue(piece);
                    lent.push(piece);
                }
                if (data.end) {
                    clearInterval(watch);
                    controller.close();
                    port.postMessage({ type: "closed" });
                }
                resolvePull?.();
            };
        },
        pull(controller) {
            return new Promise((resolve) => {
                resolvePull = resolve;
                const buffers = spare(controller);
                port.postMessage({ type: "pull", buffers }, buffers);
            });
        },
        cancel() {
            clearInterval(watch);
            port.postMessage({ type: "canceled" });
        },
    }, new ByteLengthQueuingStrategy({ highWaterMark: queueBytes }));
    // RFC 8187 section 3.2.1 has fewer characters that stand for themselves than encodeURIComponent.
    const fileName = encodeURIComponent(name)
        .replace(/['()*!]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
    return new Response(body, {
        headers: {
            "Content-Type": "application/octet-stream",
            "Content-Disposition": `attachment; filename*=UTF-8''${fileName}`,
            ...(size === null ? {} : { "Content-Length": String(size) }),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    });
}
