// The guest's side of the exchange that two sides of a room begin with (Docs/Protocols/Rooms.md). What comes out of it
// hangs on the secret alone, which the server does not know.

import { base64url, concatenate, equalInConstantTime, fromBase64url, lengthAndValue, utf8 } from "./bytes.js";
import { generator, intermediateKey, nacl, share } from "./cpace.js";
import { Failure } from "./failures.js";
import { KeySchedule } from "./seal.js";

export const nonceBytes = 16;
export const valueBytes = 32;
/** What a host says in place of any body. Nobody vouches for it. */
const refusals = {
    "wrong-secret": "wrong-words", "dead": "dead-there", "no-code": "no-code", "version": "version", "busy": "busy-there",
};

/** The bytes of a member of a body, which are so many. */
export function field(body, name, count) {
    const bytes = fromBase64url(body?.[name]);
    if (bytes?.length !== count) throw new Failure("cannot-verify");
    return bytes;
}

/** The secret of an entrance as CPace takes it, and the channel that it belongs to. */
export function binding(entrance, room) {
    const isCode = entrance.words !== undefined;
    const number = isCode ? String(entrance.number) : "";
    const parts = ["martlet rooms 2", room, isCode ? "code" : "link", number];
    return {
        secret: isCode ? utf8(entrance.words.join(" ")) : entrance.secret,
        channel: concatenate(...parts.map((part) => lengthAndValue(utf8(part)))),
    };
}

/** The data that belong to the share of a side: who it is, and with which certificate it will do DTLS. */
export function associatedData(side, certificate) {
    return concatenate(lengthAndValue(utf8(side)), lengthAndValue(certificate));
}

/** One exchange, used once. Each step takes a body and throws a Failure if it is not the one that it must be. */
export class Exchange {
    /** SHA-256 of the certificate to which the host is bound, behind `answer`. */
    hostCertificate = null;
    #entrance;
    #room;
    #certificate;
    #random;
    #nonce;
    #keys = null;
    #shares = null;

    /**
     * `entrance` is a link `{ secret }` or a code `{ number, words }`, `room` the room's name, `certificate` the SHA-256
     * of ours; `random(count)` makes secret bytes.
     */
    constructor(entrance, room, certificate, random = nacl.randomBytes) {
        this.#entrance = entrance;
        this.#room = room;
        this.#certificate = certificate;
        this.#random = random;
        this.#nonce = random(nonceBytes);
    }

    /** The first body. */
    get hello() {
        return { hello: 2, by: this.#entrance.words ? "code" : "link", nonce: base64url(this.#nonce) };
    }

    /** Takes the host's share and returns ours with the confirmation: whoever holds that may test one guess. */
    answer(body) {
        Exchange.#refuse(body);
        if (body.hello !== 2 || this.#keys) throw new Failure("cannot-verify");
        const session = concatenate(field(body, "nonce", nonceBytes), this.#nonce);
        const hostShare = field(body, "share", valueBytes);
        this.hostCertificate = field(body, "certificate", valueBytes);
        const { secret, channel } = binding(this.#entrance, this.#room);
        const scalar = this.#random(valueBytes);
        this.#shares = {
            a: { share: hostShare, data: associatedData("host", this.hostCertificate) },
            b: {
                share: share(scalar, generator(secret, channel, session)),
                data: associatedData("guest", this.#certificate),
            },
        };
        const key = intermediateKey(scalar, hostShare, session, this.#shares);
        scalar.fill(0);
        if (!key) throw new Failure("cannot-verify");
        this.#keys = new KeySchedule(session, key);
        return {
            share: base64url(this.#shares.b.share),
            certificate: base64url(this.#certificate),
            confirm: base64url(this.#keys.confirmation("guest", this.#shares)),
        };
    }

    /** Takes the host's confirmation and returns the keys. */
    conclude(body) {
        Exchange.#refuse(body);
        const confirmation = field(body, "confirm", valueBytes);
        if (!equalInConstantTime(confirmation, this.#keys.confirmation("host", this.#shares))) {
            throw new Failure("cannot-verify");
        }
        return this.#keys;
    }

    static #refuse(body) {
        if (body === null || typeof body !== "object") throw new Failure("cannot-verify");
        if (body.refused === undefined) return;
        throw new Failure(Object.hasOwn(refusals, body.refused) ? refusals[body.refused] : "cannot-verify");
    }
}
