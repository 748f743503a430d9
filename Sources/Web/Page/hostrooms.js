// The rooms of a page that hosts: that of the link, and that of the code, which is another one after a dead code.

import { base64url, fromBase64url } from "./bytes.js";
import { drawRoom, drawSecret, drawWords } from "./draw.js";
import { HostedRoom } from "./hosting.js";

export class HostRooms {
    link;
    code;
    /** What happened while nobody was connected, for the person. */
    news = "";
    /** Why the server is away; empty while it is not. */
    trouble = "";
    #words;
    #callbacks;

    /**
     * `words` is the list for codes, or null; `callbacks` are `onGuest(guest)`, `onFailure(failure)`, `onChange()` when there
     * is something else to show, and where it matters `onWrongSecret(by)` before that; `kept` is what a page that was loaded
     * again had of its rooms.
     */
    constructor(words, callbacks, kept = []) {
        this.#words = words;
        this.#callbacks = callbacks;
        const [link, code] = kept;
        this.link = this.#make(link);
        this.code = code ? this.#make(code) : this.link;
    }

    get #all() {
        return new Set([this.link, this.code]);
    }

    /** What leads a page that is loaded again to the same rooms: whoever comes back finds them. */
    get kept() {
        return [...this.#all].map((room) => {
            const { name, secret, words } = room.place;
            return { place: { name, secret: base64url(secret), words }, ...room.kept };
        });
    }

    open() {
        for (const room of this.#all) room.open();
    }

    suspend() {
        for (const room of this.#all) room.suspend();
    }

    close() {
        for (const room of this.#all) room.close();
    }

    /** A dead code is followed by another one, in a room of its own: the link goes on. */
    renewCode() {
        if (this.code !== this.link) this.code.close();
        this.code = this.#make();
        this.code.open();
        this.news = "";
    }

    #make(kept) {
        const draw = () => this.#words ? drawWords(this.#words) : null;
        const { place: { name, secret, words } = {}, ...rest } = kept ?? {};
        const place = kept ? { name, secret: fromBase64url(secret), words }
            : { name: drawRoom(), secret: drawSecret(), words: draw() };
        return new HostedRoom(place, {
            onOpened: () => this.#handleServer(""),
            onAway: (code) => this.#handleServer(code),
            onGuest: (guest) => this.#callbacks.onGuest(guest),
            onWrongSecret: (by) => {
                if (by === "link") this.news = "Somebody came with a link that is not this one, and was turned away.";
                this.#callbacks.onWrongSecret?.(by);
                this.#callbacks.onChange();
            },
            onOtherNumber: () => {
                this.news = "The server gave another number, so that there is another code now. The one that stood here "
                    + "before is not used any more: pass on the new one.";
                return draw();
            },
            onFailure: (failure) => this.#callbacks.onFailure(failure),
        }, kept ? rest : null);
    }

    #handleServer(trouble) {
        this.trouble = trouble;
        this.#callbacks.onChange();
    }
}
