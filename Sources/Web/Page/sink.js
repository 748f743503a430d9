// Where received bytes go. On a secure page: a Service Worker that answers a download with a stream, so that nothing of
// the file stays in memory. Elsewhere: a Blob, with an honest limit.

import { hex } from "./bytes.js";
import { savedName } from "./text.js";

/** A Blob is held in memory until it is saved. Half of what some browsers stand. */
const blobLimitBytes = 256 * 1024 * 1024;
const pieceBytes = 256 * 1024;
const pingMilliseconds = 10000;
const patienceMilliseconds = 20000;

// The page allows scripts from exactly one place beside its own modules.
const workerAddress = globalThis.trustedTypes
    ? trustedTypes.createPolicy("martlet", { createScriptURL: () => "sw.js" }).createScriptURL("")
    : "sw.js";

/**
 * The ways to save that this browser has here: `limitBytes` for one file (Infinity if there is none), `streaming`, and
 * `open(name, sizeBytes, turn, { onHandled(bytes), onStopped(reason) })`, which returns a sink. A sink starts when the
 * promise `turn` has settled; it has `write(bytes)`, `finish()`, which resolves when the browser has taken everything,
 * `abort()`, which returns how many written bytes it drops, and `settled`.
 */
export async function prepareSinks() {
    const worker = await startWorker().catch(() => null);
    return worker
        ? { limitBytes: Infinity, streaming: true, open: (...values) => new StreamSink(worker, ...values) }
        : { limitBytes: blobLimitBytes, streaming: false, open: (...values) => new BlobSink(...values) };
}

/** The newest active worker; throws where there are none (plain HTTP, private windows). */
async function startWorker() {
    if (!navigator.serviceWorker) throw new Error("no service workers");
    const registration = await navigator.serviceWorker.register(workerAddress, { updateViaCache: "none" });
    // Another version of this page may have left its worker here.
    await registration.update().catch(() => {});
    const worker = registration.installing ?? registration.waiting ?? registration.active;
    if (worker.state !== "activated") {
        await new Promise((resolve, reject) => {
            setTimeout(() => reject(new Error("the worker does not start")), 5000);
            worker.onstatechange = () => {
                if (worker.state === "activated") resolve();
                if (worker.state === "redundant") reject(new Error("the worker was replaced"));
            };
        });
    }
    return worker;
}

/**
 * A download that the browser pulls. The last piece is kept back until `finish`: a file whose checksum is wrong never
 * reaches its announced length, and the browser marks the download as failed.
 */
class StreamSink {
    settled;
    #settle;
    #callbacks;
    #sizeBytes;
    #queue = [];
    #queuedBytes = 0;
    #writtenBytes = 0;
    #wanted = false;
    #finishing = false;
    #over = false;
    #port = null;
    #frame = null;
    #timers = [];

