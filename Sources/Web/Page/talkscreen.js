// What a person sees of a Talk, and does. What came from anywhere is set as text only; nothing of it is ever fetched.

import { soundName } from "./chatconnection.js";
import { agent } from "./session.js";
import { TalkFiles } from "./talkfiles.js";
import { messageRow, refreshRow } from "./talkrows.js";
import * as view from "./view.js";

const element = (id) => document.getElementById(id);
const rowLimit = 1000;
/** A tab that nobody sees has no animation frames. */
const hiddenMilliseconds = 250;
const notificationMilliseconds = 1000;
/** Whoever has scrolled up that far reads what is there, and is left alone. */
const bottomPixels = 60;

/** `actions`: `leave()`, `reconnect()`, `release()` (a host's, else null), `invite()` (a host's, else null). */
export class TalkScreen {
    #talk;
    #actions;
    #files;
    #rows = new Map();
    #lastId = 0;
    #isDue = false;
    /** Whether the newest message is in sight. */
    #isAtEnd = true;
    /** Of the log, when it was looked at last. */
    #size = "";
    #state = { text: "", canTry: false };
    /** What has come while nobody looked, and the last of it that nobody was told of. */
    #unseen = 0;
    #unseenMessage = null;
    #notification = null;
    #notificationTime = -Infinity;
    #paths = new Map();
    #words = new Map();

