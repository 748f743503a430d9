// Meeting without a server (Docs/Protocols/Offline.md): the offer that a person has pasted, and the answer to it, which
// the same person carries back. Both forms: letters and digits, and the JSON of a browser.

import { concatenate, lengthAndValue, utf8 } from "./bytes.js";
import { Failure } from "./failures.js";
import { SHA256 } from "./sha256.js";
import { certificateOf } from "./words.js";

const prefix = "MARTLET1";
const mostCharacters = 128 * 1024;
const mostBytes = 8192;
const mostCandidates = 100;
const checksumBytes = 4;
const usualPort = 5000;
const usualMessageBytes = 262144;
/** Two clocks may differ by so much. */
const clockSlackSeconds = 300;
const setups = ["actpass", "active", "passive"];
const types = ["host", "srflx", "relay"];
const digits32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const digits64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const sha256 = (bytes) => new SHA256().update(bytes).digest();
const checksum = (bytes) => sha256(bytes).subarray(0, checksumBytes);
const lettersAndDigits = (text) => text.toUpperCase().replace(/[^A-Z0-9]/g, "");

/** Whether a text holds a description rather than a link or a code. */
export function looksOffline(text) {
    return text.includes("{") || /MARTLET[0-9]/.test(lettersAndDigits(text));
}

/**
 * The offer in a text: `{ sdp, identifier, form }`, with `form` `compact` or `complete`. Throws a Failure for anything
 * else.
 */
export function readOffer(text) {
    if (text.length > mostCharacters) throw new Failure("bad-offer");
    const brace = text.indexOf("{");
    const { kind, sdp, identifier, expires, form } = brace >= 0 ? readComplete(text.slice(brace)) : readCompact(text);
    if (kind !== "offer") throw new Failure("answer-for-offer");
    if (expires && Date.now() / 1000 - expires > clockSlackSeconds) throw new Failure("expired-offer");
    return { sdp, identifier, form };
}

/** The text that answers `offer`, for the person to carry. `expires` is in seconds since 1970. */
export function writeAnswer(sdp, offer, expires) {
    const answers = offer.identifier.toString(16).padStart(8, "0");
    const complete = () => JSON.stringify({ type: "answer", sdp, martlet: { answers, expires } });
    if (offer.form === "complete") return complete();
    try {
        return prefix + base32(compact(sdp, offer.identifier, expires));
    } catch {
        // What the compact form cannot say.
        return complete();
    }
}

// MARK: The complete form

function readComplete(text) {
    // Chat programs break lines, which JSON has nowhere inside a string.
    const end = text.lastIndexOf("}") + 1;
    let object;
    try {
        object = JSON.parse(text.slice(0, end).replace(/[\r\n]/g, ""));
    } catch {
        throw new Failure("damaged-offer");
    }
    const { type, sdp, martlet } = object;
    if (type !== "offer" && type !== "answer" || typeof sdp !== "string") throw new Failure("bad-offer");
    const expires = Number.isSafeInteger(martlet?.expires) ? martlet.expires : 0;
    return { kind: type, sdp, identifier: identifierOf(fieldsOf(sdp)), expires, form: "complete" };
}

/** What a description says of its transport. */
function fieldsOf(sdp) {
    const value = (name) => new RegExp(`^a=${name}:([^\\r\\n]*)`, "m").exec(sdp)?.[1].trim();
    const certificate = certificateOf(sdp);
    const fields = { ufrag: value("ice-ufrag"), pwd: value("ice-pwd"), certificate, setup: value("setup") };
    if (!fields.ufrag || !fields.pwd || !certificate) throw new Failure("bad-offer");
    return {
        ...fields, port: Number(value("sctp-port") ?? usualPort),
        messageBytes: Number(value("max-message-size") ?? 65536), mid: value("mid") ?? "0",
        candidates: Array.from(sdp.matchAll(/^a=candidate:([^\r\n]*)/gm), ([, line]) => line),
    };
}

function identifierOf({ ufrag, pwd, certificate }) {
    const parts = [utf8("martlet offline 1"), utf8(ufrag), utf8(pwd), certificate].map(lengthAndValue);
    return new DataView(sha256(concatenate(...parts)).buffer).getUint32(0);
}

// MARK: The compact form

