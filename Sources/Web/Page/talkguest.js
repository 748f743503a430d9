// The page as guest of a talk: one connection after another, until somebody leaves or nobody is found for too long.

import { Attempt } from "./attempt.js";
import { answerer } from "./chat.js";
import { Failure } from "./failures.js";
import { Introductions } from "./introductions.js";
import { forget } from "./link.js";
import { Room } from "./rooms.js";
import { Talk } from "./talk.js";
import { TalkScreen, rememberedName } from "./talkscreen.js";
import { TalkStore } from "./talkstore.js";

/** Ends of a connection after which another one may be had. */
const passing = new Set([
    "gone", "unreachable", "stale", "stale-code", "left", "silent", "no-path", "taken", "busy", "stalled", "restarting",
    "dropped", "busy-there", "canceled-there",
]);
const backoffMilliseconds = [500, 1000, 2000, 4000, 8000, 15000];
/** What they mean in a talk, where the failure's own words are those of somebody who comes for the first time. */
const reasons = {
    gone: "The connection is lost.", stale: "The other side is not there.", "stale-code": "The other side is not there.",
    left: "The other side is not there.", silent: "The other side does not answer.",
    protocol: "The other side has forgotten what was said.",
};
/** So long it is tried. */
const waitMilliseconds = 600000;
/** A connection from which nothing comes is tried anew before the browser gives it up. */
const interruptedMilliseconds = 6000;
/** Who comes back with an old memory is somebody new; that this happens again and again would be no memory's fault. */
const renewalLimit = 3;

export class TalkGuest {
    talk;
    #entrance;
    #screen;
    #host;
    #hostSession;
    #introductions;
    #isHostGone = false;
    #attempt = null;
    #tries = 0;
    #lostTime = null;
    #renewals = 0;
    #timer = null;
    #interruptedTimer = null;

