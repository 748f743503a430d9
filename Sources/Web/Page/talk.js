// A talk (Docs/Protocols/Chat.md): everybody who takes part, each over a pair and a connection of its own, and what was
// said. It knows no screen; what a page that is loaded again needs of it goes into a TalkStore.

import { ChatPair, answerer, caller, pieces, whole } from "./chat.js";
import { ChatConnection, soundName } from "./chatconnection.js";
import { shownName, shownText } from "./text.js";
import { utf8 } from "./bytes.js";

/** What is shown at most; and what may wait for being delivered. */
const messageLimit = 1000;
const waitingLimit = 1000;
const waitingBytesLimit = 1024 * 1024;
const typingMilliseconds = 2000;
const typingHoldMilliseconds = 6000;
const nameMilliseconds = 1000;
const keepMilliseconds = 200;

/** Somebody we talk with, over all their connections. */
export class Member {
    id;
    pair;
    /** As it is shown: two have never the same. */
    name = "";
    agent = "";
    /** `coming` (not begun yet), `here` or `lost`: who is gone for good is no member. */
    state = "coming";
    isTyping = false;
    /** The connection that stands or is being begun, else null. */
    connection = null;
    /** Whether packets have stopped coming over it. */
    isInterrupted = false;
    /** A guest's number for another guest, by which the host introduces them; null for whoever came another way. */
    place = null;
    /** Whether they are not awaited once their connection is lost. */
    isParted = false;
    typingTimer = null;
    nameTimer = null;
    nameTime = -Infinity;

    constructor(id, pair) {
        this.id = id;
        this.pair = pair;
    }
}

/**
 * `messages` are objects `{ id, kind, by, name, text, time }` in the order in which they are shown: `kind` is `said` (by
 * us; with `to`, `sent`, `got`, `missed`, how many it is for, left for, reached and never will), `heard` (`by` is the
 * Member's id) or `notice`. Callbacks, to be set by whoever shows it: `onChange()` after anything has changed, with
 * `changed`, the messages that look different now; `onHeard(message)` for what somebody says.
 */
export class Talk {
    messages = [];
    members = [];
    /** Messages whose looks have changed since `changed` was cleared. */
    changed = new Set();
    name;
    people;
    /** Where the talk is: the room, and whether we are `host` or `guest` of it. */
    room;
    side;
    /** What the host's page needs to have its room again. */
    hosting = null;
    onChange = () => {};
    onHeard = () => {};
    /** More messages on the talk channel: `(connection, message)`, returns whether it was known. */
    onMessage = () => false;
    /** A connection has begun: `(connection)`. */
    onBegun = () => {};
    /** The TalkFiles that go along, told of every connection; null before there is a screen for them. */
    files = null;
    /** Set while the page goes away: what ends then is no news. */
    isClosing = false;
    isOver = false;
    #store;
    /** What was said while nobody was there. */
    #unaddressed = [];
    #nextMessage = 1;
    #nextMember = 1;
    #typingTime = -Infinity;
    #nameTime = -Infinity;
    #nameTimer = null;
    #keepTimer = null;

    /** `place` is `{ room, side, name, people }`; `kept` is what the store gave for this room, or null. */
    constructor(store, { room, side, name, people = 2 }, kept = null) {
        this.#store = store;
        this.room = room;
        this.side = side;
        this.name = kept?.name ?? name;
        this.people = kept?.people ?? people;
        if (kept) this.#restore(kept);
    }

    // MARK: What is said

    /** Says a text to everybody. Returns whether there was room for it: it may be too much that nobody has got. */
    say(text) {
        const parts = pieces(whole(text).replace(/\r\n?/g, "\n"));
        const waiting = [...this.members.flatMap(({ pair }) => pair.queue), ...this.#unaddressed];
        const bytes = waiting.reduce((sum, message) => sum + utf8(message.text).length, 0);
        const isTooMuch = waiting.length + parts.length > waitingLimit || bytes + utf8(text).length > waitingBytesLimit;
        if (parts.length === 0 || isTooMuch || this.isOver) return parts.length === 0;
        this.#typingTime = -Infinity;
        for (const part of parts) {
            const message = this.#push({ kind: "said", name: this.name, text: part, to: 0, sent: 0, got: 0, missed: 0 });
            this.#address(message, this.members.filter(({ state }) => state !== "coming"));
        }
        this.keep();
        for (const { connection } of this.members) connection?.flush();
        this.onChange();
        return true;
    }

    #address(message, members) {
        if (members.length === 0) this.#unaddressed.push(message);
        for (const { pair } of members) {
            message.to += 1;
            pair.say(message);
        }
    }

