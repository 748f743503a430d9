// One channel in the middle of a talk as the transport of one transfer (Docs/Protocols/Chat.md): to a Session it is what
// Peer is with its two channels. Text is control, what is binary is data.

import { highWaterBytes, lowWaterBytes } from "./peer.js";

/** What such a channel is announced as. */
export const fileLabel = "martlet-file";
export const fileProtocol = "martlet.transfer.1";

/** Messages that wait for the channel to be open: whoever greets has to wait for an answer. */
const earlyLimit = 4;

/** Whether a channel that the other side has announced is one for files. */
export function isForFiles({ label, protocol, ordered, maxRetransmits, maxPacketLifeTime }) {
    const isReliable = ordered && maxRetransmits === null && maxPacketLifeTime === null;
    return label === fileLabel && protocol === fileProtocol && isReliable;
}

/**
 * Callbacks: `onOpen()`, where it is not open yet, `onText(string)`, `onFrame(Uint8Array)`, and `onClosed()` once, when
 * both sides have closed it or its connection is over.
 */
export class FileChannel {
    /** The proof of the room stands for the connection: no words are made here. */
    certificates = null;
    #peer;
    #channel;
    #callbacks;
    #waiter = null;
    #early = [];
    /** Whether nothing more is heard, and whether the channel is no more. */
    #over = false;
    #isClosed = false;

    constructor(peer, channel, callbacks) {
        this.#peer = peer;
        this.#channel = channel;
        this.#callbacks = callbacks;
        channel.binaryType = "arraybuffer";
        channel.bufferedAmountLowThreshold = lowWaterBytes;
        channel.onopen = () => {
            if (this.#over) return;
            callbacks.onOpen();
            this.hear(this.#early.splice(0));
        };
        channel.onmessage = ({ data }) => this.#handle(data);
        channel.onclose = () => this.end();
    }

    /** Hears what had come before there was this. */
    hear(early) {
        for (const data of early) this.#handle(data);
    }

    get maxMessageSizeBytes() {
        return this.#peer.maxMessageSizeBytes;
    }

    sendText(text) {
        if (this.#channel.readyState === "open") this.#channel.send(text);
    }

    sendData(bytes) {
        if (this.#channel.readyState === "open") this.#channel.send(bytes);
    }

    /** Resolves when the browser's own queue has room again. */
    async writable() {
        if (this.#channel.bufferedAmount < highWaterBytes || this.#over) return;
        await new Promise((resolve) => {
            this.#waiter = resolve;
            this.#channel.addEventListener("bufferedamountlow", resolve, { once: true });
        });
    }

    /** Closes when what was said has left: the other side closes first, or the time is over. */
    async closeGently(milliseconds = 2000) {
        const end = performance.now() + milliseconds;
        while (!this.#isClosed && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
        this.close();
    }

    /** Nothing more is heard. Idempotent. */
    close() {
        this.#over = true;
        this.#channel.close();
        this.#waiter?.();
    }

    #handle(data) {
        if (this.#over) return;
        if (this.#channel.readyState === "connecting") {
            // Chromium may tell of the first message before it tells that the channel is open: then nobody could answer.
            if (this.#early.length < earlyLimit) this.#early.push(data);
            else this.close();
        } else if (typeof data === "string") {
            this.#callbacks.onText(data);
        } else {
            this.#callbacks.onFrame(new Uint8Array(data));
        }
    }

    /** The channel is no more, by itself or with its connection. Idempotent. */
    end() {
        if (this.#isClosed) return;
        this.#isClosed = true;
        this.#over = true;
        this.#waiter?.();
        this.#callbacks.onClosed();
    }
}