    constructor(talk, actions) {
        this.#talk = talk;
        this.#actions = actions;
        talk.onChange = () => this.#schedule();
        talk.onHeard = (message) => this.#count(message);
        this.#files = talk.files = new TalkFiles({
            place: (card) => this.#place(card),
            onOffered: ({ name }, text) => {
                this.#count({ name, text });
                this.#schedule();
            },
            announce: (text) => view.announce(text),
        });
        this.#wire();
    }

    /** Shows the talk, and nothing else unless something is asked for. */
    begin() {
        document.documentElement.dataset.state = "talking";
        delete document.documentElement.dataset.failure;
        element("card").hidden = true;
        element("talk").hidden = false;
        element("talk-name").value = this.#talk.name;
        if (element("talk-input").value === "") element("talk-input").value = keptDraft();
        this.#draw();
        this.#grow();
        this.#files.recall(this.#talk.members.filter(({ state }) => state !== "coming"));
        view.watchDrops(element("talk"), (files, entries) => this.#offer(files, entries));
        element("talk-input").focus();
    }

    get isShown() {
        return !element("talk").hidden;
    }

    /** What becomes of the connection, in words; `canTry`: it waits for the next try. Empty when all is well. */
    showState(text, canTry = false) {
        this.#state = { text, canTry };
        this.#schedule();
    }

    // MARK: What a person does

    #wire() {
        const input = element("talk-input");
        element("talk-form").onsubmit = (event) => {
            event.preventDefault();
            this.#say();
        };
        input.onkeydown = (event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            this.#say();
        };
        input.onpaste = (event) => {
            const files = Array.from(event.clipboardData.files);
            if (files.length === 0) return;
            event.preventDefault();
            this.#offer(files);
        };
        const fileInput = element("talk-files");
        element("talk-attach").onclick = () => fileInput.click();
        fileInput.onchange = () => {
            const files = Array.from(fileInput.files);
            fileInput.value = "";
            this.#offer(files);
        };
        input.oninput = () => {
            keepDraft(input.value);
            this.#grow();
            this.#talk.type(input.value.trim() !== "");
        };
        element("talk-name-form").onsubmit = (event) => {
            event.preventDefault();
            this.#talk.rename(element("talk-name").value);
            element("talk-name").value = this.#talk.name;
            rememberName(this.#talk.name);
            view.announce(`You are called ${this.#talk.name}.`);
        };
        element("talk-more").onclick = () => {
            element("talk-about").hidden = !element("talk-about").hidden;
            element("talk-more").setAttribute("aria-expanded", String(!element("talk-about").hidden));
            this.#schedule();
            this.#askPaths();
        };
        element("talk-leave").onclick = () => this.#actions.leave();
        element("talk-done").onclick = () => location.reload();
        element("talk-now").onclick = () => this.#actions.reconnect();
        element("talk-release").onclick = () => this.#actions.release();
        element("talk-invite").onclick = () => this.#actions.invite();
        element("talk-notify").onclick = () => this.#askToNotify();
        element("link-no").onclick = () => element("link-dialog").close();
        element("link-go").onclick = () => element("link-dialog").close();
        // Whoever was at the end stays there, whatever the window becomes.
        const log = element("talk-log");
        log.onscroll = () => {
            // What the window's size has moved, no person has.
            if (sizeOf(log) !== this.#size) return;
            this.#isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < bottomPixels;
        };
        new ResizeObserver(() => this.#stay()).observe(log);
        document.addEventListener("visibilitychange", () => this.#handleSeen());
        addEventListener("focus", () => this.#handleSeen());
    }

    #say() {
        const input = element("talk-input");
        if (input.value.trim() === "") return;
        if (this.#talk.say(input.value)) {
            input.value = "";
            keepDraft("");
            this.#grow();
            this.#isAtEnd = true;
            this.#stay();
            if (this.#state.text === tooMuch) this.showState("");
        } else {
            this.showState(tooMuch);
        }
    }

    #offer(files, entries = []) {
        if (files.length + entries.length === 0 || this.#talk.isOver) return;
        if (!this.#files.offer(files, entries)) this.#talk.notice("Nobody is here to whom files could be offered.");
    }

    /** A card of files stands where it came, behind what was said before it. */
    #place(card) {
        const log = element("talk-log");
        if (this.isShown) this.#draw();
        const wasAtBottom = log.scrollHeight - log.scrollTop - log.clientHeight < bottomPixels;
        log.append(card);
        if (wasAtBottom) log.scrollTop = log.scrollHeight;
    }

    #grow() {
        const input = element("talk-input");
        input.style.height = "auto";
        input.style.height = `${input.scrollHeight + input.offsetHeight - input.clientHeight}px`;
    }

    // MARK: Drawing

    #schedule() {
        if (this.#isDue || !this.isShown) return;
        this.#isDue = true;
        const draw = () => {
            if (this.#isDue) this.#draw();
        };
        if (document.hidden) setTimeout(draw, hiddenMilliseconds);
        else requestAnimationFrame(draw);
        // A tab that is hidden before its next frame gets none.
        if (!document.hidden) setTimeout(draw, 4 * hiddenMilliseconds);
    }

    #draw() {
        this.#isDue = false;
        const talk = this.#talk;
        const names = talk.members.filter(({ state }) => state !== "coming").map(({ name }) => name);
        setText("talk-title", names.length > 0 ? `Talk with ${names.join(", ")}` : "Talk");
        this.#drawRows();
        const typing = talk.members.filter(({ isTyping }) => isTyping).map(({ name }) => name);
        const verb = typing.length === 1 ? "is" : "are";
        setText("talk-typing", typing.length > 0 ? `${typing.join(", ")} ${verb} typing…` : "");
        this.#drawState();
        if (!element("talk-about").hidden) this.#drawPeople();
        this.#drawTitle();
        this.#notify();
        const over = talk.isOver;
        element("talk-input").disabled = element("talk-send").disabled = over;
        element("talk-attach").disabled = over;
        element("talk-leave").hidden = over;
        element("talk-more").hidden = over;
        element("talk-done").hidden = !over;
        element("talk-invite").hidden = over || !this.#actions.invite;
        if (over) {
            element("talk-about").hidden = true;
            keepDraft("");
        }
        const canAsk = isSecureContext && globalThis.Notification?.permission === "default";
        element("talk-notify").hidden = over || !canAsk;
    }

    #drawRows() {
        const log = element("talk-log");
        const { messages, changed } = this.#talk;
        let first = messages.length;
        while (first > 0 && messages[first - 1].id > this.#lastId) first -= 1;
        const rows = [];
        for (let index = first; index < messages.length; index += 1) {
            const message = messages[index];
            const row = messageRow(message, messages[index - 1], showLink);
            this.#rows.set(message.id, row);
            this.#lastId = message.id;
            rows.push(row);
        }
        log.append(...rows);
        for (const [id, row] of this.#rows) {
            if (this.#rows.size <= rowLimit) break;
            row.remove();
            this.#rows.delete(id);
        }
        for (const message of changed) {
            const row = this.#rows.get(message.id);
            if (row) refreshRow(row, message);
        }
        changed.clear();
        this.#stay();
    }

    /** The newest message stays in sight for whoever has it in sight. */
    #stay() {
        const log = element("talk-log");
        if (this.#isAtEnd) log.scrollTop = log.scrollHeight;
        this.#size = sizeOf(log);
    }

    #drawState() {
        const { text, canTry } = this.#state;
        const lost = this.#talk.members.filter(({ state }) => state === "lost").map(({ name }) => name);
        const isHost = this.#actions.release !== null;
        const waits = isHost && lost.length > 0 && !this.#talk.isOver;
        const awaited = waits ? `Waiting for ${lost.join(", ")} to come back.` : "";
        const silent = this.#talk.members.filter(({ isInterrupted }) => isInterrupted).map(({ name }) => name);
        const interrupted = silent.length > 0 ? `The connection to ${silent.join(", ")} was interrupted.` : "";
        const kept = this.#talk.isKept || this.#talk.isOver ? ""
            : "This browser keeps nothing of the talk: do not load this page again.";
        setText("talk-state-text", [text, interrupted, awaited, kept].filter(Boolean).join(" "));
        // It stays there without a text, too: what is hidden is not read aloud when it comes.
        element("talk-state").classList.toggle("empty", element("talk-state-text").textContent === "");
        element("talk-now").hidden = !canTry;
        element("talk-release").hidden = !waits;
    }

    // MARK: Words and paths

    #drawPeople() {
        const people = this.#talk.members.filter(({ state }) => state !== "coming");
        for (const { connection } of people) {
            if (connection?.words && !this.#words.has(connection)) {
                this.#words.set(connection, null);
                connection.words.then((words) => {
                    this.#words.set(connection, words);
                    this.#schedule();
                });
            }
        }
        const rows = people.map((member) => {
            const row = document.createElement("li");
            const name = document.createElement("bdi");
            const words = document.createElement("strong");
            const path = document.createElement("span");
            name.textContent = member.name;
            const found = this.#words.get(member.connection);
            words.className = "talk-words";
            words.textContent = found ? found.join(" · ") : "no words to compare";
            path.textContent = this.#paths.get(member.connection) ?? (member.connection ? "" : "not connected");
            row.append(name, ` (${member.agent}): `, words, path.textContent ? ", " : "", path);
            return row;
        });
        if (rows.length === 0) {
            const row = document.createElement("li");
            row.textContent = "Nobody else is here.";
            rows.push(row);
        }
        const list = element("talk-people");
        const text = rows.map((row) => row.textContent).join("\n");
        if (list.innerText !== text) list.replaceChildren(...rows);
    }

    async #askPaths() {
        if (element("talk-about").hidden) return;
        for (const { connection } of this.#talk.members) {
            if (!connection?.isBegun) continue;
            const path = await connection.peer.path().catch(() => null);
            if (path) this.#paths.set(connection, sentenceOf(path));
        }
        this.#schedule();
    }

    // MARK: In the background

    get #isSeen() {
        return document.visibilityState === "visible" && document.hasFocus();
    }

    /** Something has come that a person should know of. */
    #count(message) {
        if (this.#isSeen) return;
        this.#unseen += 1;
        this.#unseenMessage = message;
    }

    /** One at a time, of what came last, and not many a second. */
    #notify() {
        const message = this.#unseenMessage;
        const isSoon = performance.now() - this.#notificationTime < notificationMilliseconds;
        if (!message || isSoon || globalThis.Notification?.permission !== "granted") return;
        this.#unseenMessage = null;
        this.#notificationTime = performance.now();
        try {
            this.#notification = new Notification(message.name, { body: message.text.slice(0, 200), tag: "martlet" });
            this.#notification.onclick = () => globalThis.focus();
        } catch {
            // Phones have none from a page; its title tells.
        }
    }

    #handleSeen() {
        if (!this.#isSeen) return;
        this.#unseen = 0;
        this.#unseenMessage = null;
        this.#notification?.close();
        this.#notification = null;
        if (this.isShown) this.#drawTitle();
    }

    #drawTitle() {
        const count = this.#unseen > 0 ? `(${this.#unseen}) ` : "";
        const title = `${count}${element("talk-title").textContent} · Martlet`;
        if (document.title !== title) document.title = title;
    }

    async #askToNotify() {
        await Notification.requestPermission();
        const isGranted = Notification.permission === "granted";
        view.announce(isGranted ? "You will be notified of messages." : "There will be no notifications.");
        this.#schedule();
    }
}

