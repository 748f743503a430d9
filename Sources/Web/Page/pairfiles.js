// The files of one pair of a talk (Docs/Protocols/Chat.md), in both directions and through all its connections: several
// at once, each over a channel of its own.

import { base64url, lengthAndValue, utf8 } from "./bytes.js";
import { FileChannel, fileLabel, fileProtocol, isForFiles } from "./filechannel.js";
import { Failure } from "./failures.js";
import { IncomingFiles } from "./incomingfiles.js";
import { OutgoingFiles } from "./outgoingfiles.js";
import { Session } from "./session.js";
import { SHA256 } from "./sha256.js";

/** Channels of one side that are open at a time. */
const channelLimit = 8;
/** A connection that is lost takes its channels along first; a channel that was closed alone is one that stays so. */
const lossMilliseconds = 2000;
/** Offers of theirs that stay to be seen, unanswered, over the end of their connection. */
const waitingLimit = 32;
/** Offers of ours that a page which is loaded again knows of. */
const recordLimit = 50;

/** The session of a receiver of files, and the pair's name in the journal: they tell nothing of the one of the talk. */
function fileSession(session) {
    const hash = new SHA256().update(lengthAndValue(utf8("martlet chat files 1"))).update(lengthAndValue(utf8(session)));
    return base64url(hash.digest().subarray(0, 16));
}

/** One channel with the session on it. */
class Link {
    session = null;
    part = null;
    /** What it carries: known at once for one of ours, by the first offer for one of theirs. */
    offer = null;
    memory;
    peer;
    transport;

    constructor(peer, memory) {
        this.peer = peer;
        this.memory = memory;
    }
}

/**
 * Callbacks: `onOffer(offer)` with each FileOffer that begins to be one, `onChange(offer)` when something is to be drawn
 * anew, and `onGone(offer)` for one that was taken back and need not be seen any more.
 */
export class PairFiles {
    #session;
    #ways;
    #callbacks;
    #peer = null;
    /** By name. */
    #incoming = new Map();
    #outgoing = [];
    /** Records of offers that are not any more, which the other side does not know. */
    #takenBack = [];
    #ours = new Set();
    #theirs = new Set();
    #withdrawn = null;

    /** `session` is ours in the talk with this one other person. */
    constructor(session, ways, callbacks) {
        this.#session = fileSession(session);
        this.#ways = ways;
        this.#callbacks = callbacks;
    }

