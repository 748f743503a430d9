// The files of a talk with one person or several: what was dropped or chosen goes to each, what others offer is shown.

import { FileCard } from "./filecard.js";
import { PairFiles } from "./pairfiles.js";
import { Ways } from "./plan.js";
import { Selection } from "./sources.js";

/**
 * Callbacks: `place(element)` puts a card into the talk, `onOffered(member, text)` when somebody offers something, and
 * `announce(text)` tells those who listen.
 */
export class TalkFiles {
    #callbacks;
    /** Of each Member, and the card of each offer. */
    #pairs = new Map();
    #cards = new WeakMap();
    /** What this browser can do is looked at when there is somebody to send something. */
    #ways = null;

    constructor(callbacks) {
        this.#callbacks = callbacks;
        addEventListener("beforeunload", (event) => {
            if ([...this.#pairs.values()].some((pair) => pair.isBusy)) event.preventDefault();
        });
    }

    /** The page was loaded again: what was being offered to these members stands there. */
    recall(members) {
        for (const member of members) this.#pairOf(member);
    }

    /** A connection with a member has begun. */
    begin(member, peer) {
        this.#pairOf(member).connect(peer);
    }

    /** The connection with a member is lost. */
    lose(member) {
        this.#pairs.get(member)?.disconnect();
    }

    /** A member has left for good, or (`left-here`) we; what stands there stays. */
    leave(member, code = "left") {
        this.#pairs.get(member)?.leave(code);
        this.#pairs.delete(member);
    }

    /** Offers files, or dropped entries of files and folders, to everybody. Returns whether there is somebody. */
    offer(files, entries = []) {
        if (this.#pairs.size === 0) return false;
        const selection = new Selection();
        selection.onChange = () => {
            for (const pair of this.#pairs.values()) pair.handleChoice(selection);
        };
        if (entries.length > 0) selection.addEntries(entries);
        else selection.addFiles(files);
        for (const pair of this.#pairs.values()) pair.send(selection);
        return true;
    }

    #pairOf(member) {
        const known = this.#pairs.get(member);
        if (known) return known;
        this.#ways ??= Ways.survey();
        const actions = {
            accept: (offer) => offer.accept(),
            pick: (offer) => this.#pick(offer),
            decline: (offer) => offer.decline(),
            cancel: (offer) => pair.cancel(offer),
            goOn: (offer) => pair.goOn(offer),
            saveAgain: (offer) => offer.saveAgain(),
            choose: (offer, files) => pair.choose(offer, files, []),
        };
        const pair = new PairFiles(member.pair.session, this.#ways, {
            onOffer: (offer) => {
                if (offer.direction === "out") this.#show(offer, member, actions);
            },
            onChange: (offer) => {
                const card = this.#cards.get(offer);
                if (card) card.draw();
                // Before anything of it is known there is nothing to show.
                else if (offer.part) this.#callbacks.onOffered(member, this.#show(offer, member, actions));
            },
            onGone: (offer) => {
                this.#cards.get(offer)?.remove();
                this.#cards.delete(offer);
            },
        });
        this.#pairs.set(member, pair);
        pair.recall();
        return pair;
    }

    #show(offer, member, actions) {
        const card = new FileCard(offer, () => member.name, actions, this.#callbacks.announce);
        this.#cards.set(offer, card);
        this.#callbacks.place(card.element);
        return card.title;
    }

    async #pick(offer) {
        try {
            await offer.acceptInto(await showDirectoryPicker({ id: "martlet", mode: "readwrite", startIn: "downloads" }));
        } catch (error) {
            // Closing the dialog is no choice.
            if (error.name !== "AbortError") this.#callbacks.announce("This folder cannot be used. Choose another one.");
        }
    }
}
