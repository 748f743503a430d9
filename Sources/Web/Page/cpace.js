// CPace (draft-irtf-cfrg-cpace), suite CPACE-X25519-SHA512: from a secret of few bits to a key of many. Whoever does not
// know the secret can try one guess a run, and sees afterwards only whether it was right.

import { concatenate, utf8 } from "./bytes.js";
import "./nacl.js";

/** TweetNaCl. The file is a classic script, which leaves its name on the global object. */
export const { nacl } = globalThis;

const prime = 2n ** 255n - 19n;
const curveA = 486662n;
const sha512BlockBytes = 128;
const domain = utf8("CPace255");
const keyDomain = utf8("CPace255_ISK");

/** Bytes behind their count in LEB128, as in the draft's `prepend_len`. */
function prefixed(bytes) {
    const count = [];
    let rest = bytes.length;
    for (; rest >= 128; rest >>>= 7) count.push((rest & 127) | 128);
    return concatenate(Uint8Array.from([...count, rest]), bytes);
}

/** The draft's `generator_string`: the secret is padded so that the hash's first block holds it and nothing else. */
export function generatorString(secret, channel, session) {
    const head = [prefixed(domain), prefixed(secret)];
    const padding = new Uint8Array(Math.max(0, sha512BlockBytes - 1 - head[0].length - head[1].length));
    return concatenate(...head, prefixed(padding), prefixed(channel), prefixed(session));
}

/** The generator of a run: 32 bytes, from the secret, the channel identifier and the session identifier. */
export function generator(secret, channel, session) {
    return elligator(nacl.hash(generatorString(secret, channel, session)).subarray(0, 32));
}

/** Our public share: a secret scalar of 32 bytes times a point. */
export function share(scalar, point) {
    return nacl.scalarMult(scalar, point);
}

/**
 * The 64 bytes of the intermediate session key in the initiator-responder setting, or null if the other side's share is
 * one of those that lead to the same point whatever our scalar. `shares` are `{ a, b }`, those of initiator and
 * responder, each `{ share, data }` with the data that belong to it; `theirs` is the share that is not ours.
 */
export function intermediateKey(scalar, theirs, session, { a, b }) {
    const point = nacl.scalarMult(scalar, theirs);
    let bits = 0;
    for (const byte of point) bits |= byte;
    if (bits === 0) return null;
    return nacl.hash(concatenate(
        ...[keyDomain, session, point, a.share, a.data, b.share, b.data].map((part) => prefixed(part))));
}

// MARK: Elligator 2

function modulo(x) {
    const rest = x % prime;
    return rest < 0n ? rest + prime : rest;
}

function power(base, exponent) {
    let result = 1n;
    let square = modulo(base);
    for (let rest = exponent; rest > 0n; rest >>= 1n) {
        if (rest & 1n) result = modulo(result * square);
        square = modulo(square * square);
    }
    return result;
}

/** The u-coordinate to which a field element of 32 bytes is mapped (RFC 9380 section 6.7.1, Z = 2). */
export function elligator(bytes) {
    let r = 0n;
    for (let index = 31; index >= 0; index -= 1) r = (r << 8n) | BigInt(bytes[index]);
    r = modulo(r & (2n ** 255n - 1n));
    // 1 + 2 r² is never zero, since -1/2 is no square.
    const v = modulo(-curveA * power(1n + 2n * r * r, prime - 2n));
    const onCurve = power(v * (v * v + curveA * v + 1n), (prime - 1n) / 2n) !== prime - 1n;
    let u = onCurve ? v : modulo(-v - curveA);
    const result = new Uint8Array(32);
    for (let index = 0; index < 32; index += 1, u >>= 8n) result[index] = Number(u & 255n);
    return result;
}