    /** What a person is told beside what others say. */
    notice(text) {
        this.#push({ kind: "notice", text });
        this.onChange();
    }

    /** How far a message has got: `waiting`, `sent`, `delivered`, or `missed` by everybody it was for. */
    static stateOf({ to, sent, got, missed }) {
        if (to === 0) return "waiting";
        if (got + missed >= to) return got > 0 ? "delivered" : "missed";
        return sent >= to ? "sent" : "waiting";
    }

    /** How many of ours nobody, or not everybody, has got. */
    get undeliveredCount() {
        return new Set([...this.members.flatMap(({ pair }) => pair.queue), ...this.#unaddressed]).size;
    }

    /** The person types, or no longer. */
    type(isTyping) {
        const now = performance.now();
        if (isTyping ? now - this.#typingTime < typingMilliseconds : this.#typingTime === -Infinity) return;
        this.#typingTime = isTyping ? now : -Infinity;
        this.#tell({ type: "typing", is: isTyping });
    }

    /** The person wants to be called otherwise. */
    rename(text) {
        const name = soundName(text);
        if (name === "" || name === this.name) return;
        this.name = name;
        this.keep();
        clearTimeout(this.#nameTimer);
        const wait = Math.max(0, this.#nameTime + nameMilliseconds - performance.now());
        this.#nameTimer = setTimeout(() => {
            this.#nameTime = performance.now();
            this.#tell({ type: "name", name: this.name });
        }, wait);
        for (const member of this.members) member.name = this.#shownName(member, member.connection?.name ?? member.name);
        this.onChange();
    }

    #tell(object) {
        for (const { connection } of this.members) if (connection?.isBegun) connection.send(object);
    }

    // MARK: Who is there

    /** A connection on which we are called: `member` is who is at the other end. */
    answer(peer, hooks, member) {
        member.connection?.lose();
        member.connection = new ChatConnection(peer, this, answerer, member, hooks);
        return member.connection;
    }

    /** A connection on which we call: who comes is known when they have said hello. */
    call(peer, hooks) {
        return new ChatConnection(peer, this, caller, null, hooks);
    }

    /** A place for somebody whose session is not known yet (to an answerer it is nothing). */
    addMember(role, theirSession = null) {
        const member = new Member(this.#nextMember, new ChatPair(role, theirSession));
        this.#nextMember += 1;
        this.members.push(member);
        return member;
    }

    /** Who comes with this session: known, somebody new, or (null) one too many. */
    admit(connection, session) {
        if (connection.member) {
            connection.member.pair.answeredBy(session);
            this.replace(connection);
            return connection.member;
        }
        let member = this.members.find(({ pair }) => pair.role === caller && pair.theirSession === session);
        if (!member && (this.isOver || this.members.length + 1 >= this.people)) return null;
        // The connection that they had looks alive only because nobody has noticed yet.
        member?.connection?.lose();
        member ??= this.addMember(caller, session);
        member.connection = connection;
        return member;
    }

    /** This connection is the one with its member from now on; one that stood before goes, and is no news. */
    replace(connection) {
        const { member } = connection;
        const before = member.connection;
        if (before === connection) return;
        // What has come over it counts before we say what we have.
        before?.settle();
        member.connection = connection;
        before?.lose();
        for (const message of member.pair.lose()) {
            message.sent -= 1;
            this.changed.add(message);
        }
    }

    /** Whoever was lost is not awaited any more. */
    giveUp(member, text) {
        this.#remove(member);
        if (member.state !== "coming" && text) this.#push({ kind: "notice", text });
        this.keep();
        this.onChange();
    }

    /** The person leaves, for good. */
    leave() {
        if (this.isOver) return;
        this.isOver = true;
        for (const member of this.members) {
            this.files?.leave(member, "left-here");
            member.connection?.leave();
        }
        this.#store.clear();
        this.onChange();
    }

    /** Nothing more comes, though the person did not leave: what was said stays to be read. */
    end() {
        this.isOver = true;
        for (const member of this.members) {
            this.files?.leave(member);
            member.connection?.leave();
        }
        this.#store.clear();
        this.onChange();
    }

    #remove(member) {
        this.members = this.members.filter((each) => each !== member);
        this.files?.leave(member);
        clearTimeout(member.typingTimer);
        for (const message of member.pair.queue) {
            message.missed += 1;
            this.changed.add(message);
        }
    }

    /** A name as it is shown; one that somebody has already gets a number. */
    #shownName(member, said) {
        const name = shownName(said, 40).trim() || "Somebody";
        // Two that only a computer tells apart are the same.
        const alike = (text) => text.normalize("NFKC").toLowerCase();
        const others = [this.name, ...this.members.filter((each) => each !== member).map((each) => each.name)].map(alike);
        let number = 1;
        let found = name;
        while (others.includes(alike(found))) {
            number += 1;
            found = `${name} (${number})`;
        }
        return found;
    }

    // MARK: What connections say

    handleBegun(connection) {
        const { member } = connection;
        const wasComing = member.state === "coming";
        const earlier = member.name;
        member.agent = connection.agent;
        member.name = this.#shownName(member, connection.name);
        if (wasComing) {
            const on = member.name === member.agent ? "" : ` (${member.agent})`;
            this.#push({ kind: "notice", text: `${member.name}${on} is here.` });
            for (const message of this.#unaddressed.splice(0)) this.#address(message, [member]);
        } else {
            if (earlier !== member.name) this.#tellName(earlier, member.name);
            if (member.state === "lost") this.#push({ kind: "notice", text: `${member.name} is back.` });
        }
        member.state = "here";
        this.keep();
        this.onBegun(connection);
        this.files?.begin(member, connection.peer);
        this.onChange();
    }

    handleSent(_, messages) {
        for (const message of messages) {
            message.sent += 1;
            this.changed.add(message);
        }
        this.onChange();
    }

    handleDelivered(_, messages) {
        for (const message of messages) {
            message.got += 1;
            this.changed.add(message);
        }
        if (messages.length === 0) return;
        // What is kept a moment too long is at worst said to be there once more.
        this.#keepTimer ??= setTimeout(() => this.keep(), keepMilliseconds);
        this.onChange();
    }

    handleHeard({ member }, heard) {
        this.#setTyping(member, false);
        for (const { text, time } of heard) {
            const message = this.#push({ kind: "heard", by: member.id, name: member.name, text: shownText(text), time });
            this.onHeard(message);
        }
        this.onChange();
    }

    handleTyping({ member }, isTyping) {
        this.#setTyping(member, isTyping);
        this.onChange();
    }

    handleName(connection) {
        const { member } = connection;
        if (member.nameTimer !== null) return;
        // Of many names the last one counts.
        const wait = Math.max(0, member.nameTime + nameMilliseconds - performance.now());
        member.nameTimer = setTimeout(() => this.#takeName(member, connection), wait);
    }

    #takeName(member, connection) {
        member.nameTimer = null;
        member.nameTime = performance.now();
        if (member.connection !== connection) return;
        const earlier = member.name;
        member.name = this.#shownName(member, connection.name);
        if (earlier === member.name) return;
        this.#tellName(earlier, member.name);
        this.keep();
        this.onChange();
    }

    handleMessage(connection, message) {
        return this.onMessage(connection, message);
    }

    handleBye({ member }) {
        const undelivered = member.pair.queue.length;
        this.#remove(member);
        const missed = undelivered > 0 ? ` What is not ticked twice did not reach ${member.name}.` : "";
        this.#push({ kind: "notice", text: `${member.name} has left.${missed}` });
        this.keep();
        this.onChange();
    }

    /** A connection is lost, or was ended; somebody may come back over another one. */
    handleLost(connection) {
        const { member } = connection;
        if (!member || member.connection !== connection) return;
        member.connection = null;
        member.isInterrupted = false;
        this.files?.lose(member);
        this.#setTyping(member, false);
        for (const message of member.pair.lose()) {
            message.sent -= 1;
            this.changed.add(message);
        }
        if (member.isParted && member.state === "here") {
            this.giveUp(member, `${member.name} has left.`);
            return;
        }
        if (member.state === "coming" && member.pair.role === caller && member.place === null) {
            this.#remove(member);
        } else if (member.state === "here") {
            member.state = "lost";
            if (!this.isClosing) this.#push({ kind: "notice", text: `The connection to ${member.name} is lost.` });
        }
        if (!this.isClosing) this.keep();
        this.onChange();
    }

    /**
     * One of the two sides has an old memory (`isOurs`: we, and come as somebody new). Who came through our room will be
     * known by no session: the place is free for them, and what they have not got waits for whoever comes.
     */
    forgetPair({ member }, isOurs) {
        if (member.pair.role === caller && member.place === null) {
            for (const message of member.pair.lose()) message.sent -= 1;
            const waiting = member.pair.queue.splice(0);
            for (const message of waiting) {
                message.to -= 1;
                this.changed.add(message);
            }
            this.#unaddressed = [...new Set([...this.#unaddressed, ...waiting])].sort((a, b) => a.id - b.id);
            this.#remove(member);
        } else if (isOurs) {
            member.pair.renew();
            if (member.pair.role === caller) member.state = "lost";
        }
        this.keep();
    }

    #setTyping(member, isTyping) {
        clearTimeout(member.typingTimer);
        member.isTyping = isTyping;
        if (!isTyping) return;
        member.typingTimer = setTimeout(() => {
            member.isTyping = false;
            this.onChange();
        }, typingHoldMilliseconds);
    }

    #tellName(earlier, name) {
        this.#push({ kind: "notice", text: `${earlier} is now called ${name}.` });
    }

