// One offer of files as it stands in a talk: what it is, the buttons of a yes or a no, progress in place, and its end.

import { Pace } from "./pace.js";
import { placeOf } from "./screens.js";
import { itemCount, shownText, size } from "./text.js";
import { copy } from "./view.js";

const drawMilliseconds = 250;
/** With the connection up and something due, so long may nothing come. */
const silenceMilliseconds = 60000;
/** Rows of a list: the first of it, or those that failed. */
const rowLimit = 6;
const marks = { kept: ["✓", "finished"], failed: ["✕", "failed"] };

/** Why it is over or stands still, in a sentence with the name of the other person. */
const reasons = {
    "declined": (name) => [name, " said no:"],
    "declined-here": () => ["You said no."],
    "canceled-here": () => ["You stopped it. What is marked as finished is whole; nothing else was kept."],
    "canceled-there": (name) => [name, " stopped it. What is marked as finished is whole; nothing else was kept."],
    "storage-here": (name) => ["This browser cannot store any more. What has arrived is kept: make room, and ", name,
        " can go on with it."],
    "storage-there": (name) => [name, " cannot save it. The disk there may be full."],
    "damaged": () => ["It arrived damaged: its checksum is not what was sent, so nothing was kept."],
    "nothing-kept": () => ["Nothing of it could be saved."],
    "nothing-sent": () => ["Nothing of it could be sent."],
    "unreadable": () => ["The browser could not read it."],
    "gone": (name) => [name, " closed it. What has arrived is kept."],
    "stalled": () => ["Nothing has come for a minute. What has arrived is kept."],
    "left-here": () => ["You left before it was done."],
    "left": (name) => [name, " has left before it was done."],
    "protocol": () => ["The two programs do not understand each other."],
};

function part(kind, name, ...content) {
    const node = document.createElement(kind);
    node.className = name;
    node.append(...content);
    return node;
}

