// The page as host, from beginning to end: files are chosen, a room is made, somebody comes and gets them.

import { Attempt } from "./attempt.js";
import { hex } from "./bytes.js";
import { Failure } from "./failures.js";
import { HostRooms } from "./hostrooms.js";
import * as screens from "./hostscreens.js";
import { Movement } from "./movement.js";
import { Outgoing } from "./outgoing.js";
import { showDone, showFailure, showMoving, showWaitingForYes } from "./screens.js";
import * as view from "./view.js";

/** Ends of a connection that are no answer: the same side, or before a yes another one, may come again. */
const passing = new Set(["gone", "left", "silent", "no-path", "stalled", "restarting"]);
const offerMilliseconds = 250;
const departure = "The page that sent was closed or loaded again, and its files went with it.";

export class Invitation {
    #words;
    #outgoing;
    /** The name of this page's transfer in its greetings. */
    #id = hex(crypto.getRandomValues(new Uint8Array(16)));
    /** The rooms by which guests come, once there is something to send; else null. */
    #rooms = null;
    /** Every connection that is being made or stands, and the one that the transfer runs over. */
    #attempts = new Set();
    #attempt = null;
    /** Who said yes, by the name of its session, and is awaited back; else null. */
    #receiver = null;
    #peerName = "The other side";
    #movement = new Movement();
    #interrupted = false;
    #over = false;
    #offerTime = -Infinity;

    /** `words` is the list for codes; null where the page has none, and makes links only. */
    constructor(words) {
        this.#words = words;
        this.#renew();
    }