    // MARK: Memory

    #push(members) {
        const message = { id: this.#nextMessage, time: Date.now(), ...members };
        this.#nextMessage += 1;
        this.messages.push(message);
        if (this.messages.length > messageLimit) this.messages.shift();
        return message;
    }

    /** Writes down what a page that is loaded again needs. Returns whether that could be kept. */
    keep() {
        clearTimeout(this.#keepTimer);
        this.#keepTimer = null;
        if (this.isOver) return false;
        // What has come counts as heard: it is kept with that, or would never be said again.
        for (const { connection } of this.members) connection?.settle();
        return this.#store.keep(this);
    }

    /** Whether a reload finds all this again. */
    get isKept() {
        return this.#store.isWorking;
    }

    /** For the store: everything but the messages, which are named by their identifiers. */
    get state() {
        const identifiers = (messages) => messages.map(({ id }) => id);
        return {
            room: this.room, side: this.side, name: this.name, people: this.people, hosting: this.hosting,
            unaddressed: identifiers(this.#unaddressed),
            members: this.members.filter(({ state }) => state !== "coming").map(({ id, name, agent, place, pair }) => {
                const kept = pair.kept;
                return { id, name, agent, place, role: pair.role, pair: { ...kept, queue: identifiers(kept.queue) } };
            }),
        };
    }

    /** Messages that somebody still has to get. */
    get waiting() {
        return new Set([...this.members.flatMap(({ pair }) => pair.queue), ...this.#unaddressed]);
    }

    #restore({ messages, members, unaddressed, hosting }) {
        const known = new Map(messages.map((message) => [message.id, message]));
        const found = (identifiers) => identifiers.map((id) => known.get(id)).filter(Boolean);
        for (const message of messages) if (message.kind === "said") message.sent = message.got;
        this.messages = messages;
        this.#nextMessage = 1 + Math.max(0, ...messages.map(({ id }) => id));
        this.#unaddressed = found(unaddressed);
        this.hosting = hosting;
        this.members = members.map(({ id, name, agent, place, role, pair }) => {
            const member = new Member(id, new ChatPair(role, null, { ...pair, queue: found(pair.queue) }));
            return Object.assign(member, { name, agent, place, state: "lost" });
        });
        this.#nextMember = 1 + Math.max(0, ...members.map(({ id }) => id));
    }
}
