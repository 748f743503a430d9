// The visit from beginning to end: link, room, connection, transfer. Each step leads to the next or to a sentence.

import { Failure } from "./failures.js";
import { parseLink, remember, takeLink } from "./link.js";
import { Peer } from "./peer.js";
import { Room } from "./rooms.js";
import { Session } from "./session.js";
import { prepareSinks } from "./sink.js";
import { fileCount, shownMessage, shownName, size } from "./text.js";
import * as view from "./view.js";

const answerSeconds = 20;
const connectSeconds = 30;
const rejoinMilliseconds = 1000;
const graceSeconds = 3;
/** What the host's `failed` means to the person here. */
const hostFailures = {
    "cannot-verify": "cannot-verify", "no-path": "no-path", "protocol": "protocol", "taken": "taken",
    "timed-out": "silent",
};

class Visit {
    #link;
    /** How often a room that is still full of this tab's own past may be tried again. */
    #rejoins;
    #room = null;
    #peer = null;
    #session = null;
    #sinks = prepareSinks();
    #streaming = true;
    #chosen = [];
    #peerName = "The other side";
    #offered = false;
    #hostLeft = false;
    #over = false;
    #deadline = null;
    #meter = null;
    #ticker = null;
    #standingNotice = "";
    #wakeLock = null;

    constructor(link, reloaded) {
        this.#link = link;
        this.#rejoins = reloaded ? 6 : 0;
    }

    begin() {
        view.show("connecting", "Connecting…", { explanation: "Looking for the other side." });
        view.onClick("accept", () => this.#session?.part?.accept());
        view.onClick("decline", () => this.#decline());
        view.onClick("send", () => this.#offer());
        view.onClick("cancel", () => this.#session?.cancel());
        view.watchFiles((files, folders) => this.#choose(files, folders));
        // A closed tab would otherwise be noticed only when its silence has lasted half a minute.
        addEventListener("pagehide", () => this.#abandon());
        addEventListener("beforeunload", (event) => {
            if (document.documentElement.dataset.state === "moving") event.preventDefault();
        });
        this.#enter();
    }

    // MARK: Room

    #enter() {
        this.#expect(answerSeconds, "silent");
        this.#room = new Room(this.#link, {
            onEntered: (iceServers) => this.#connect(iceServers),
            onPayload: (payload) => this.#handlePayload(payload),
            onHostLeft: () => this.#handleHostLeft(),
            onFailure: (failure) => this.#handleRoomFailure(failure),
        });
        this.#room.enter();
    }

    #handleRoomFailure(failure) {
        if (failure.code === "taken" && this.#rejoins > 0) {
            this.#rejoins -= 1;
            setTimeout(() => this.#enter(), rejoinMilliseconds);
        } else if (this.#session || this.#offered) {
            // The connection stands on its own; that the server is gone is only a hint about the host.
            this.#handleHostLeft();
        } else {
            this.#fail(failure);
        }
    }

    #handleHostLeft() {
        const known = this.#hostLeft;
        this.#hostLeft = true;
        if (this.#session) {
            if (this.#peer.interrupted) this.#loseConnection();
        } else if (!this.#offered) {
            this.#fail(new Failure("left"));
        } else if (!known) {
            // With both descriptions known the host may be connected already, and done with the room.
            this.#expect(graceSeconds, "left");
        }
    }

    #handlePayload(payload) {
        switch (payload.type) {
        case "offer":
            // One connection a visit: a later offer would belong to something this page does not know.
            if (!this.#offered) this.#answer(String(payload.sdp));
            this.#offered = true;
            break;
        case "candidate":
            if (typeof payload.candidate === "string") {
                this.#peer?.addCandidate(payload.candidate, typeof payload.mid === "string" ? payload.mid : null);
            }
            break;
        case "failed":
            if (!this.#session) {
                this.#fail(new Failure(hostFailures[payload.code] ?? "left", shownMessage(payload.message ?? "")));
            }
            break;
        default:
            break;
        }
    }

    // MARK: Connection

    #connect(iceServers) {
        try {
            this.#peer = new Peer(iceServers, {
                onCandidate: ({ candidate, mid }) => this.#room.send({ type: "candidate", candidate, mid }),
                onOpen: () => this.#handleOpen(),
                onText: (text) => this.#session?.handleText(text),
                onMisplaced: () => this.#session?.handleMisplaced(),
                onFrame: (frame) => this.#session?.handleFrame(frame),
                onInterrupted: (interrupted) => this.#handleInterrupted(interrupted),
                onLost: (opened) => (opened ? this.#loseConnection() : this.#giveUp("no-path")),
            });
        } catch (error) {
            this.#fail(new Failure("no-webrtc", shownMessage(error.message)));
        }
    }

    async #answer(offer) {
        this.#expect(connectSeconds, "no-path");
        try {
            // What can be saved here must be known before anything is shown.
            this.#sinks = await this.#sinks;
            this.#streaming = this.#sinks.streaming;
            this.#room.send({ type: "answer", sdp: await this.#peer.answer(offer) });
        } catch (error) {
            this.#giveUp("protocol", shownMessage(error.message));
        }
    }