function readCompact(text) {
    const characters = lettersAndDigits(text);
    const start = characters.indexOf(prefix);
    if (start < 0) throw new Failure(/MARTLET[0-9]/.test(characters) ? "unknown-offer" : "bad-offer");
    const values = [];
    for (const character of characters.slice(start + prefix.length)) {
        const value = digits32.indexOf(character);
        if (value < 0) break;
        values.push(value);
    }
    const head = bytesOf(values.slice(0, 5));
    const count = head.length < 3 ? Infinity : (head[1] << 8) | head[2];
    const needed = Math.ceil((8 * count) / 5);
    if (values.length < needed) throw new Failure(count > mostBytes && count < Infinity ? "damaged-offer" : "cut-offer");
    const bytes = bytesOf(values.slice(0, needed));
    const body = bytes.subarray(0, Math.max(0, bytes.length - checksumBytes));
    const sum = bytes.subarray(body.length);
    const isWhole = checksum(body).every((byte, index) => byte === sum[index]);
    if (!isWhole || base32(bytes) !== values.slice(0, needed).map((value) => digits32[value]).join("")) {
        throw new Failure("damaged-offer");
    }
    try {
        return read(new Reader(body));
    } catch {
        throw new Failure("bad-offer");
    }
}

/** Takes bytes one after another; throws a RangeError at the end. */
class Reader {
    #bytes;
    #offset = 0;

    constructor(bytes) {
        this.#bytes = bytes;
    }

    get isAtEnd() {
        return this.#offset === this.#bytes.length;
    }

