// Sending and receiving the messages of one run over its channel (Docs/Protocols/Lab.md, A run).

import { MessageForm, clock, messageCountLimit } from "./labwire.js";

/** What the channel may hold before what is due is not accepted: so many bytes, or messages if that is more. */
const heldBytes = 256 * 1024;
const heldMessages = 8;
/** What is due for longer than that is not sent any more: the browser has held us up. */
const overdueMilliseconds = 100;
/** The page breathes at least this often. */
const sliceMilliseconds = 6;
const sliceMessages = 16;

/** Paces messages into a channel. `onSent(sequence, at)` for each that was accepted; `onOver()` once. */
export class LabSender {
    offered = 0;
    accepted = 0;
    isOver = false;
    #channel;
    #traffic;
    #timers;
    #form;
    #hooks;
    #limit;
    #start = null;
    /** How many there are in the whole time. */
    #total;
    #timer = null;
    #breath = new MessageChannel();

    constructor(run, channel, traffic, timers, hooks) {
        this.#channel = channel;
        this.#traffic = traffic;
        this.#timers = timers;
        this.#hooks = hooks;
        this.#form = new MessageForm(run, traffic.bytes);
        this.#limit = Math.max(heldBytes, heldMessages * traffic.bytes);
        const { rate, milliseconds } = traffic;
        this.#total = rate && milliseconds ? Math.ceil(rate * milliseconds / 1000) : Infinity;
        channel.bufferedAmountLowThreshold = this.#limit / 2;
        channel.onbufferedamountlow = () => {
            if (!rate) this.#pump();
        };
        this.#breath.port1.onmessage = () => this.#pump();
    }

    begin() {
        this.#start = performance.now();
        this.#pump();
    }

    /** Nothing is sent any more. */
    end() {
        if (this.isOver) return;
        this.isOver = true;
        this.#timers.cancel(this.#timer);
        this.#breath.port1.close();
        this.#hooks.onOver();
    }

    #pump() {
        if (this.#start === null || this.isOver) return;
        const { rate, milliseconds } = this.#traffic;
        const elapsed = performance.now() - this.#start;
        const isLate = milliseconds !== null && elapsed >= milliseconds;
        let breathes = false;
        if (rate) {
            const due = Math.min(Math.floor(elapsed * rate / 1000) + 1, this.#total);
            const overdue = Math.min(Math.ceil((elapsed - overdueMilliseconds) * rate / 1000), this.#total);
            this.offered = Math.max(this.offered, overdue);
            breathes = this.#send(due);
        } else if (!isLate) {
            breathes = this.#send(Infinity);
        }
        if (isLate && !breathes || this.accepted >= messageCountLimit) {
            this.end();
        } else if (breathes) {
            this.#breath.port2.postMessage(null);
        } else {
            const next = rate ? this.offered * 1000 / rate : Infinity;
            this.#wake(Math.min(next, milliseconds ?? Infinity) - elapsed);
        }
    }

    #wake(milliseconds) {
        this.#timers.cancel(this.#timer);
        // A timer may fire a little early.
        if (milliseconds < Infinity) this.#timer = this.#timers.after(Math.max(1, Math.ceil(milliseconds)), () => this.#pump());
    }

    /** Sends what is due, up to the number `due`. Returns whether there is more to be sent at once. */
    #send(due) {
        const end = performance.now() + sliceMilliseconds;
        for (let count = 0; this.offered < due; count += 1) {
            if (this.#channel.bufferedAmount > this.#limit) {
                if (due < Infinity) this.offered = due;
                return false;
            }
            if (this.accepted >= messageCountLimit) return false;
            if (count % sliceMessages === sliceMessages - 1 && performance.now() > end) return true;
            const at = clock();
            try {
                this.#channel.send(this.#form.encode(this.accepted, at));
            } catch (error) {
                this.#hooks.onRefused(error);
                return false;
            }
            this.#hooks.onSent(this.accepted, at);
            this.offered += 1;
            this.accepted += 1;
        }
        return false;
    }
}

/** Reads what comes over a channel. `onMessage(sequence, sentAt, at)` for each whole message; `onFlood()` for too many. */
export class LabReceiver {
    damaged = 0;
    count = 0;
    #form;
    #hooks;
    /** Sequence numbers and times that were not told yet. */
    #news = [];

    constructor(run, channel, traffic, hooks) {
        this.#form = new MessageForm(run, traffic.bytes);
        this.#hooks = hooks;
        channel.onmessage = ({ data }) => this.#handle(data, clock());
    }

    /** What has come since the last time: lists of at most so many messages. */
    take(messages) {
        const lists = [];
        for (let first = 0; first < this.#news.length; first += 2 * messages) {
            lists.push(this.#news.slice(first, first + 2 * messages));
        }
        this.#news = [];
        return lists;
    }

    #handle(data, at) {
        if (this.count + this.damaged >= messageCountLimit) {
            this.#hooks.onFlood();
            return;
        }
        const message = this.#form.decode(data);
        if (!message) {
            this.damaged += 1;
            return;
        }
        this.count += 1;
        this.#news.push(message.sequence, at);
        this.#hooks.onMessage(message.sequence, message.sentAt, at);
    }
}