const tooMuch = "Too much waits for being delivered already. What you wrote is still in the field.";

const sizeOf = ({ clientWidth, clientHeight, scrollHeight }) => `${clientWidth} ${clientHeight} ${scrollHeight}`;

function setText(id, text) {
    if (element(id).textContent !== text) element(id).textContent = text;
}

function sentenceOf({ isRelayed, isLocal, milliseconds }) {
    const way = isRelayed ? "relayed" : isLocal ? "direct, this network" : "direct";
    return milliseconds === null ? way : `${way}, ${milliseconds} ms`;
}

/** A link of the other side is opened only when a person has seen where it leads. */
function showLink(address) {
    const dialog = element("link-dialog");
    element("link-address").textContent = address;
    element("link-go").href = address;
    dialog.showModal();
}

const draftKey = "martlet.draft";

/** What is being written survives a reload, too. */
function keepDraft(text) {
    try {
        if (text === "") sessionStorage.removeItem(draftKey);
        else sessionStorage.setItem(draftKey, text);
    } catch {
        // Then it does not.
    }
}

function keptDraft() {
    try {
        return sessionStorage.getItem(draftKey) ?? "";
    } catch {
        return "";
    }
}

const nameKey = "martlet.name";

/** The name that a person gave last in this browser; else that of the browser. */
export function rememberedName() {
    let name = null;
    try {
        name = localStorage.getItem(nameKey);
    } catch {
        // Nothing is kept here.
    }
    return soundName(name ?? "") || soundName(agent());
}

function rememberName(name) {
    try {
        localStorage.setItem(nameKey, name);
    } catch {
        // Then it is asked for again.
    }
}
