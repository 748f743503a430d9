// The files of a talk with one person or several: what was dropped or chosen goes to each, what others offer is shown.

import { FileCard } from "./filecard.js";
import { PairFiles } from "./pairfiles.js";
import { Selection } from "./sources.js";

/** Callbacks: `place(element, isOurs)` puts a card into the talk, `announce(text)` tells those who listen. */
export class TalkFiles {
    #ways;
    #callbacks;
    #pairs = new Set();
    #cards = new Map();

    constructor(ways, callbacks) {
        this.#ways = ways;
        this.#callbacks = callbacks;
        addEventListener("beforeunload", (event) => {
            if ([...this.#pairs].some((pair) => pair.isBusy)) event.preventDefault();
        });
    }

    /**
     * The PairFiles of one other person: `session` is ours in the talk with them, `nameOf()` what they are called now, fit
     * to be shown. Connections are told to it; see there.
     */
    pair(session, nameOf) {
        const actions = {
            accept: (offer) => offer.accept(),
            pick: (offer) => this.#pick(offer),
            decline: (offer) => offer.decline(),
            cancel: (offer) => pair.cancel(offer),
            goOn: (offer) => pair.goOn(offer),
            saveAgain: (offer) => offer.saveAgain(),
            choose: (offer, files) => pair.choose(offer, files, []),
        };
        const pair = new PairFiles(session, this.#ways, {
            onOffer: (offer) => {
                const card = new FileCard(offer, nameOf, actions, this.#callbacks.announce);
                this.#cards.set(offer, card);
                this.#callbacks.place(card.element, offer.direction === "out");
            },
            onChange: (offer) => this.#cards.get(offer)?.draw(),
            onGone: (offer) => {
                this.#cards.get(offer).remove();
                this.#cards.delete(offer);
            },
        });
        this.#pairs.add(pair);
        pair.recall();
        return pair;
    }

    /** That person is not in the talk any more; their cards stay. */
    part(pair) {
        pair.leave();
        this.#pairs.delete(pair);
    }

    /** Offers files, or dropped entries of files and folders, to everybody. Returns to how many. */
    offer(files, entries = []) {
        const selection = new Selection();
        selection.onChange = () => {
            for (const pair of this.#pairs) pair.handleChoice(selection);
        };
        if (entries.length > 0) selection.addEntries(entries);
        else selection.addFiles(files);
        for (const pair of this.#pairs) pair.send(selection);
        return this.#pairs.size;
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
