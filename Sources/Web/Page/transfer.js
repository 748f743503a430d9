// What both sides of a transfer share (Docs/Protocols/Transfer.md): the data frame and the checks of what came.

import { shownName } from "./text.js";

/** Bytes that a sender may be ahead of what the receiver has handed on. Bounds the memory of the page. */
export const windowBytes = 4 * 1024 * 1024;
/** Payload of a full frame: 64 KiB with its header. */
export const payloadBytes = 65520;
export const frameHeaderBytes = 16;
/** Items that one offer may have in all; the page shows and holds each of them. */
const itemCountLimit = 100000;

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
    const offset = view.getBigUint64(8);
    require(offset <= BigInt(Number.MAX_SAFE_INTEGER), "a frame beyond 2^53");
    return { item: view.getUint32(4), offset: Number(offset), payload: frame.subarray(frameHeaderBytes) };
}

/** The items of an `offer` message, of which the first must have the number `first`. Throws ProtocolError. */
export function checkedItems(message, first) {
    require(Array.isArray(message.items) && message.items.length <= 500, "an offer without items");
    require(first + message.items.length <= itemCountLimit, `more than ${itemCountLimit} files in one offer`);
    return message.items.map((item, index) => {
        require(item?.item === first + index, "items out of order");
        require(isCount(item.size), "an item without size");
        require(Array.isArray(item.path) && item.path.length > 0 && item.path.length <= 64, "an item without path");
        for (const component of item.path) {
            const sound = typeof component === "string" && component !== "" && component.length <= 1024
                && component !== "." && component !== ".." && !/[/\0]/.test(component);
            require(sound, "a path that is not allowed");
        }
        const last = item.path[item.path.length - 1];
        const name = shownName(item.path.join("/"));
        return { index: item.item, last, name, size: item.size, movedBytes: 0, state: "waiting", note: "" };
    });
}