/** Actions: `accept(offer)`, `pick` (a folder), `decline`, `cancel`, `goOn`, `saveAgain`, `choose(offer, files)`. */
export class FileCard {
    /** Belongs into the talk. */
    element = part("article", "file-card");
    #offer;
    #nameOf;
    #actions;
    #announce;
    #pace = null;
    #ticker = null;
    #said = "";
    #parts = {
        title: part("p", "file-title"), list: part("ul", "file-list"), texts: part("div", "file-texts"),
        meter: part("div", "file-meter"), note: part("p", "file-note"), buttons: part("div", "row"),
    };
    #progress = part("progress", "");
    #figures = ["moved", "rate", "left"].map(() => part("span", ""));
    #input = part("input", "unseen");
    #keys = "";

    /** `nameOf()` is what the other person is called now; `announce(text)` tells those who listen. */
    constructor(offer, nameOf, actions, announce) {
        this.#offer = offer;
        this.#nameOf = nameOf;
        this.#actions = actions;
        this.#announce = announce;
        this.#progress.max = 1;
        this.#parts.meter.append(this.#progress, part("p", "figures", ...this.#figures));
        this.#parts.list.setAttribute("aria-label", "Files");
        this.#input.type = "file";
        this.#input.multiple = true;
        this.#input.tabIndex = -1;
        this.#input.setAttribute("aria-label", "The same files again");
        this.#input.onchange = () => {
            const files = Array.from(this.#input.files);
            this.#input.value = "";
            if (files.length > 0) actions.choose(offer, files);
        };
        this.element.dataset.transfer = offer.transfer;
        this.element.dataset.direction = offer.direction;
        const { title, list, texts, meter, note, buttons } = this.#parts;
        this.element.append(title, list, texts, meter, note, buttons, this.#input);
        this.draw();
    }

    /** What it says first of all. */
    get title() {
        return this.#parts.title.textContent;
    }

    /** Brings everything up to date. */
    draw() {
        const { state, part: moved } = this.#offer;
        this.element.dataset.state = state;
        const title = this.#title();
        this.#say(this.#parts.title, title);
        this.#progress.setAttribute("aria-label", this.#parts.title.textContent);
        this.#drawList();
        this.#drawTexts();
        this.#say(this.#parts.note, this.#note());
        this.#drawButtons();
        const isMoving = state === "moving" && moved !== null;
        const stands = (state === "interrupted" || state === "paused") && this.#offer.share > 0;
        this.#parts.meter.hidden = !isMoving && !stands;
        this.#progress.value = this.#offer.share;
        if (!isMoving) {
            clearInterval(this.#ticker);
            this.#ticker = this.#pace = null;
            for (const figure of this.#figures) figure.textContent = "";
        } else if (!this.#ticker) {
            this.#pace = new Pace();
            this.#ticker = setInterval(() => this.#tick(), drawMilliseconds);
            this.#tick();
        }
        const text = this.#parts.title.textContent;
        // That it is there at all is told by the place in which it appears.
        if (text !== this.#said && this.#said !== "") this.#announce(text);
        this.#said = text;
    }

    /** It is not seen any more. */
    remove() {
        clearInterval(this.#ticker);
        this.element.remove();
    }

    get #name() {
        return part("bdi", "file-person", this.#nameOf());
    }

    get #items() {
        return this.#offer.part?.items ?? [];
    }

    get #hasFailed() {
        return this.#items.some((item) => item.state === "failed");
    }

    get #isText() {
        return this.#items.every((item) => item.kind === "text");
    }

    /** What it is: the name of one file, or how many there are. */
    get #what() {
        const { title, part: moved } = this.#offer;
        if (title) return part("bdi", "file-name", title);
        const items = this.#items;
        if (items.length === 0) return "files";
        if (items.length === 1 && moved.complete && !this.#isText) return part("bdi", "file-name", items[0].name);
        return moved.complete ? itemCount(items) : `at least ${itemCount(items)}`;
    }

    #title() {
        const { direction, state } = this.#offer;
        const name = this.#name;
        const what = this.#what;
        if (direction === "in") {
            switch (state) {
            case "moving": return ["Receiving ", what, " from ", name];
            case "done": return this.#hasFailed ? ["Saved in part: ", what, " from ", name] : this.#isText ? [what, " from ", name] : ["Saved: ", what, " from ", name];
            case "interrupted": case "paused": return [what, " from ", name, `: stopped at ${this.#percent}`];
            case "failed": return [what, " from ", name, ": not saved"];
            case "withdrawn": return [name, " took back the offer of ", what];
            default: return [name, " offers ", what];
            }
        }
        switch (state) {
        case "moving": return ["Sending ", what, " to ", name];
        case "done": return [name, this.#hasFailed ? " has a part of " : " has ", what];
        case "interrupted": case "paused": return [what, " to ", name, `: stopped at ${this.#percent}`];
        case "failed": return [what, " to ", name, ": not sent"];
        case "lost": return ["You were offering ", what, " to ", name];
        default: return ["You offer ", what, " to ", name];
        }
    }

    get #percent() {
        return `${Math.floor(100 * this.#offer.share)}\u00a0%`;
    }

    #note() {
        const { direction, state, code, detail, isConnected, part: moved } = this.#offer;
        const name = this.#name;
        const isUntouched = direction === "out" && code === "canceled-here" && !this.#offer.accepted;
        const reason = isUntouched ? ["You took it back."]
            : Object.hasOwn(reasons, code) ? reasons[code](name) : code ? ["Something went wrong."] : [];
        if (detail) reason.push(` ${detail}`);
        switch (state) {
        case "waiting":
            if (!isConnected) return [direction === "in" ? "It is offered again as soon as " : "It is offered as soon as ",
                name, " is here again."];
            return direction === "in" ? this.#offerNote() : ["Waiting for a yes."];
        case "moving":
            return [this.#movingNote(moved)];
        case "interrupted":
            return ["It goes on by itself as soon as ", name, " is here again.",
                direction === "in" && !this.#offer.holdings.resumable ? " Keep this page open." : ""];
        case "paused":
            return reason;
        case "lost":
            return ["This page was loaded again, and browsers then take back the files they gave. Choose the same ones "
                + "again, and what has arrived already is not sent twice."];
        case "done":
            return this.#doneNote();
        case "withdrawn":
            return code === "protocol" || code === "internal" ? reason : [];
        default:
            return reason;
        }
    }

    #offerNote() {
        const { plan, part: moved } = this.#offer;
        if (!plan) return ["Looking what it is…"];
        const refused = moved.items.some((item) => plan.refusal(item));
        if (refused || plan.limit) return [plan.limit];
        if (this.#isText) return [];
        const place = plan.archive ? `It is saved as one ZIP archive, ${plan.archive}, in your downloads folder.`
            : "It is saved in your downloads folder.";
        return [plan.way === "storage" ? place : `${place} Keep this page open until it is done.`];
    }

    #movingNote(moved) {
        if (this.#offer.direction === "out" || !moved) return "";
        const isHeld = this.#offer.isHeld || moved.items[moved.currentIndex]?.intake?.sink.held;
        if (isHeld) return "Waiting for your browser to take it. If it asks whether, or where, to save, please answer.";
        if (moved.delivering) return "Everything is here. Handing it to your downloads folder…";
        return this.#offer.holdings.resumable ? "" : "Keep this page open until it is done.";
    }

    #doneNote() {
        const { direction, holdings } = this.#offer;
        const items = this.#items;
        const kept = items.filter((item) => item.state === "kept");
        const failed = items.length - kept.length;
        const some = failed > 0 ? `${failed} of ${itemCount(items)} failed. ` : "";
        if (direction === "out") return [`${some}Every byte is confirmed.`];
        if (holdings.undelivered.length > 0) {
            return [`Your browser did not take it: ${holdings.undelivered[0].reason} It is still here.`];
        }
        const files = kept.filter((item) => item.kind !== "text");
        return [some + placeOf(files, holdings)];
    }

    #drawList() {
        const { list } = this.#parts;
        const { state } = this.#offer;
        const items = this.#items;
        const failed = items.filter((item) => item.state === "failed");
        const first = failed.length > 0 ? [...failed, ...items.filter((item) => item.state !== "failed")] : items;
        // The title names the only one.
        const isOne = items.length === 1 && state === "moving";
        const isPlain = items.length === 0 || isOne || this.#isText && state === "done" || state === "withdrawn";
        list.hidden = isPlain;
        if (isPlain) return;
        const rows = first.slice(0, rowLimit).map((item) => this.#row(item, items.length > 1));
        const rest = items.length - rowLimit;
        if (rest > 0) rows.push(part("li", "rest", `and ${rest} more, ${size(this.#offer.part.totalBytes)} in all`));
        else if (items.length > 1) rows.push(part("li", "rest", `${size(this.#offer.part.totalBytes)} in all`));
        list.replaceChildren(...rows);
    }

    #row(item, named) {
        const { plan, state } = this.#offer;
        const bytes = part("span", "size", item.kind === "folder" || item.size === null ? "" : size(item.size));
        const row = part("li", "", named ? part("bdi", "name", item.name) : "", bytes);
        row.dataset.state = item.state;
        const mark = named && Object.hasOwn(marks, item.state) ? marks[item.state] : null;
        if (mark) {
            const sign = part("span", "mark", mark[0]);
            sign.setAttribute("role", "img");
            sign.setAttribute("aria-label", mark[1]);
            row.append(sign);
        }
        const note = state === "waiting" && plan ? plan.refusal(item) : item.note;
        if (note) row.append(part("span", "note", note));
        return row;
    }

    #drawTexts() {
        const texts = this.#offer.holdings?.texts ?? [];
        const { texts: place } = this.#parts;
        place.hidden = texts.length === 0;
        if (place.childElementCount === texts.length) return;
        place.replaceChildren(...texts.map(({ text }) => {
            const words = part("pre", "words", shownText(text));
            words.tabIndex = 0;
            words.dir = "auto";
            const button = part("button", "copy", "Copy");
            button.type = "button";
            button.onclick = () => copy(words, button);
            return part("div", "text", words, button);
        }));
    }

    #drawButtons() {
        const wanted = this.#wantedButtons();
        const keys = wanted.map(([key, text]) => `${key} ${text}`).join();
        // The keyboard keeps its place.
        if (keys === this.#keys) return;
        const hadFocus = this.#parts.buttons.contains(document.activeElement);
        this.#keys = keys;
        this.#parts.buttons.replaceChildren(...wanted.map(([key, text, act]) => {
            const button = part("button", key === "accept" || key === "choose" ? "primary" : "", text);
            button.type = "button";
            button.dataset.action = key;
            button.onclick = act;
            return button;
        }));
        this.#parts.buttons.hidden = wanted.length === 0;
        if (hadFocus) (this.#parts.buttons.firstChild ?? this.#parts.title).focus();
    }

    /** `[key, text, action]` of each. */
    #wantedButtons() {
        const { direction, state, isConnected, plan, holdings, record } = this.#offer;
        const offer = this.#offer;
        const actions = this.#actions;
        const stop = ["cancel", "Stop", () => actions.cancel(offer)];
        if (state === "moving" || state === "interrupted") return [stop];
        if (state === "lost") {
            this.#input.webkitdirectory = record.isFolder;
            return [["choose", "Choose again", () => this.#input.click()],
                ["cancel", "Take it back", () => actions.cancel(offer)]];
        }
        if (state === "paused") {
            return direction === "out" ? [["go-on", "Try again", () => actions.goOn(offer)], stop] : [stop];
        }
        if (state === "done") {
            const missing = direction === "in" && holdings.undelivered.length > 0;
            return missing ? [["save-again", "Save again", () => actions.saveAgain(offer)]] : [];
        }
        if (state !== "waiting") return [];
        if (direction === "out") return [["cancel", "Take it back", () => actions.cancel(offer)]];
        if (!plan || !isConnected) return [];
        const items = this.#items;
        const refused = items.filter((item) => plan.refusal(item)).length;
        const decline = ["decline", "Decline", () => actions.decline(offer)];
        if (refused === items.length) return [decline];
        const accept = refused > 0 ? "Save the others" : this.#isText ? "Show" : "Save";
        const pick = offer.picks && !this.#isText ? [["pick", "Choose where to save", () => actions.pick(offer)]] : [];
        return [["accept", accept, () => actions.accept(offer)], ...pick, decline];
    }

    #tick() {
        const { part: moved, link } = this.#offer;
        const isSilent = moved.expectsBytes && link && performance.now() - link.session.heard > silenceMilliseconds;
        if (isSilent) {
            link.session.lose("stalled");
            return;
        }
        const { moved: bytes, rate, left } = this.#pace.measure(moved.movedBytes, moved.movingBytes, moved.complete);
        this.#progress.value = this.#offer.share;
        [bytes, rate, left].forEach((text, index) => {
            this.#figures[index].textContent = text;
        });
        this.#drawList();
        this.#say(this.#parts.note, this.#note());
    }

    /** Sets a line of texts and nodes, and hides it when it is empty. */
    #say(node, content) {
        const fresh = part("p", "", ...content);
        if (fresh.textContent !== node.textContent) node.replaceChildren(...fresh.childNodes);
        node.hidden = node.textContent === "";
    }
}
