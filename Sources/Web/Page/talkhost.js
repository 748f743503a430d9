// The page as host of a talk: it makes the room, shows what leads there, and talks with whoever comes.

import { Attempt } from "./attempt.js";
import { HostRooms } from "./hostrooms.js";
import * as screens from "./hostscreens.js";
import { showFailure } from "./screens.js";
import { Talk } from "./talk.js";
import { TalkScreen, rememberedName } from "./talkscreen.js";
import { TalkStore } from "./talkstore.js";
import * as view from "./view.js";

/** So long the place of somebody who was lost is kept. */
const placeMilliseconds = 600000;

export class TalkHost {
    talk;
    #screen;
    #rooms;
    #attempts = new Set();
    /** What the person is told of a room that is over while the talk goes on. */
    #end = "";
    #isInviting = true;
    #placeTimers = new Map();

    /** `words` is the list for codes, or null; `kept` is what this tab knew of its talk before it was loaded again. */
    constructor(words, kept = null) {
        this.#rooms = new HostRooms(words, {
            onGuest: (guest) => this.#meet(guest),
            onFailure: (failure) => this.#fail(failure),
            onWrongSecret: (by) => {
                // A code that somebody guesses at has to be on the screen again.
                if (by !== "link") this.#isInviting = true;
            },
            onChange: () => {
                this.#keep();
                this.#show();
            },
        }, kept?.hosting);
        const name = rememberedName();
        const room = this.#rooms.link.place.name;
        this.talk = new Talk(new TalkStore(kept), { room, side: "host", name }, kept);
        this.#screen = new TalkScreen(this.talk, {
            leave: () => this.#leave(), reconnect: () => this.#rooms.open(), release: () => this.#release(),
            invite: () => this.#invite(),
        });
        this.talk.onBegun = () => this.#handleBegun();
    }

    begin() {
        view.onClick("cancel", () => this.#leave());
        view.onClick("new-code", () => this.#makeCode());
        view.onClick("reconnect", () => this.#rooms.open());
        addEventListener("pagehide", () => {
            this.talk.keep();
            this.talk.isClosing = true;
            for (const attempt of this.#attempts) attempt.abandon();
            this.#rooms.suspend();
        });
        addEventListener("online", () => this.#rooms.open());
        addEventListener("beforeunload", (event) => {
            if (!this.talk.isOver && !this.talk.isKept && this.talk.messages.length > 0) event.preventDefault();
        });
        this.#isInviting = this.talk.members.length === 0;
        if (this.talk.messages.length > 0) this.#screen.begin();
        this.#awaitLost();
        this.#rooms.open();
        this.#show();
    }

    #keep() {
        this.talk.hosting = this.#rooms.kept;
        this.talk.keep();
    }

    #makeCode() {
        this.#rooms.renewCode();
        this.#keep();
        this.#show();
    }

    /** The invitation, as long as nobody is there or the person wants to see it. */
    #show() {
        if (this.talk.isOver) return;
        const isTalking = this.#screen.isShown;
        document.getElementById("talk-invite").setAttribute("aria-expanded", String(this.#isInviting));
        if (this.#isInviting || !isTalking) {
            screens.showTalkInvitation(this.#rooms, isTalking);
        }
        document.getElementById("card").hidden = !this.#isInviting && isTalking;
        const awayText = "The server does not answer: nobody new can come until it is back.";
        this.#screen.showState(this.#end || (this.#rooms.trouble && isTalking && !this.#isInviting ? awayText : ""));
    }

    #invite() {
        this.#isInviting = !this.#isInviting;
        this.#show();
    }

    // MARK: Guests

    #meet(guest) {
        const open = (callbacks) => {
            guest.callbacks = callbacks;
            return guest;
        };
        const attempt = new Attempt({ side: "host", open, purpose: "chat" }, 0, {
            onRoom: () => null,
            openChat: (peer, hooks) => this.talk.call(peer, hooks),
            onBegun: () => {},
            onInterrupted: (isInterrupted) => {
                const member = attempt.session?.member;
                if (member?.connection === attempt.session) member.isInterrupted = isInterrupted;
                this.talk.onChange();
            },
            onEnd: (failure) => this.#handleEnd(attempt, failure, guest.isRefused),
        });
        this.#attempts.add(attempt);
        attempt.begin();
    }

    #handleBegun() {
        this.#isInviting = false;
        this.#rooms.news = "";
        if (!this.#screen.isShown) this.#screen.begin();
        this.#awaitLost();
        this.#show();
    }

    #handleEnd(attempt, failure, isRefused) {
        this.#attempts.delete(attempt);
        if (this.talk.isOver || this.talk.isClosing) return;
        const isNews = !["gone", "left", "talk-over", "full-talk"].includes(failure.code) && !isRefused;
        if (isNews && this.talk.members.every(({ state }) => state !== "here")) {
            this.#rooms.news = `Somebody came, but no talk began. ${failure.title}.`;
        }
        if (this.talk.members.length === 0) this.#isInviting = true;
        this.#awaitLost();
        this.#show();
    }

    /** A place is kept for some minutes. */
    #awaitLost() {
        for (const [member, timer] of this.#placeTimers) {
            if (member.state === "lost") continue;
            clearTimeout(timer);
            this.#placeTimers.delete(member);
        }
        for (const member of this.talk.members) {
            if (member.state !== "lost" || this.#placeTimers.has(member)) continue;
            this.#placeTimers.set(member, setTimeout(() => this.#giveUp(member), placeMilliseconds));
        }
    }

    /** Nobody who was lost is awaited any more. */
    #release() {
        for (const member of this.talk.members) if (member.state === "lost") this.#giveUp(member);
    }

    #giveUp(member) {
        if (member.state !== "lost" || !this.talk.members.includes(member)) return;
        this.talk.giveUp(member, `${member.name} is not awaited any more.`);
        if (this.talk.members.length === 0) this.#isInviting = true;
        this.#show();
    }

    // MARK: Ends

    #leave() {
        const count = this.talk.undeliveredCount;
        const lost = count === 0 ? "" : ` ${count === 1 ? "One message was" : `${count} messages were`} not delivered.`;
        this.talk.leave();
        this.#close();
        if (this.talk.messages.length === 0) {
            location.reload();
            return;
        }
        this.#screen.begin();
        this.#screen.showState(`You have left, and the talk is over.${lost}`);
    }

    /** The server has ended a room, whatever its reason. A connection that stands needs none. */
    #fail(failure) {
        if (this.talk.isOver) return;
        if (this.talk.members.some(({ state }) => state === "here")) {
            this.#end = `${failure.title}. Nobody new can come, and whoever is lost cannot come back.`;
            this.#show();
            return;
        }
        this.talk.end();
        this.#close();
        if (this.#screen.isShown) this.#screen.showState(`${failure.title}. ${failure.text}`);
        else showFailure(failure, []);
    }

    #close() {
        for (const attempt of this.#attempts) attempt.end();
        for (const timer of this.#placeTimers.values()) clearTimeout(timer);
        this.#rooms.close();
    }
}
