// Bytes that become a file in the downloads folder while they are written: a Service Worker answers a download with
// them, so that nothing of the file stays in memory.

import { hex } from "./bytes.js";
import { scriptAddress } from "./scripts.js";

const pieceBytes = 256 * 1024;
const pingMilliseconds = 10000;
const patienceMilliseconds = 20000;

/** The newest active worker; throws where there are none (plain HTTP, private windows). */
export async function startWorker() {
    if (!navigator.serviceWorker) throw new Error("no service workers");
    const registration = await navigator.serviceWorker.register(scriptAddress("sw.js"), { updateViaCache: "none" });
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
 * A download that the browser pulls. What was written last is kept back until `finish`: a file whose checksum is wrong
 * never reaches its announced length, and the browser marks the download as failed.
 */
export class Download {
    /** Settles when the browser has taken everything, or nothing more will come. */
    settled;
    #settle;
    #callbacks;
    #queue = [];
    #queuedBytes = 0;
    #wanted = false;
    #finishing = false;
    #over = false;
    #port = null;
    #frame = null;
    #timers = [];
    /** The page goes away: its half-written download fails now rather than when the worker misses it. */
    #leave = () => this.abort();

    /**
     * Begins when the promise `turn` has settled. `sizeBytes` may be null. Callbacks: `onHandled(bytes)` when the
     * browser took some, `onStopped(reason)` when it wants no more, `onSpare(buffer)` (may be missing) with memory of
     * written bytes that nobody needs any more.
     */
    constructor(worker, name, sizeBytes, turn, callbacks) {
        this.#callbacks = callbacks;
        this.settled = new Promise((resolve) => {
            this.#settle = resolve;
        });
        addEventListener("pagehide", this.#leave);
        turn.then(() => {
            if (!this.#over) this.#start(worker, name, sizeBytes);
        });
    }

    /** Takes the buffer of `bytes` away. */
    write(bytes) {
        this.#queue.push(bytes);
        this.#queuedBytes += bytes.length;
        this.#pump();
    }

    finish() {
        this.#finishing = true;
        this.#pump();
        return this.settled;
    }

    /** Breaks the download off; returns how many written bytes are dropped. */
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

    #start(worker, name, sizeBytes) {
        const id = hex(crypto.getRandomValues(new Uint8Array(16)));
        const { port1, port2 } = new MessageChannel();
        this.#port = port1;
        port1.onmessage = ({ data }) => this.#handle(data, id);
        worker.postMessage({ type: "download", id, name, size: sizeBytes, port: port2 }, [port2]);
        // Firefox stops a worker that has heard nothing for 30 s, and the download with it.
        this.#timers.push(setInterval(() => worker.postMessage({ type: "ping" }), pingMilliseconds));
        this.#timers.push(setTimeout(() => {
            if (!this.#wanted && this.#port) this.#stop("This browser did not start the download.");
        }, patienceMilliseconds));
    }

    #handle({ type, buffers }, id) {
        if (this.#over) return;
        if (type === "ready") {
            this.#frame = document.createElement("iframe");
            this.#frame.hidden = true;
            this.#frame.src = `dl/${id}`;
            document.body.append(this.#frame);
        } else if (type === "pull") {
            for (const buffer of buffers) this.#callbacks.onSpare?.(buffer);
            clearTimeout(this.#timers[1]);
            this.#wanted = true;
            this.#pump();
        } else if (type === "closed") {
            this.#end();
        } else if (type === "canceled") {
            this.#stop("The download was stopped in the browser.");
        }
    }

    #pump() {
        if (this.#over || !this.#wanted) return;
        const last = this.#finishing ? 0 : 1;
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
        // The receiver drops the item, which aborts this download.
        this.#callbacks.onStopped(reason);
        this.abort();
    }

    #end() {
        this.#over = true;
        removeEventListener("pagehide", this.#leave);
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