    begin() {
        view.onClick("send", () => this.#open());
        view.onClick("cancel", () => this.#stop());
        view.onClick("new-code", () => {
            this.#rooms.renewCode();
            this.#show();
        });
        view.onClick("reconnect", () => this.#rooms?.open());
        view.onClick("release", () => this.#release());
        view.watchFiles((files, entries) => this.#choose(files, entries));
        // A closed tab would otherwise be noticed only when its silence has lasted half a minute.
        addEventListener("pagehide", () => this.#depart());
        addEventListener("beforeunload", (event) => {
            if (this.#rooms) event.preventDefault();
        });
        addEventListener("online", () => this.#rooms?.open());
        this.#showChoice();
    }

    /** The person enters somebody else's room instead. */
    leave() {
        this.#over = true;
    }

    // MARK: Choosing

    /** What is to be sent, under a name of its own. */
    #renew(selection = null) {
        this.#outgoing = new Outgoing("");
        if (selection) this.#outgoing.selection = selection;
        this.#outgoing.selection.onChange = () => this.#showChoice();
    }

    #choose(files, entries) {
        if (this.#over || this.#outgoing.offered) return;
        if (entries.length > 0) this.#outgoing.selection.addEntries(entries);
        else this.#outgoing.selection.addFiles(files);
    }

    #showChoice() {
        if (this.#over || this.#outgoing.offered) return;
        screens.showChoice(this.#outgoing.selection, (index) => this.#outgoing.selection.remove(index));
    }

    // MARK: Rooms

    /** The person wants to send what was chosen. */
    #open() {
        if (this.#over || this.#outgoing.offered || this.#outgoing.selection.isEmpty) return;
        this.#outgoing.begin();
        this.#rooms = new HostRooms(this.#words, {
            onGuest: (guest) => this.#meet(guest),
            onFailure: (failure) => this.#fail(failure),
            onChange: () => this.#show(),
        });
        this.#rooms.open();
        this.#show();
    }

    /** Waiting, for anybody or for the receiver that was lost. */
    #show() {
        if (this.#over || this.#attempt) return;
        if (this.#interrupted) screens.showInterrupted(this.#rooms, this.#peerName, this.#movement.share);
        else screens.showInvitation(this.#rooms, this.#outgoing.selection);
    }

    // MARK: Guests

    #meet(guest) {
        const open = (callbacks) => {
            guest.callbacks = callbacks;
            return guest;
        };
        const isCurrent = () => attempt === this.#attempt;
        const attempt = new Attempt({ side: "host", open }, 0, {
            onRoom: () => ({ id: this.#id, holdings: null, outgoing: this.#outgoing }),
            onRole: (part, agent) => this.#receive(attempt, agent),
            onOffer: () => {
                if (isCurrent()) this.#showOffered();
            },
            onAccepted: () => {
                if (isCurrent()) this.#showMoving();
            },
            onWords: (words) => {
                if (isCurrent()) view.showWords(words);
            },
            onChange: () => {},
            onInterrupted: (interrupted) => {
                const notice = interrupted ? "The connection was interrupted. Waiting for the other side…" : "";
                if (isCurrent()) view.showNotice(notice);
            },
            onFinished: () => {
                if (isCurrent()) this.#finish();
            },
            onEnd: (failure) => this.#handleEnd(attempt, failure, guest.isRefused),
        });
        this.#attempts.add(attempt);
        attempt.begin();
    }

    /** Whoever holds the secret is connected: the files are for one, by the name of its session. */
    #receive(attempt, agent) {
        const known = this.#receiver ?? this.#attempt?.session.theirSession ?? null;
        const isKnown = known !== null && known === attempt.session.theirSession;
        if ((this.#attempt || this.#receiver !== null) && !isKnown) {
            attempt.session.fail(new Failure("taken"), "taken", "Somebody else came first.");
            return;
        }
        // The connection that it had looks alive only because nobody has noticed yet.
        this.#attempt?.abandon();
        this.#attempts.delete(this.#attempt);
        this.#movement.end();
        this.#attempt = attempt;
        this.#peerName = agent;
        this.#rooms.news = "";
        view.showPeer(`Connected to ${agent}`);
        attempt.part.offer();
        this.#showOffered(true);
    }

    #showOffered(always = false) {
        const { part } = this.#attempt;
        // A list that grows item by item would be laid out anew for each of them; the last message always counts.
        const now = performance.now();
        const isSoon = !part.complete && now - this.#offerTime < offerMilliseconds;
        if (this.#movement.isOn || this.#interrupted || isSoon && !always) return;
        this.#offerTime = now;
        showWaitingForYes(part, this.#peerName);
    }

    #showMoving() {
        this.#interrupted = false;
        this.#receiver = this.#attempt.session.theirSession;
        const notice = "Keep this page open until it is done.";
        showMoving(this.#attempt.part, notice);
        this.#movement.begin(this.#attempt, () => notice);
    }

    #handleEnd(attempt, failure, isRefused) {
        this.#attempts.delete(attempt);
        if (this.#over) return;
        if (attempt !== this.#attempt) {
            if (failure.code !== "taken" && failure.code !== "left" && !isRefused) {
                this.#rooms.news = `Somebody came, but nothing was sent. ${failure.title}.`;
            }
            this.#show();
            return;
        }
        const hasLeft = passing.has(failure.code) || failure.resumable;
        // A no is an answer; who went, or broke the protocol, before it had said anything, leaves the place to others.
        const isAnswer = this.#receiver === null ? failure.code === "declined" : !hasLeft;
        if (isAnswer) {
            this.#fail(failure);
            return;
        }
        if (this.#receiver === null) {
            const isGone = hasLeft || failure.code === "canceled-there";
            this.#rooms.news = `${this.#peerName} was here, but nothing was sent. `
                + (isGone ? "It left before it said yes." : `${failure.title}.`);
        }
        this.#movement.end();
        this.#attempt = null;
        this.#interrupted = this.#receiver !== null;
        view.showPeer("");
        this.#show();
    }

    /** The receiver that was lost is not awaited any more: the files are for whoever comes. */
    #release() {
        this.#receiver = null;
        this.#interrupted = false;
        this.#movement.share = 0;
        this.#renew(this.#outgoing.selection);
        this.#outgoing.begin();
        this.#rooms.news = "";
        this.#show();
    }

    // MARK: Ends

    #finish() {
        const { part } = this.#attempt;
        this.#attempt.end();
        this.#movement.end();
        this.#close();
        showDone(part, null, this.#peerName);
    }

    /** The person stops: before anybody said yes, only the waiting. */
    #stop() {
        const session = this.#attempt?.session;
        if (this.#receiver === null) {
            this.#attempt?.end();
            this.#attempts.delete(this.#attempt);
            this.#attempt = null;
            this.#closeRooms();
            view.showPeer("");
            this.#renew(this.#outgoing.selection);
            this.#showChoice();
        } else {
            this.#attempt?.withdraw("The person at the browser stopped it.");
            this.#fail(new Failure("canceled-here"));
        }
        session?.cancel();
    }

    #fail(failure, items = this.#attempt?.part?.items ?? []) {
        if (this.#over) return;
        this.#movement.end();
        this.#close();
        view.showPeer("");
        showFailure(failure, items);
    }

    /** Nothing more comes of this page. */
    #close() {
        this.#over = true;
        this.#outgoing.forget();
        this.#attempt?.end();
        this.#attempts.delete(this.#attempt);
        this.#closeRooms();
    }

    #closeRooms() {
        for (const attempt of this.#attempts) attempt.abandon();
        this.#attempts.clear();
        this.#rooms?.close();
        this.#rooms = null;
    }

    /** The page goes away, and its files with it. */
    #depart() {
        for (const attempt of this.#attempts) attempt.depart(departure);
        this.#rooms?.close();
    }
}
