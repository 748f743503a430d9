// The visit from beginning to end: one connection after another, until the transfer is over or the person gives up.

import { Attempt } from "./attempt.js";
import { Failure } from "./failures.js";
import { Holdings } from "./holdings.js";
import { LabGuest } from "./labguest.js";
import { forget, knownRoom, rememberRoom, sessionIdentifier } from "./link.js";
import { Movement } from "./movement.js";
import { OfflineAttempt } from "./offlineattempt.js";
import { Outgoing } from "./outgoing.js";
import { Ways } from "./plan.js";
import { Room } from "./rooms.js";
import * as screens from "./screens.js";
import { TalkGuest } from "./talkguest.js";
import * as view from "./view.js";

/** Ends of a connection after which another may bring the rest. */
const passing = new Set([
    "gone", "unreachable", "stale", "stale-code", "left", "silent", "no-path", "taken", "busy", "stalled", "restarting",
]);
/** What a server that is being started again may lead to meanwhile. */
const restarting = new Set(["restarting", "unreachable"]);
const restartMilliseconds = 120000;
/** An offer that grows is shown anew this often. */
const offerMilliseconds = 250;
const backoffMilliseconds = [500, 1000, 2000, 4000, 8000, 15000];

export class Visit {
    #entrance;
    #reloaded;
    /** What outlives a connection: `{ room, id, holdings, outgoing }`; null before the room is known. */
    #memory = null;
    #ways = null;
    #attempt = null;
    #plan = null;
    #peerName = "The other side";
    #over = false;
    #movement = new Movement();
    #interrupted = false;
    /** Whether the words to compare stand there: without a room nothing is asked, or sent, before. */
    #hasWords = false;
    #tries = 0;
    /** When the server said first that it is being started again. */
    #restartTime = null;
    #timer = null;
    #standingNotice = "";
    #offerTime = -Infinity;
    #handing = { bytes: 0, held: false };
    /** What goes on in place of this visit, when the link led to a talk or to the lab. */
    #guest = null;

    /** `entrance` is a link `{ room, secret }`, a code `{ number, words }`, or `{ offer }` of somebody without a server. */
    constructor(entrance, reloaded) {
        this.#entrance = entrance;
        this.#reloaded = reloaded;
    }