    /** What was being offered when the page was loaded again is shown again. */
    recall() {
        let records = [];
        try {
            records = JSON.parse(sessionStorage.getItem(this.#storageKey)) ?? [];
        } catch {
            // Nothing is kept here.
        }
        for (const record of records) {
            if (record.takenBack) {
                this.#takenBack.push(record);
                continue;
            }
            const offer = OutgoingFiles.recalled(record, () => this.#callbacks.onChange(offer), () => this.#keep());
            this.#add(offer);
        }
    }

    /** Whether something moves that would be lost with the page. */
    get isBusy() {
        const isMoving = (offer) => offer.state === "moving" && !offer.holdings?.resumable;
        return [...this.#outgoing, ...this.#incoming.values()].some(isMoving);
    }

    /** Both sides have begun over this connection. */
    connect(peer) {
        this.disconnect();
        this.#peer = peer;
        this.#letGoOfOld();
        peer.takeChannels((channel, early) => this.handleChannel(channel, early, peer));
        for (const offer of this.#outgoing) offer.rests = false;
        this.#pump();
    }

    /** The connection is over; what is not done goes on with the next. */
    disconnect() {
        this.#peer = null;
        for (const link of [...this.#ours, ...this.#theirs]) link.transport.end();
    }

    /** Somebody has left for good: the other side, or (`left-here`) we. */
    leave(code) {
        for (const offer of [...this.#outgoing, ...this.#incoming.values()]) offer.handleLeft(code);
        this.disconnect();
        this.#takenBack = [];
        this.#keep();
    }

    /** Offers what was chosen. */
    send(selection) {
        const offer = OutgoingFiles.of(selection, () => this.#callbacks.onChange(offer), () => this.#keep());
        this.#add(offer);
        this.#pump();
    }

    /** More of a folder that was chosen is known, or that there is nothing to send. */
    handleChoice(selection) {
        for (const offer of this.#outgoing) if (offer.selection === selection) offer.handleChoice();
        this.#pump();
    }

    /** The person wants one of ours to go on, after it had stopped, with the files that were chosen again. */
    async choose(offer, files, entries) {
        const { record } = offer;
        const isSame = await offer.choose(files, entries);
        if (offer.selection && !isSame) this.#takenBack.push({ ...record, takenBack: true });
        this.#pump();
    }

    goOn(offer) {
        offer.goOn();
        this.#pump();
    }

    cancel(offer) {
        const record = offer.direction === "out" ? offer.kept : null;
        const isUntold = offer.cancel();
        // Of what never had a channel the other side knows nothing.
        if (isUntold && record && (offer.part || offer.record)) this.#takenBack.push({ ...record, takenBack: true });
        this.#keep();
        this.#pump();
    }

    /** A channel that the other side has announced, with what has come over it. */
    handleChannel(channel, early, peer) {
        if (peer !== this.#peer || !isForFiles(channel) || this.#theirs.size >= channelLimit) {
            channel.close();
            return;
        }
        const link = new Link(peer, { id: this.#session, holdings: null, outgoing: null });
        this.#theirs.add(link);
        this.#carry(link, channel, this.#theirs);
        link.session = new Session(link.transport, link.memory, {
            ...this.#ends(link),
            onRole: (part) => {
                link.part = part;
                // Whoever opens a channel is who sends.
                if (part.role !== "receiver") link.session.fail(new Failure("protocol"), "protocol", "the same role");
            },
            onOffer: (transfer) => this.#handleOffer(link, transfer),
        });
        link.transport.hear(early);
    }

    // MARK: Links

    #carry(link, channel, open, onOpen = () => {}) {
        link.transport = new FileChannel(link.peer, channel, {
            onOpen,
            onText: (text) => link.session?.handleText(text),
            onFrame: (frame) => link.session?.handleFrame(frame),
            onClosed: () => {
                open.delete(link);
                link.session?.lose();
                this.#release(link);
                this.#pump();
            },
        });
    }

    #ends(link) {
        return {
            onAccepted: () => link.offer.handleAccepted(),
            onWords: () => {},
            onChange: () => {},
            onFinished: () => link.offer.handleFinished(),
            onFailure: (failure) => {
                const { offer } = link;
                if (offer?.link !== link) return;
                offer.handleEnd(failure);
                this.#release(link);
                if (offer.state === "withdrawn") this.#letGo(offer);
            },
        };
    }

    /** The link does not carry its offer any more. */
    #release(link) {
        const { offer } = link;
        if (offer?.link !== link) return;
        offer.unbind();
        if (offer.isOver) return;
        setTimeout(() => {
            if (offer.link || offer.isOver || this.#peer !== link.peer) return;
            offer.handleClosed();
            if (offer.state === "withdrawn") this.#letGo(offer);
        }, lossMilliseconds);
    }

    #handleOffer(link, transfer) {
        if (link.offer) {
            link.offer.consider(link);
            return;
        }
        let offer = this.#incoming.get(transfer);
        if (!offer) {
            const onChange = () => this.#callbacks.onChange(offer);
            offer = new IncomingFiles(`chat-${this.#session}`, this.#ways, transfer, onChange);
            this.#incoming.set(transfer, offer);
            this.#callbacks.onOffer(offer);
        }
        link.offer = offer;
        offer.bind(link);
    }

    /** Of what was taken back the last one stays to be seen: a flood of such must not fill the page. */
    #letGo(offer) {
        const before = this.#withdrawn;
        this.#withdrawn = offer;
        if (!before || before === offer || before.state !== "withdrawn") return;
        this.#incoming.delete(before.transfer);
        this.#callbacks.onGone(before);
    }

    /** Of what nobody has answered the newest stay: each connection may bring others. */
    #letGoOfOld() {
        const waiting = [...this.#incoming.values()].filter((offer) => offer.state === "waiting" && !offer.link);
        for (const offer of waiting.slice(0, -waitingLimit)) {
            this.#incoming.delete(offer.transfer);
            this.#callbacks.onGone(offer);
        }
    }

    // MARK: Ours

    #add(offer) {
        this.#outgoing.push(offer);
        this.#callbacks.onOffer(offer);
    }

    /** Opens channels for what waits for one. */
    #pump() {
        while (this.#peer?.isOver === false && this.#ours.size < channelLimit) {
            const record = this.#takenBack.shift();
            const offer = record ? null : this.#outgoing.find((candidate) => candidate.isDue);
            if (!record && !offer) return;
            this.#open(offer, record);
        }
    }

    #open(offer, record) {
        const link = new Link(this.#peer, { id: this.#session, holdings: null, outgoing: offer ?? record });
        link.offer = offer;
        this.#ours.add(link);
        if (offer) offer.await(link);
        this.#carry(link, this.#peer.announce(fileLabel, fileProtocol), this.#ours, () => {
            link.session = new Session(link.transport, link.memory, {
                ...this.#ends(link),
                onRole: (part) => {
                    link.part = part;
                    if (offer) offer.bind(link);
                    else this.#takeBack(link, record);
                },
                onOffer: () => offer.consider(),
            }, "sender");
        });
    }

    /** Names an offer of before, so that the other side knows which one it is that will not come. */
    #takeBack(link, { transfer, first }) {
        link.transport.sendText(JSON.stringify({ type: "offer", transfer, items: [first], more: true }));
        link.session.cancel();
        this.#keep();
    }

    get #storageKey() {
        return `martlet.files.${this.#session}`;
    }

    #keep() {
        const records = [...this.#takenBack, ...this.#outgoing.map((offer) => offer.kept).filter(Boolean)];
        try {
            if (records.length === 0) sessionStorage.removeItem(this.#storageKey);
            else sessionStorage.setItem(this.#storageKey, JSON.stringify(records.slice(-recordLimit)));
        } catch {
            // Then a page that is loaded again knows nothing of them.
        }
    }
}