    take(count) {
        if (this.#offset + count > this.#bytes.length) throw new RangeError("the end");
        this.#offset += count;
        return this.#bytes.subarray(this.#offset - count, this.#offset);
    }

    number(count) {
        return this.take(count).reduce((sum, byte) => sum * 256 + byte, 0);
    }

    /** Characters of six bits each. */
    iceText() {
        const length = this.number(1);
        const bits = Array.from(this.take(Math.ceil((6 * length) / 8)), (byte) => byte.toString(2).padStart(8, "0")).join("");
        return Array.from({ length }, (_, index) => digits64[parseInt(bits.slice(6 * index, 6 * index + 6), 2)]).join("");
    }
}

function check(condition) {
    if (!condition) throw new RangeError("not a description");
}

function read(reader) {
    const flags = reader.number(1);
    const setup = setups[(flags >> 1) & 3];
    const kind = flags & 1 ? "answer" : "offer";
    check(flags < 64 && setup && (kind === "offer" || setup !== "actpass"));
    reader.take(2);
    const expires = reader.number(4);
    if (kind === "answer") reader.take(4);
    const port = flags & 8 ? reader.number(2) : usualPort;
    const messageBytes = flags & 16 ? reader.number(4) : usualMessageBytes;
    const ufrag = reader.iceText();
    const pwd = reader.iceText();
    const certificate = reader.take(32);
    const count = reader.number(1);
    check(port > 0 && ufrag.length >= 4 && pwd.length >= 22 && count <= mostCandidates);
    const candidates = Array.from({ length: count }, (_, place) => candidateLine(reader, place));
    check(reader.isAtEnd);
    const identifier = identifierOf({ ufrag, pwd, certificate });
    const fingerprint = Array.from(certificate, (byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(":");
    const lines = [
        "v=0", `o=- ${identifier} 1 IN IP4 127.0.0.1`, "s=-", "t=0 0", "a=group:BUNDLE 0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=mid:0", `a=ice-ufrag:${ufrag}`,
        `a=ice-pwd:${pwd}`, "a=ice-options:trickle", `a=fingerprint:sha-256 ${fingerprint}`, `a=setup:${setup}`,
        `a=sctp-port:${port}`, `a=max-message-size:${messageBytes}`, ...candidates.map((line) => `a=candidate:${line}`),
        "a=end-of-candidates",
    ];
    return { kind, sdp: lines.map((line) => `${line}\r\n`).join(""), identifier, expires, form: "compact" };
}

function candidateLine(reader, place) {
    const first = reader.number(1);
    const type = types[first >> 3];
    check(type);
    const address = readAddress(reader, first & 7);
    const port = reader.number(2);
    check(port > 0);
    const preference = [126, 100, 0][first >> 3];
    const priority = preference * 2 ** 24 + (0xffff - place) * 256 + 255;
    const related = type === "host" ? "" : ` raddr ${address.includes(":") ? "::" : "0.0.0.0"} rport 9`;
    return `${place + 1} 1 udp ${priority} ${address} ${port} typ ${type}${related}`;
}

function readAddress(reader, kind) {
    switch (kind) {
    case 0:
        return reader.take(4).join(".");
    case 1:
        return Array.from({ length: 8 }, () => reader.number(2).toString(16)).join(":");
    case 2: {
        const digits = Array.from(reader.take(16), (byte) => byte.toString(16).padStart(2, "0")).join("");
        return `${digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")}.local`;
    }
    case 3: {
        const name = String.fromCharCode(...reader.take(reader.number(1)));
        check(/^[0-9a-z._-]+$/.test(name));
        return name;
    }
    case 4:
        return "127.0.0.1";
    case 5:
        return "::1";
    default:
        throw new RangeError("an unknown kind of address");
    }
}

/** The bytes of our answer. Throws where the compact form cannot say it. */
function compact(sdp, answers, expires) {
    const { ufrag, pwd, certificate, setup, port, messageBytes, mid, candidates } = fieldsOf(sdp);
    const setupNumber = setups.indexOf(setup);
    check(setupNumber > 0 && mid === "0" && ufrag.length < 256 && pwd.length < 256);
    const hasPort = port !== usualPort;
    const hasSize = messageBytes !== usualMessageBytes;
    const known = candidates.map(candidateBytes).filter(Boolean).sort((left, right) => right.priority - left.priority)
        .slice(0, mostCandidates);
    const body = concatenate(
        Uint8Array.of((hasSize ? 16 : 0) | (hasPort ? 8 : 0) | (setupNumber << 1) | 1, 0, 0), number(expires, 4),
        number(answers, 4), ...(hasPort ? [number(port, 2)] : []), ...(hasSize ? [number(messageBytes, 4)] : []),
        iceBytes(ufrag), iceBytes(pwd), certificate, Uint8Array.of(known.length), ...known.map(({ bytes }) => bytes));
    const count = body.length + checksumBytes;
    check(count <= mostBytes);
    body.set(number(count, 2), 1);
    return concatenate(body, checksum(body));
}

/** `{ priority, bytes }` of a candidate; null for one that nobody could use over UDP. */
function candidateBytes(line) {
    const [, component, transport, priority, address, port, , type] = line.split(" ");
    const typeNumber = types.indexOf(type);
    if (component !== "1" || transport.toLowerCase() !== "udp" || typeNumber < 0 || !(port > 0)) return null;
    const [kind, bytes] = addressBytes(address.toLowerCase());
    return {
        priority: Number(priority),
        bytes: concatenate(Uint8Array.of((typeNumber << 3) | kind), bytes, number(Number(port), 2)),
    };
}

function addressBytes(address) {
    if (address === "127.0.0.1") return [4, new Uint8Array(0)];
    if (address === "::1") return [5, new Uint8Array(0)];
    if (/^[0-9]+(\.[0-9]+){3}$/.test(address)) return [0, Uint8Array.from(address.split("."), Number)];
    if (address.includes(":")) return [1, addressBytes6(address)];
    if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.local$/.test(address)) {
        return [2, Uint8Array.from(address.slice(0, 36).replaceAll("-", "").match(/../g), (pair) => parseInt(pair, 16))];
    }
    const name = utf8(address);
    return [3, concatenate(Uint8Array.of(name.length), name)];
}

function addressBytes6(address) {
    const [head, tail] = address.split("::").map((half) => half.split(":").filter(Boolean));
    const zeros = Array(8 - head.length - (tail?.length ?? 0)).fill("0");
    return concatenate(...[...head, ...(tail ? zeros : []), ...(tail ?? [])].map((group) => number(parseInt(group, 16), 2)));
}

function number(value, count) {
    return Uint8Array.from({ length: count }, (_, index) => Math.floor(value / 256 ** (count - 1 - index)) & 255);
}

function iceBytes(text) {
    const bits = Array.from(text, (character) => digits64.indexOf(character).toString(2).padStart(6, "0")).join("");
    const bytes = bits.match(/.{1,8}/g).map((byte) => parseInt(byte.padEnd(8, "0"), 2));
    return Uint8Array.of(text.length, ...bytes);
}

// MARK: Base32 (RFC 4648)

function base32(bytes) {
    const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
    return (bits.match(/.{1,5}/g) ?? []).map((group) => digits32[parseInt(group.padEnd(5, "0"), 2)]).join("");
}

function bytesOf(values) {
    const bits = values.map((value) => value.toString(2).padStart(5, "0")).join("");
    return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => parseInt(byte, 2));
}
