// One offer of ours in the middle of a talk: to a Sender it is what Outgoing is. The files themselves do not survive that
// the page is loaded again, since a browser gives them to a page only by the person's hand; their name does.

import { hex } from "./bytes.js";
import { FileOffer } from "./fileoffer.js";
import { digestOf } from "./outgoing.js";
import { Selection } from "./sources.js";
import { fileCount } from "./text.js";

const passing = new Set(["gone", "stalled"]);
const freshName = () => hex(crypto.getRandomValues(new Uint8Array(8)));

export class OutgoingFiles extends FileOffer {
    direction = "out";
    /** What was chosen; null when the page was loaded again since. */
    selection = null;
    /** Whether the other side said yes. */
    accepted = false;
    /** Whether its channel was closed though the connection stands: then it waits for the person, or for the next one. */
    rests = false;
    /** `{ transfer, digest, title, isFolder, first }` of what was offered before the page was loaded again. */
    record = null;
    #keep;

    /** `keep()` writes the records of the pair where they outlive the page. */
    constructor(transfer, onChange, keep) {
        super(transfer ?? freshName(), onChange);
        this.#keep = keep;
    }

    static of(selection, onChange, keep) {
        const offer = new OutgoingFiles(null, onChange, keep);
        offer.selection = selection;
        return offer;
    }

    /** What was being offered when the page was loaded again. */
    static recalled(record, onChange, keep) {
        const offer = new OutgoingFiles(record.transfer, onChange, keep);
        offer.record = record;
        offer.state = "lost";
        return offer;
    }

    /** What it is called: the name of one file, or how many there are. */
    get title() {
        if (!this.selection) return this.record.title;
        const { choices, count } = this.selection;
        return choices.length === 1 ? choices[0].name : fileCount(count);
    }

    /** Whether a channel is to be opened for it, as soon as there can be one. */
    get isDue() {
        return this.link === null && !this.rests && this.selection?.count > 0
            && (this.state === "waiting" || this.state === "interrupted");
    }

    /** What another page needs to know to go on with it, or to take it back; null when there is nothing. */
    get kept() {
        if (this.isOver) return null;
        if (!this.selection) return this.record;
        const [source] = this.selection.choices[0].sources;
        if (!source) return null;
        const { kind, path, size, mtime } = source;
        const digest = this.selection.complete ? digestOf(this.selection) : null;
        const isFolder = this.selection.choices.some((choice) => choice.isFolder);
        const first = { item: 0, kind, path, size, mtime };
        return { transfer: this.transfer, digest, title: this.title, isFolder, first };
    }

    // MARK: What a Sender asks of Outgoing

    remember() {
        this.accepted = true;
        this.#keep();
    }

    forget() {
        this.#keep();
    }

    // MARK: The person

    /**
     * The same files were chosen again, or others, which then are another offer. Resolves with whether they are the same
     * when all of them are known.
     */
    async choose(files, entries) {
        const selection = new Selection();
        if (entries.length > 0) selection.addEntries(entries);
        else selection.addFiles(files);
        while (!selection.complete) {
            await new Promise((resolve) => {
                selection.onChange = resolve;
            });
        }
        if (this.state !== "lost" || selection.count === 0) return false;
        this.selection = selection;
        const isSame = digestOf(selection) === this.record.digest;
        if (!isSame) this.transfer = freshName();
        this.change("waiting");
        this.#keep();
        return isSame;
    }

    /** The person stops it. Returns whether the other side has still to be told. */
    cancel() {
        if (this.isOver) return false;
        const { link } = this;
        this.change("failed", "canceled-here");
        if (link?.session) link.session.cancel();
        else link?.transport.close();
        this.#keep();
        return !link?.part;
    }

    /** More of what was chosen is known. */
    handleChoice() {
        if (this.selection.complete && this.selection.count === 0) this.change("failed", "unreadable");
        else if (!this.part) this.change(this.state);
    }

    /** The person wants what was paused to go on. */
    goOn() {
        if (this.state !== "paused") return;
        this.rests = false;
        this.change(this.accepted ? "interrupted" : "waiting");
    }

    // MARK: The link

    /** A channel is being opened for it. */
    await(link) {
        this.link = link;
        this.change(this.state, this.code, this.detail);
    }

    /** Both have greeted each other over that channel. */
    bind(link) {
        this.part = link.part;
        link.part.offer();
        this.#keep();
    }

    /** More of it is offered. */
    consider() {
        if (this.state === "waiting") this.change("waiting");
        if (this.part.complete) this.#keep();
    }

    handleAccepted() {
        this.change("moving");
    }

    handleFinished() {
        this.change("done");
        this.#keep();
    }

    handleEnd(failure) {
        if (this.isOver) return;
        const { code, detail } = failure;
        if (passing.has(code)) {
            this.rests = true;
            this.change(this.accepted ? "interrupted" : "waiting", code);
        } else {
            this.change(failure.resumable ? "paused" : "failed", code, detail);
        }
        this.#keep();
    }

    handleClosed() {
        if (!this.isOver && this.state !== "lost") this.change("paused", this.code);
    }

    handleLeft(code) {
        if (!this.isOver) this.change("failed", code);
        this.#keep();
    }
}