    /** `kept` is what this tab knew of the talk in this room before it was loaded again; else null. */
    constructor(entrance, room, kept = null) {
        this.#entrance = entrance;
        const name = rememberedName();
        this.talk = new Talk(new TalkStore(kept), { room, side: "guest", name }, kept);
        this.#host = this.talk.members.find(({ place }) => place === null) ?? this.talk.addMember(answerer);
        this.#hostSession = this.#host.pair.theirSession;
        this.#introductions = new Introductions(this.talk, this.#host, () => this.#attempt?.iceServers ?? [], () => {
            if (this.#isHostGone && !this.#hasOthers) this.#finish("The talk is over.");
        });
        this.talk.onMessage = (connection, message) => this.#introductions.handle(connection, message);
        this.talk.onBegun = ({ member }) => this.#handleBegun(member);
        this.#screen = new TalkScreen(this.talk, {
            leave: () => this.#leave(), reconnect: () => this.#connect(), release: null, invite: null,
        });
        addEventListener("pagehide", () => {
            this.talk.keep();
            this.talk.isClosing = true;
            this.#attempt?.abandon();
            this.#introductions.abandon();
        });
        addEventListener("online", () => {
            if (this.#lostTime !== null) this.#connect();
        });
        addEventListener("beforeunload", (event) => {
            if (!this.talk.isOver && !this.talk.isKept && this.talk.messages.length > 0) event.preventDefault();
        });
    }

    /** The talk goes on after this page was loaded again. */
    begin() {
        this.#screen.begin();
        this.#lostTime = performance.now();
        this.#connect();
    }

    /** The connection that has found out that there is a talk; `hooks` as those of ChatConnection. */
    open(peer, hooks) {
        return this.talk.answer(peer, hooks, this.#host);
    }

    /** `attempt`'s connection, made by `open`, has begun; what comes of it is to be told to this from now on. */
    adopt(attempt) {
        this.#attempt = attempt;
        this.#tries = 0;
        this.#lostTime = null;
        this.#screen.showState("");
        if (!this.#screen.isShown) this.#screen.begin();
    }

    handleInterrupted(attempt, isInterrupted) {
        if (attempt !== this.#attempt || this.talk.isOver) return;
        clearTimeout(this.#interruptedTimer);
        this.#screen.showState(isInterrupted ? "The connection was interrupted. Waiting for the other side…" : "");
        if (!isInterrupted) return;
        this.#interruptedTimer = setTimeout(() => {
            this.#lostTime ??= performance.now();
            this.#connect();
        }, interruptedMilliseconds);
    }

    handleEnd(attempt, failure) {
        if (attempt !== this.#attempt || this.talk.isOver) return;
        clearTimeout(this.#interruptedTimer);
        if (failure.code === "talk-over" && this.#hasOthers) {
            // Pairs of guests stay as they are.
            this.#isHostGone = true;
            forget();
            this.#screen.showState("Whoever made this talk has left: nobody new can come, and nobody come back.");
        } else if (failure.code === "talk-over") {
            this.#finish("The talk is over.");
        } else if (failure.isPassing && this.#renewals >= renewalLimit) {
            this.#finish(`${failure.title}. ${failure.text}`);
        } else if (failure.isPassing || passing.has(failure.code)) {
            if (failure.isPassing) this.#renewals += 1;
            this.#wait(failure);
        } else {
            this.#finish([`${failure.title}.`, failure.text, failure.detail].filter(Boolean).join(" "));
        }
    }

    get #hasOthers() {
        return this.talk.members.some(({ state, place }) => state === "here" && place !== null);
    }

    #handleBegun(member) {
        if (member !== this.#host) return;
        const { theirSession } = member.pair;
        if (this.#hostSession !== null && this.#hostSession !== theirSession) this.#introductions.forget();
        this.#hostSession = theirSession;
    }

    #connect() {
        clearTimeout(this.#timer);
        this.#attempt?.abandon();
        this.#screen.showState("Connecting…");
        const open = (callbacks) => new Room(this.#entrance, callbacks);
        const attempt = new Attempt({ side: "guest", open, purpose: "chat" }, 3, {
            onRoom: (room) => {
                if (room !== this.talk.room) throw new Failure("another-room");
                return null;
            },
            openChat: (peer, hooks) => this.open(peer, hooks),
            onBegun: () => this.adopt(attempt),
            onInterrupted: (isInterrupted) => this.handleInterrupted(attempt, isInterrupted),
            onEnd: (failure) => this.handleEnd(attempt, failure),
        });
        this.#attempt = attempt;
        attempt.begin();
    }

    #wait(failure) {
        this.#lostTime ??= performance.now();
        const why = Object.hasOwn(reasons, failure.code) ? reasons[failure.code] : `${failure.title}.`;
        if (performance.now() - this.#lostTime > waitMilliseconds) {
            this.#screen.showState(`${why} It was tried for ten minutes, and is not tried any more by itself.`, true);
            this.#lostTime = null;
            return;
        }
        const delay = backoffMilliseconds[Math.min(this.#tries, backoffMilliseconds.length - 1)];
        this.#tries += 1;
        const soon = delay < 1000 ? "now" : `in ${delay / 1000} s`;
        this.#screen.showState(`${why} Trying again ${soon}. What you write is kept until then.`, true);
        this.#timer = setTimeout(() => this.#connect(), delay);
    }

    /** The person leaves. */
    #leave() {
        const count = this.talk.undeliveredCount;
        const lost = count === 0 ? "" : ` ${count === 1 ? "One message was" : `${count} messages were`} not delivered.`;
        this.talk.leave();
        this.#finish(`You have left.${lost}`);
    }

    /** No further connection: what was said stays to be read. */
    #finish(sentence) {
        clearTimeout(this.#timer);
        clearTimeout(this.#interruptedTimer);
        forget();
        this.talk.end();
        this.#attempt?.end();
        this.#screen.showState(sentence);
    }
}
