// The host's side of the exchange of a room (Docs/Protocols/Rooms.md). Exchange is the guest's.

import { base64url, concatenate, equalInConstantTime } from "./bytes.js";
import { generator, intermediateKey, nacl, share } from "./cpace.js";
import { associatedData, binding, field, nonceBytes, valueBytes } from "./exchange.js";
import { Failure } from "./failures.js";
import { KeySchedule } from "./seal.js";

/** The host does not go on with this guest. `code` is what it is told: `wrong-secret`, `dead`, `no-code`, `version`. */
export class Refusal extends Error {
    constructor(code) {
        super(code);
        this.code = code;
    }
}

/** One exchange, used once. Each step takes a body and throws a Failure, or a Refusal, if it is not what it must be. */
export class HostExchange {
    /** SHA-256 of the certificate to which the guest is bound, behind `conclude`. */
    guestCertificate = null;
    /** All keys, behind `conclude`. */
    keys = null;
    /** By what the guest enters: `link` or `code`. */
    by;
    #entrance;
    #room;
    #guestNonce;
    #certificate = null;
    #session = null;
    #scalar = null;
    #share = null;
    #random;

    /**
     * `hello` is the guest's first body, `entrances` what guests may know, `{ link: { secret }, code }` with a code
     * `{ number, words }` or null, and `room` the room's name; `random(count)` makes secret bytes.
     */
    constructor(hello, entrances, room, random = nacl.randomBytes) {
        if (hello?.hello === undefined) throw new Failure("cannot-verify");
        if (hello.hello !== 2) throw new Refusal("version");
        if (hello.by !== "link" && hello.by !== "code") throw new Failure("cannot-verify");
        if (!entrances[hello.by]) throw new Refusal("no-code");
        this.by = hello.by;
        this.#entrance = entrances[hello.by];
        this.#room = room;
        this.#guestNonce = field(hello, "nonce", nonceBytes);
        this.#random = random;
    }

    /** Our share. `certificate` is the SHA-256 of the one that we will show to this guest. */
    begin(certificate) {
        const nonce = this.#random(nonceBytes);
        const { secret, channel } = binding(this.#entrance, this.#room);
        this.#certificate = certificate;
        this.#session = concatenate(nonce, this.#guestNonce);
        this.#scalar = this.#random(valueBytes);
        this.#share = share(this.#scalar, generator(secret, channel, this.#session));
        return {
            hello: 2, nonce: base64url(nonce), share: base64url(this.#share), certificate: base64url(certificate),
        };
    }

    /** Takes the guest's share and confirmation; returns ours, if that is right. */
    conclude(body) {
        // A second hello is none of these.
        if (!this.#scalar || body?.hello !== undefined) throw new Failure("cannot-verify");
        const confirmation = field(body, "confirm", valueBytes);
        const guestShare = field(body, "share", valueBytes);
        const guestCertificate = field(body, "certificate", valueBytes);
        const shares = {
            a: { share: this.#share, data: associatedData("host", this.#certificate) },
            b: { share: guestShare, data: associatedData("guest", guestCertificate) },
        };
        const key = intermediateKey(this.#scalar, guestShare, this.#session, shares);
        this.#scalar.fill(0);
        this.#scalar = null;
        if (!key) throw new Failure("cannot-verify");
        const keys = new KeySchedule(this.#session, key);
        if (!equalInConstantTime(confirmation, keys.confirmation("guest", shares))) throw new Refusal("wrong-secret");
        this.keys = keys;
        this.guestCertificate = guestCertificate;
        return { confirm: base64url(keys.confirmation("host", shares)) };
    }
}