    async begin() {
        view.show("connecting", "Connecting…", { explanation: "Looking for the other side." });
        view.onClick("accept", () => this.#accept(this.#plan));
        view.onClick("choose-folder", () => this.#chooseFolder());
        view.onClick("decline", () => this.#decline());
        view.onClick("send", () => this.#offer());
        view.onClick("cancel", () => this.#cancel());
        view.onClick("reconnect", () => this.#connect());
        view.onClick("save-again", () => this.#saveAgain());
        view.watchFiles((files, entries) => this.#choose(files, entries));
        addEventListener("online", () => {
            if (this.#interrupted) this.#connect();
        });
        // A closed tab would otherwise be noticed only when its silence has lasted half a minute.
        addEventListener("pagehide", () => this.#attempt?.abandon());
        addEventListener("beforeunload", (event) => {
            if (this.#movement.isOn && !this.#memory?.holdings.resumable) event.preventDefault();
        });

        // What can be saved here, and what is here already, must be known before anything is shown.
        this.#ways = await Ways.survey();
        if (this.#isOffline) this.#ways.again = "a new offer of the same files";
        const room = this.#entrance.room ?? (this.#reloaded ? knownRoom() : null);
        if (room) await this.#settle(room);
        this.#connect(this.#reloaded ? 6 : 0);
    }

    /** What outlives the connections to a room. */
    async #settle(room) {
        if (this.#memory?.room === room) return this.#memory;
        // The number leads elsewhere now, and what began in one room does not go on in another.
        if (this.#resumes) throw new Failure("another-room");
        const holdings = new Holdings(room, this.#ways, (bytes, held) => {
            this.#handing.bytes += bytes;
            this.#handing.held = held;
        });
        const outgoing = new Outgoing(room);
        outgoing.selection.onChange = () => this.#showChoice();
        if (await holdings.recall()) this.#movement.share = holdings.recalledShare;
        const id = sessionIdentifier(room, holdings.recalledSession);
        this.#ways.session = id;
        if (this.#entrance.words) rememberRoom(room);
        this.#memory = { room, id, holdings, outgoing };
        return this.#memory;
    }

    get #isOffline() {
        return this.#entrance.offer !== undefined;
    }

    /** Whether there is something to go on with on another connection. */
    get #resumes() {
        return this.#memory !== null && (this.#memory.holdings.accepted || this.#memory.outgoing.accepted);
    }

    #connect(rejoins = 0) {
        clearTimeout(this.#timer);
        this.#attempt?.abandon();
        const open = (callbacks) => new Room(this.#entrance, callbacks);
        const { offer } = this.#entrance;
        const callbacks = {
            onRoom: (room) => this.#settle(room),
            onRole: (part, agent) => this.#handleRole(part, agent),
            onOffer: (transfer) => this.#handleOffer(transfer),
            onAccepted: () => this.#showMoving(),
            onWords: (words) => {
                if (attempt === this.#attempt) this.#handleWords(words);
            },
            onAnswer: (text) => screens.showAnswer(text),
            onChange: () => {},
            openChat: (peer, hooks) => {
                this.#guest ??= new TalkGuest(this.#entrance, this.#memory.room);
                return this.#guest.open(peer, hooks);
            },
            openLab: (peer, iceServers, hooks) => {
                this.#guest = new LabGuest();
                return this.#guest.open(peer, iceServers, hooks);
            },
            onBegun: () => this.#handOver(),
            onInterrupted: (interrupted) => {
                if (this.#over) this.#guest?.handleInterrupted(attempt, interrupted);
                else view.showNotice(interrupted
                    ? "The connection was interrupted. Waiting for the other side…" : this.#standingNotice);
            },
            onFinished: () => this.#finish(),
            onEnd: (failure) => {
                if (this.#over) this.#guest?.handleEnd(attempt, failure);
                else if (attempt === this.#attempt) this.#handleEnd(failure);
            },
        };
        const attempt = offer ? new OfflineAttempt(offer, callbacks)
            : new Attempt({ side: "guest", open }, rejoins, callbacks);
        this.#attempt = attempt;
        attempt.begin();
    }

    // MARK: Transfer

    #handleRole(part, agent) {
        this.#peerName = agent;
        view.showPeer(`Connected to ${agent}`);
        const { outgoing } = this.#memory;
        if (part.role === "receiver" || this.#awaitsWords) {
            const awaited = part.role === "receiver" ? "to hear what is offered" : "for the words to compare";
            const explanation = `Waiting ${awaited}…`;
            if (!this.#interrupted) view.show("waiting", "Connected", { explanation });
        } else if (outgoing.offered) {
            part.offer();
        } else {
            this.#showChoice();
        }
    }

    get #awaitsWords() {
        return this.#isOffline && !this.#hasWords;
    }

    #handleWords(words) {
        const waited = this.#awaitsWords;
        this.#hasWords = true;
        const { part } = this.#attempt;
        if (waited && part.role === "sender") this.#showChoice();
        else if (waited && part.transfer) this.#handleOffer(part.transfer);
        view.showWords(words, this.#isOffline);
    }

    /** More of the offer is known: the other side's, or our own. */
    #handleOffer(transfer) {
        const { part } = this.#attempt;
        const { holdings } = this.#memory;
        if (this.#movement.isOn || this.#awaitsWords) return;
        // A list that grows item by item would be laid out anew for each of them; the last message always counts.
        const now = performance.now();
        if (!part.complete && now - this.#offerTime < offerMilliseconds) return;
        this.#offerTime = now;
        if (part.role === "sender") {
            if (!this.#interrupted) screens.showWaitingForYes(part, this.#peerName);
            return;
        }
        // Without a room the words come first, whatever was agreed to.
        if (holdings.accepted && holdings.transfer === transfer && !this.#isOffline) {
            // What was agreed to before needs no second question; another list does.
            if (!part.complete) return;
            if (holdings.covers(transfer, part.items)) {
                part.accept(true);
                return;
            }
        }
        this.#interrupted = false;
        this.#plan = this.#ways.plan(part.items, part.totalBytes, part.complete);
        screens.showOffer(part, this.#plan, this.#peerName, this.#ways.picks);
    }

    async #accept(plan) {
        const part = this.#attempt?.part;
        const { holdings } = this.#memory;
        if (!part || !plan || this.#awaitsWords || document.documentElement.dataset.state !== "offered") return;
        view.disableActions();
        const { transfer } = part;
        const isOpen = holdings.accepted && !holdings.delivered;
        const goesOn = isOpen && holdings.transfer === transfer && part.complete;
        if (!goesOn) {
            await holdings.forget();
            await holdings.accept(transfer, plan);
        }
        part.accept(goesOn);
    }

    async #chooseFolder() {
        try {
            const folder = await showDirectoryPicker({ id: "martlet", mode: "readwrite", startIn: "downloads" });
            await this.#accept(this.#ways.planFolder(folder));
        } catch (error) {
            // Closing the dialog is no choice.
            if (error.name !== "AbortError") view.showNotice("This folder cannot be used. Choose another one.");
        }
    }

    #decline() {
        const { part } = this.#attempt;
        const isBig = part.items.every((item) => this.#plan.refusal(item));
        const reason = isBig ? "Too big for what this browser can save here." : "Declined at the browser.";
        this.#attempt.session.decline(reason);
    }

    #showChoice() {
        const { outgoing } = this.#memory;
        const isChoosing = document.documentElement.dataset.state === "choosing";
        if (this.#attempt?.part?.role !== "sender" || outgoing.offered && !isChoosing) return;
        screens.showChoice(outgoing, this.#peerName, (index) => outgoing.selection.remove(index));
    }

    #choose(files, entries) {
        if (document.documentElement.dataset.state !== "choosing") return;
        if (entries.length > 0) this.#memory.outgoing.selection.addEntries(entries);
        else this.#memory.outgoing.selection.addFiles(files);
    }

    #offer() {
        const { outgoing } = this.#memory;
        if (outgoing.offered || outgoing.selection.isEmpty || this.#awaitsWords) return;
        outgoing.begin();
        this.#attempt.part.offer();
        screens.showWaitingForYes(this.#attempt.part, this.#peerName);
    }

    #showMoving() {
        const { part } = this.#attempt;
        const { holdings } = this.#memory;
        this.#interrupted = false;
        this.#tries = 0;
        const keepsOpen = part.role === "receiver" && !holdings.resumable;
        this.#standingNotice = keepsOpen ? "Keep this page open until it is done." : "";
        screens.showMoving(part, this.#standingNotice);
        this.#movement.begin(this.#attempt, (moving, still) => this.#notice(moving, still));
    }

    #notice(part, still) {
        const held = this.#handing.held || part.items[part.currentIndex]?.intake?.sink.held;
        if (still >= 4 && held) {
            return "Waiting for your browser to take the file. If it asks whether, or where, to save, please answer.";
        }
        if (part.delivering) return "Everything is here. Handing it to your downloads folder…";
        if (still >= 4 && part.movedBytes < part.movingBytes) return "Nothing has arrived for some seconds. Waiting…";
        return this.#standingNotice;
    }

    async #saveAgain() {
        const { holdings } = this.#memory;
        view.disableActions();
        await holdings.deliverAgain(this.#attempt.part.items);
        screens.showDone(this.#attempt.part, holdings, this.#peerName);
    }

    /** It is a talk, or the lab: its connections are not this visit's any more. */
    #handOver() {
        this.#over = true;
        const attempt = this.#attempt;
        this.#attempt = null;
        this.#guest.adopt(attempt);
    }

    // MARK: Ends

    #finish() {
        const { part } = this.#attempt;
        this.#attempt.end();
        this.#movement.end();
        this.#over = true;
        screens.showDone(part, this.#memory.holdings, this.#peerName);
    }

    #handleEnd(failure) {
        if (this.#over) return;
        if (this.#memory?.holdings.delivered && passing.has(failure.code)) {
            // An earlier visit saved everything; nobody is left to hear of it.
            this.#movement.end();
            this.#over = true;
            screens.showSavedBefore();
            return;
        }
        if (this.#resumes && (passing.has(failure.code) || failure.resumable)) {
            if (this.#isOffline) this.#fail(new Failure("gone-offline"), []);
            else this.#waitAndReconnect(failure);
            return;
        }
        if (failure.code === "restarting") this.#restartTime ??= performance.now();
        const waits = this.#restartTime !== null && performance.now() - this.#restartTime < restartMilliseconds;
        if (waits && restarting.has(failure.code)) {
            this.#waitForServer();
            return;
        }
        const wasMoving = this.#movement.isOn;
        this.#fail(failure, wasMoving ? this.#attempt.part.items : []);
    }

    /** The transfer is interrupted, not over: the next attempt comes by itself. */
    #waitAndReconnect(failure) {
        this.#movement.end();
        this.#interrupted = true;
        const delay = backoffMilliseconds[Math.min(this.#tries, backoffMilliseconds.length - 1)];
        this.#tries += 1;
        screens.showInterrupted(this.#movement.share, failure, this.#memory.holdings, this.#tries);
        this.#timer = setTimeout(() => this.#connect(3), delay);
    }

    /** Nothing has begun yet, and it will when the server is back. */
    #waitForServer() {
        const delay = backoffMilliseconds[Math.min(this.#tries, backoffMilliseconds.length - 1)];
        this.#tries += 1;
        screens.showServerAway();
        this.#timer = setTimeout(() => this.#connect(3), delay);
    }

    /** The person stops everything. */
    async #cancel() {
        clearTimeout(this.#timer);
        if (!this.#memory) {
            this.#attempt?.abandon();
            this.#fail(new Failure("canceled-here"), []);
            return;
        }
        const { holdings, outgoing } = this.#memory;
        const items = this.#attempt?.part?.items ?? [];
        this.#over = true;
        this.#attempt?.session?.cancel();
        this.#attempt?.end();
        if (this.#interrupted) this.#attempt?.abandon();
        outgoing.forget();
        this.#over = false;
        this.#fail(new Failure("canceled-here"), items);
        await holdings.forget();
    }

    #fail(failure, items) {
        if (this.#over) return;
        this.#over = true;
        this.#movement.end();
        this.#memory?.holdings.close();
        view.showPeer("");
        // What was tried must not be tried again by loading the page.
        if (failure.forgets) forget();
        screens.showFailure(failure, items, this.#memory?.holdings, this.#entrance);
    }
}
