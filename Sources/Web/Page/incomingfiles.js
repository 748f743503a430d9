// One offer of the other side's in the middle of a talk: what it is, where it would go, the yes, and what has come.

import { FileOffer } from "./fileoffer.js";
import { Holdings } from "./holdings.js";

/** An offer that grows is planned anew this often. */
const planMilliseconds = 250;
/** Ends of a connection after which the next one brings the rest. */
const passing = new Set(["gone", "stalled"]);

export class IncomingFiles extends FileOffer {
    direction = "in";
    /** How it would be saved; null before something is known. */
    plan = null;
    /** What is here, through all connections; null before it was looked for. */
    holdings = null;
    /** What the browser takes: whether it makes us wait, perhaps for a person's answer. */
    isHeld = false;
    /** Whether the person said no, or stop, where nobody heard it. */
    #refused = false;
    #isAccepting = false;
    #place;
    #ways;
    #ready;
    #planTime = -Infinity;

    /** `place` is the name of the pair in the journal, `ways` a promise of Ways. */
    constructor(place, ways, transfer, onChange) {
        super(transfer, onChange);
        this.#place = place;
        this.#ready = this.#prepare(ways);
    }

    get picks() {
        return this.#ways?.picks === true;
    }

    async #prepare(ways) {
        this.#ways = await (await ways).afresh();
        const holdings = new Holdings(this.#place, this.#ways, (_bytes, held) => {
            this.isHeld = held;
        });
        await holdings.recall(this.transfer);
        this.holdings = holdings;
    }

    /** It is offered over this link, for the first time or again. */
    async bind(link) {
        const before = this.link;
        this.link = link;
        before?.session.lose();
        if (this.state === "withdrawn") this.state = "waiting";
        await this.#ready;
        link.memory.holdings = link.part.holdings = this.holdings;
        this.consider(link);
    }

    /** More of the offer is known. */
    consider(link) {
        const { part } = link;
        if (this.link !== link || !this.holdings || this.#isAccepting) return;
        // What is on its way into the downloads folder must not be put there twice.
        if (this.part !== part && this.part?.delivering && !this.isOver) return;
        if (this.#refused) {
            link.session.decline("Declined at the browser.");
            return;
        }
        const { holdings } = this;
        if (holdings.accepted && !part.complete) return;
        if (holdings.covers(this.transfer, part.items)) {
            this.part = part;
            part.accept(true);
            return;
        }
        // A list that grows item by item would be laid out anew for each of them; the last message always counts.
        const now = performance.now();
        if (!part.complete && now - this.#planTime < planMilliseconds) return;
        this.#planTime = now;
        this.part = part;
        this.plan = this.#ways.plan(part.items, part.totalBytes, part.complete);
        this.change("waiting");
    }

    /** The person said yes. */
    async accept(plan = this.plan) {
        const { link, holdings, part } = this;
        if (this.state !== "waiting" || !link || !plan) return;
        const goesOn = holdings.accepted && !holdings.delivered && part.complete && holdings.transfer === this.transfer;
        this.#isAccepting = true;
        this.change("moving");
        this.plan = plan;
        if (!goesOn) {
            await holdings.forget();
            await holdings.accept(this.transfer, plan);
        }
        this.#isAccepting = false;
        if (this.isOver) this.#drop();
        else if (this.link) this.link.part.accept(goesOn);
        else this.change("interrupted");
    }

    /** The person chose a folder for it. */
    acceptInto(folder) {
        return this.accept(this.#ways.planFolder(folder));
    }

    decline() {
        if (this.state !== "waiting") return;
        this.#refused = true;
        const isBig = this.plan && this.part.items.every((item) => this.plan.refusal(item));
        const { link } = this;
        this.change("failed", "declined-here");
        link?.session.decline(isBig ? "Too big for what this browser can save here." : "Declined at the browser.");
        this.#drop();
    }

    /** The person stops it. */
    cancel() {
        if (this.isOver) return;
        this.#refused = true;
        const { link } = this;
        this.change("failed", "canceled-here");
        link?.session.cancel();
        this.#drop();
    }

    /** Tries again what the browser did not take. */
    async saveAgain() {
        await this.holdings.deliverAgain(this.part.items);
        this.change("done");
    }

    handleAccepted() {
        // What is here whole goes on without being seen: only its receipt was lost.
        if (!this.isOver) this.change("moving");
    }

    handleFinished() {
        if (this.state === "failed") return;
        this.change("done");
        // It was offered once more meanwhile.
        if (this.link && this.link.part !== this.part) this.consider(this.link);
    }

    /** The link has ended, `failure` says why. */
    handleEnd(failure) {
        if (this.isOver) return;
        const { code, detail } = failure;
        const isAccepted = this.holdings?.accepted === true;
        if (code === "storage-here") this.change("paused", code, detail);
        else if (passing.has(code) || failure.resumable) this.change(isAccepted ? "interrupted" : "waiting", code);
        else if (!isAccepted) this.change("withdrawn", code, detail);
        else this.#fail(code, detail);
    }

    /** The channel was closed, though its connection stands. */
    handleClosed() {
        if (this.state === "waiting") this.change("withdrawn");
        else if (this.state === "interrupted") this.change("paused", this.code);
    }

    /** Somebody has left for good. */
    handleLeft(code) {
        if (this.state === "waiting") this.change("withdrawn", code);
        else if (!this.isOver && !this.part?.delivering) this.#fail(code, "");
    }

    #fail(code, detail) {
        this.change("failed", code, detail);
        this.#drop();
    }

    async #drop() {
        await this.#ready;
        // What is whole still gets to where it belongs.
        await this.holdings.close();
        if (this.holdings.accepted && !this.holdings.delivered) await this.holdings.forget();
    }
}
