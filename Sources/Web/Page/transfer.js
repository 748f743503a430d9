// What both sides of a transfer share (Docs/Protocols/Transfer.md): the data frame and the checks of what came.

import { shownName } from "./text.js";

/** Bytes that a sender may be ahead of what the receiver has handed on. Bounds the memory of the page. */
export const windowBytes = 4 * 1024 * 1024;
/** Payload of a full frame: 64 KiB with its header. */
export const payloadBytes = 65520;
export const frameHeaderBytes = 16;
/** Items of all offers of a transfer, characters of their names, and items of one message. */
const itemCountLimit = 250000;
const textLengthLimit = 64 * 1024 * 1024;
export const offerItemCount = 500;
/** A text is shown, not saved: it may be this long. */
export const textBytesLimit = 1024 * 1024;

/** The other side broke the protocol; `what` is for whoever looks for the mistake. */
export class ProtocolError extends Error {}

/** Throws ProtocolError with `what` the other side sent, unless the condition holds. */
export function require(condition, what) {
    if (!condition) throw new ProtocolError(what);
}

/** Whether `value` is a count that both sides represent exactly. */
export function isCount(value) {
    return Number.isSafeInteger(value) && value >= 0;
}

export function isHash(value) {
    return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

/** Header and payload in one buffer, ready to be sent. */
export function encodeFrame(item, offset, payload) {
    const frame = new Uint8Array(frameHeaderBytes + payload.length);
    const view = new DataView(frame.buffer);
    view.setUint8(0, 1);
    view.setUint32(4, item);
    view.setBigUint64(8, BigInt(offset));
    frame.set(payload, frameHeaderBytes);
    return frame;
}

/** `{ item, offset, payload }` of a data frame; the payload is a view of the same memory. Throws ProtocolError. */
export function decodeFrame(frame) {
    require(frame.length > frameHeaderBytes, "a frame without payload");
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    require(view.getUint32(0) === 0x01000000, "a frame of an unknown kind");
    const payload = frame.subarray(frameHeaderBytes);
    const end = view.getBigUint64(8) + BigInt(payload.length);
    require(end <= BigInt(Number.MAX_SAFE_INTEGER), "a frame beyond 2^53");
    return { item: view.getUint32(4), offset: Number(view.getBigUint64(8)), payload };
}

function checkedPath(path) {
    require(Array.isArray(path) && path.length > 0 && path.length <= 64, "an item without path");
    let length = 0;
    for (const component of path) {
        const sound = typeof component === "string" && component !== "" && component.length <= 1024
            && component !== "." && component !== ".." && !/[/\0]/.test(component);
        require(sound, "a path that is not allowed");
        length += component.length + 1;
    }
    require(length <= 4097, "a path that is too long");
    return path.map((component) => component.toWellFormed?.() ?? component);
}

/** The items of all offers of one transfer, as they come. */
export class OfferedItems {
    /** Every item, in the order of the offer. `key` names the same one on a later connection. */
    items = [];
    /** Bytes of all items whose size is known. */
    totalBytes = 0;
    transfer = null;
    complete = false;
    #textLength = 0;
    #occurrences = new Map();

    /** Adds what an `offer` message says; returns the new items. Throws ProtocolError. */
    add(message) {
        require(!this.complete, "a second offer");
        require(typeof message.transfer === "string" && /^.{1,64}$/su.test(message.transfer), "an offer without name");
        require(this.transfer === null || this.transfer === message.transfer, "an offer of another transfer");
        require(Array.isArray(message.items) && message.items.length <= offerItemCount, "an offer without items");
        require(this.items.length + message.items.length <= itemCountLimit, `more than ${itemCountLimit} items`);
        require(message.items.length > 0 || message.more !== true, "an offer of nothing");
        this.transfer = message.transfer;
        for (const item of message.items) this.#push(item);
        this.complete = message.more !== true;
        require(!this.complete || this.items.length > 0, "an empty offer");
        return this.items.slice(this.items.length - message.items.length);
    }

    #push(offered) {
        const index = this.items.length;
        require(offered?.item === index, "items out of order");
        const kind = offered.kind ?? "file";
        require(kind === "file" || kind === "folder" || kind === "text", "an item of an unknown kind");
        const size = offered.size ?? null;
        require(size === null || isCount(size), "an item of an impossible size");
        require(kind !== "folder" || size === 0, "a folder with bytes");
        require(kind !== "text" || (size !== null && size <= textBytesLimit), "a text of more than 1 MiB");
        const mtime = offered.mtime ?? null;
        require(mtime === null || Number.isSafeInteger(mtime), "an impossible time");
        const path = checkedPath(offered.path);
        const full = path.join("/");
        this.totalBytes += size ?? 0;
        require(isCount(this.totalBytes), "an offer of more than 2^53 bytes");
        this.#textLength += full.length;
        require(this.#textLength <= textLengthLimit, "an offer of too long names");
        const name = JSON.stringify([full, kind, size, mtime]);
        // The same file twice is two items.
        const occurrence = this.#occurrences.get(name) ?? 0;
        this.#occurrences.set(name, occurrence + 1);
        this.items.push({
            index, kind, path, size, mtime, key: occurrence === 0 ? name : `${occurrence} ${name}`,
            name: shownName(full) + (kind === "folder" ? "/" : ""), movedBytes: 0, state: "waiting", note: "",
        });
    }
}