    #handleOpen() {
        this.#expect(answerSeconds, "silent");
        this.#session = new Session(this.#peer, this.#sinks, {
            onRole: (part, agent) => this.#handleRole(part, agent),
            onOffer: (complete) => this.#showOffer(complete),
            onAccepted: () => this.#showMoving(),
            onChange: () => this.#refresh(),
            onFinished: () => this.#finish(),
            onFailure: (failure) => this.#fail(failure),
        });
    }

    #handleInterrupted(interrupted) {
        if (this.#over) return;
        const waiting = "The connection was interrupted. Waiting for the other side…";
        view.showNotice(interrupted ? waiting : this.#standingNotice);
        if (interrupted && this.#hostLeft) this.#loseConnection();
    }

    #loseConnection() {
        if (this.#session) this.#session.lose();
        else this.#fail(new Failure("gone"));
    }

    // MARK: Transfer

    #handleRole(part, agent) {
        this.#expect(null);
        this.#peerName = agent;
        view.showPeer(`Connected to ${agent}`);
        if (part.role === "sender") this.#showChoice();
        else view.show("waiting", "Connected", { explanation: "Waiting to hear what is offered…" });
    }

    #showOffer(complete) {
        const { items, totalBytes, tooBig } = this.#session.part;
        const limit = this.#streaming ? "" : "This page came over plain HTTP or runs in a private window, so it can "
            + "save files of at most 256 MiB (268 MB) each.";
        const way = "For bigger files, open the localhost link on the sending computer’s own browser, "
            + "or run “martlet receive” with this link in a terminal.";
        const left = items.length - tooBig.length;
        for (const item of tooBig) item.note = "Too big for this page.";
        const what = items.length === 1 ? items[0].name : fileCount(items.length);
        if (!complete) {
            view.show("waiting", `At least ${what}…`, { total: `${size(totalBytes)} so far, still counting` });
            return;
        }
        const others = left === 1 ? "Save the other file" : `Save the other ${left} files`;
        view.labelButton("accept", tooBig.length === 0 ? "Save" : others);
        view.show("offered", items.length === 1 ? "A file for you" : `${fileCount(items.length)} for you`, {
            explanation: `${this.#peerName} offers this. Nothing is saved before you say so.`,
            notice: [limit, tooBig.length > 0 ? way : ""].filter(Boolean).join(" "),
            items,
            total: items.length > 1 ? `${fileCount(items.length)}, ${size(totalBytes)}` : "",
            actions: left > 0 ? ["accept", "decline"] : ["decline"],
        });
    }

    #decline() {
        const { items, tooBig } = this.#session.part;
        const big = tooBig.length === items.length;
        this.#session.decline(big ? "Too big for what this browser can save here." : "Declined at the browser.");
    }

    #showChoice(folders = false) {
        const items = this.#chosen.map((file, index) => ({ index, name: shownName(file.name), size: file.size }));
        const total = this.#chosen.reduce((sum, file) => sum + file.size, 0);
        view.labelButton("send", `Send ${fileCount(items.length)}`);
        view.show("choosing", "Send files", {
            explanation: items.length === 0 ? `${this.#peerName} is ready to receive.` : "",
            notice: folders ? "Folders cannot be sent from a browser yet. Choose the files in them." : "",
            drop: true,
            items,
            onRemove: (index) => {
                this.#chosen.splice(index, 1);
                this.#showChoice();
            },
            total: items.length > 1 ? `${fileCount(items.length)}, ${size(total)}` : "",
            actions: items.length > 0 ? ["send"] : [],
        });
    }

    #choose(files, folders) {
        if (document.documentElement.dataset.state !== "choosing") return;
        this.#chosen.push(...files);
        this.#showChoice(folders);
    }

    #offer() {
        const { part } = this.#session;
        part.offer(this.#chosen);
        view.show("waiting", "Waiting for a yes", {
            explanation: `${this.#peerName} is asked whether it wants this.`,
            items: part.items,
            total: part.items.length > 1 ? `${fileCount(part.items.length)}, ${size(part.totalBytes)}` : "",
            actions: ["cancel"],
        });
    }

    #showMoving() {
        const { part } = this.#session;
        this.#meter = new view.Meter();
        this.#standingNotice = this.#streaming || part.role === "sender" ? "" : "Keep this page open until it is done.";
        const verb = part.role === "receiver" ? "Receiving" : "Sending";
        const what = part.items.length === 1 ? part.items[0].name : fileCount(part.items.length);
        view.show("moving", `${verb} ${what}`, {
            meter: true,
            items: part.items,
            actions: ["cancel"],
            notice: this.#standingNotice,
        });
        this.#ticker = setInterval(() => this.#tick(), 250);
        this.#tick();
        // A phone that goes to sleep takes the connection with it.
        navigator.wakeLock?.request("screen").then((lock) => {
            this.#wakeLock = lock;
            if (this.#over) lock.release();
        }).catch(() => {});
    }

    #tick() {
        const { part } = this.#session;
        const still = this.#meter.draw(part.handledBytes, part.movingBytes);
        if (this.#peer.interrupted) return;
        const held = part.items.some((item) => item.sink?.held);
        let notice = this.#standingNotice;
        if (still >= 4 && held) {
            notice = "Waiting for your browser to take the file. If it asks whether, or where, to save, please answer.";
        } else if (still >= 4 && part.handledBytes < part.movingBytes) {
            notice = "Nothing has arrived for some seconds. Waiting…";
        }
        view.showNotice(notice);
        this.#refresh();
    }

    #refresh() {
        if (this.#session?.part) view.updateItems(this.#session.part.items);
    }

    // MARK: Ends

    #finish() {
        const { items, role } = this.#session.part;
        const kept = items.filter((item) => item.state === "kept");
        const bytes = kept.reduce((sum, item) => sum + item.size, 0);
        const verb = role === "receiver" ? "saved" : "sent";
        const whole = kept.length === items.length;
        const what = items.length === 1 ? items[0].name : fileCount(kept.length);
        view.showPeer(`${role === "receiver" ? "From" : "To"} ${this.#peerName}`);
        const place = role === "receiver"
            ? `${kept.length === 1 ? "It is" : "They are"} in your browser’s downloads folder.`
            : `${this.#peerName} has confirmed every byte.`;
        this.#end();
        view.show("done", whole ? `Done: ${what} ${verb}` : `${kept.length} of ${fileCount(items.length)} ${verb}`, {
            explanation: `${place} ${whole ? "You can close this page." : "The others say below why they failed."}`,
            items,
            total: `${size(bytes)}, checksums compared`,
        });
    }

    /** Tells the other side before giving up. */
    #giveUp(code, detail = "") {
        const failure = new Failure(code, detail);
        this.#room?.send({ type: "failed", code, message: failure.title });
        this.#fail(failure);
    }

    #fail(failure) {
        if (this.#over) return;
        const moving = document.documentElement.dataset.state === "moving";
        const items = moving ? this.#session.part.items : [];
        view.showPeer("");
        this.#end();
        view.show("failed", failure.title, {
            explanation: failure.text,
            detail: failure.detail,
            items,
            actions: failure.retry ? ["retry"] : [],
        });
        document.documentElement.dataset.failure = failure.code;
    }

    #end() {
        this.#over = true;
        this.#expect(null);
        clearInterval(this.#ticker);
        this.#wakeLock?.release().catch(() => {});
        this.#room?.leave();
        // A session closes its connection itself, when its last words have left.
        if (!this.#session) this.#peer?.close();
    }

    /** The tab is closed, reloaded or put aside. */
    #abandon() {
        // Not "canceled", which is a person's word: the other side sees that the connection ended.
        this.#session?.lose();
        this.#over = true;
        this.#room?.leave();
        this.#peer?.close();
    }

    /** Gives the next step so many seconds; null when nobody has to hurry, as while a person decides. */
    #expect(seconds, code) {
        clearTimeout(this.#deadline);
        if (seconds !== null) this.#deadline = setTimeout(() => this.#giveUp(code), seconds * 1000);
    }
}

function askForLink(code) {
    const { title, text } = new Failure(code);
    view.onLinkSubmitted((pasted) => {
        if (parseLink(pasted)) {
            remember(pasted);
            location.reload();
        } else {
            askForLink("damaged-link");
        }
    });
    view.show("failed", title, { explanation: text, linkForm: true });
    document.documentElement.dataset.failure = code;
}

function start() {
    const { link, reloaded, text } = takeLink();
    // Another link opened in this tab changes only the fragment: the page stays, so it has to begin again itself.
    addEventListener("hashchange", () => {
        if (location.hash.length > 1) location.reload();
    });
    // A page that comes back from the browser's cache has lost its connection.
    addEventListener("pageshow", (event) => {
        if (event.persisted) location.reload();
    });
    view.onClick("retry", () => location.reload());
    if (!isSecureContext) view.showInsecure();
    if (!link) askForLink(text ? "damaged-link" : "no-link");
    else if (typeof RTCPeerConnection === "undefined") {
        const failure = new Failure("no-webrtc");
        view.show("failed", failure.title, { explanation: failure.text });
        document.documentElement.dataset.failure = failure.code;
    } else new Visit(link, reloaded).begin();
}

start();