    constructor(worker, name, sizeBytes, turn, callbacks) {
        this.#sizeBytes = sizeBytes;
        this.#callbacks = callbacks;
        this.settled = new Promise((resolve) => {
            this.#settle = resolve;
        });
        turn.then(() => {
            if (!this.#over) this.#start(worker, savedName(name));
        });
    }

    write(bytes) {
        this.#queue.push(bytes);
        this.#queuedBytes += bytes.length;
        this.#writtenBytes += bytes.length;
        this.#pump();
    }

    finish() {
        this.#finishing = true;
        this.#pump();
        return this.settled;
    }

    abort() {
        if (this.#over) return 0;
        this.#port?.postMessage({ type: "abort" });
        const dropped = this.#queuedBytes;
        this.#end();
        return dropped;
    }

    /** Whether the browser has not asked for bytes although there are some: it may be asking the person something. */
    get held() {
        return !this.#over && !this.#wanted && this.#queuedBytes > 0;
    }

    #start(worker, name) {
        const id = hex(crypto.getRandomValues(new Uint8Array(16)));
        const { port1, port2 } = new MessageChannel();
        this.#port = port1;
        port1.onmessage = ({ data }) => this.#handle(data, id);
        worker.postMessage({ type: "download", id, name, size: this.#sizeBytes, port: port2 }, [port2]);
        // Firefox stops a worker that has heard nothing for 30 s, and the download with it.
        this.#timers.push(setInterval(() => worker.postMessage({ type: "ping" }), pingMilliseconds));
        this.#timers.push(setTimeout(() => {
            if (!this.#wanted && this.#port) this.#stop("This browser did not start the download.");
        }, patienceMilliseconds));
    }

    #handle(message, id) {
        if (this.#over) return;
        if (message === "ready") {
            this.#frame = document.createElement("iframe");
            this.#frame.hidden = true;
            this.#frame.src = `dl/${id}`;
            document.body.append(this.#frame);
        } else if (message === "pull") {
            clearTimeout(this.#timers[1]);
            this.#wanted = true;
            this.#pump();
        } else if (message === "closed") {
            this.#end();
        } else if (message === "canceled") {
            this.#stop("The download was stopped in the browser.");
        }
    }

    #pump() {
        if (this.#over || !this.#wanted) return;
        const last = this.#writtenBytes === this.#sizeBytes && !this.#finishing ? 1 : 0;
        const pieces = [];
        let count = 0;
        while (this.#queue.length > last && count < pieceBytes) {
            const piece = this.#queue.shift();
            pieces.push(piece);
            count += piece.length;
        }
        const end = this.#finishing && this.#queue.length === 0;
        if (count === 0 && !end) return;
        this.#wanted = false;
        this.#queuedBytes -= count;
        // Each piece is the only view of its message's memory, which can therefore move to the worker uncopied.
        this.#port.postMessage({ type: "pieces", pieces, end }, pieces.map((piece) => piece.buffer));
        if (count > 0) this.#callbacks.onHandled(count);
    }

    #stop(reason) {
        if (this.#over) return;
        // The receiver drops the item, which aborts this sink.
        this.#callbacks.onStopped(reason);
        this.abort();
    }

    #end() {
        this.#over = true;
        this.#queue = [];
        this.#queuedBytes = 0;
        this.#timers.forEach(clearInterval);
        const frame = this.#frame;
        setTimeout(() => {
            frame?.remove();
            this.#port?.close();
        }, 5000);
        this.#settle();
    }
}

/** Keeps the file in memory and hands it to the browser as a whole. */
class BlobSink {
    settled;
    held = false;
    #settle;
    #name;
    #turn;
    #callbacks;
    #pieces = [];
    #fresh = [];
    #freshBytes = 0;
    #over = false;

    constructor(name, sizeBytes, turn, callbacks) {
        this.#name = savedName(name);
        this.#turn = turn;
        this.#callbacks = callbacks;
        this.settled = new Promise((resolve) => {
            this.#settle = resolve;
        });
    }

    write(bytes) {
        this.#fresh.push(bytes);
        this.#freshBytes += bytes.length;
        // A Blob's bytes lie where the browser likes, often on disk; the page's own memory stays small.
        if (this.#freshBytes >= 1024 * 1024) this.#gather();
        this.#callbacks.onHandled(bytes.length);
    }

    async finish() {
        await this.#turn;
        if (this.#over) return;
        this.#gather();
        const address = URL.createObjectURL(new Blob(this.#pieces, { type: "application/octet-stream" }));
        const anchor = document.createElement("a");
        anchor.href = address;
        anchor.download = this.#name;
        anchor.hidden = true;
        document.body.append(anchor);
        anchor.click();
        anchor.remove();
        setTimeout(() => URL.revokeObjectURL(address), 60000);
        this.#end();
        // Clicks in one turn can swallow each other.
        await new Promise((resolve) => setTimeout(resolve, 300));
        this.#settle();
    }

    abort() {
        this.#end();
        this.#settle();
        return 0;
    }

    #gather() {
        this.#pieces.push(new Blob(this.#fresh));
        this.#fresh = [];
        this.#freshBytes = 0;
    }

    #end() {
        this.#over = true;
        this.#pieces = [];
        this.#fresh = [];
    }
}
