// Small conversions between bytes and text that the other modules share.

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** UTF-8 of a text. */
export function utf8(text) {
    return encoder.encode(text);
}

/** Text of UTF-8 bytes; throws on malformed input. */
export function textOf(bytes) {
    return decoder.decode(bytes);
}

/** Lower-case hexadecimal digits. */
export function hex(bytes) {
    let text = "";
    for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
    return text;
}

/** The bytes of lower-case hexadecimal digits, or null if the text is anything else. */
export function fromHex(text) {
    if (typeof text !== "string" || !/^(?:[0-9a-f]{2})*$/.test(text)) return null;
    return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** base64url without padding (RFC 4648 section 5). */
export function base64url(bytes) {
    let binary = "";
    for (const byte of bytes) binary += String.fromCharCode(byte);
    return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * The bytes of an unpadded base64url text, or null if it is anything else. One text stands for one value: bits left over
 * must be zero.
 */
export function fromBase64url(text) {
    if (typeof text !== "string" || !/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return base64url(bytes) === text ? bytes : null;
}

/** Several byte arrays in a row. */
export function concatenate(...parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of parts) {
        whole.set(part, offset);
        offset += part.length;
    }
    return whole;
}

/** `x` behind its length in four big-endian bytes. */
export function lengthAndValue(x) {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, x.length);
    return concatenate(length, x);
}

/** Compares without stopping at the first difference, so that the time taken tells nothing about where it lies. */
export function equalInConstantTime(left, right) {
    if (left.length !== right.length) return false;
    let difference = 0;
    for (let index = 0; index < left.length; index += 1) difference |= left[index] ^ right[index];
    return difference === 0;
}
