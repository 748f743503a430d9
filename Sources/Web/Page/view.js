// What a person sees. Only textContent is ever set: nothing that came from anywhere is read as markup.

import { Pace } from "./pace.js";
import { shownText, size } from "./text.js";

const element = (id) => document.getElementById(id);
/** Rows of a long list: those around the item that moves. */
const shownItemsLimit = 300;
const marks = { kept: ["✓", "finished"], failed: ["✕", "failed"], checking: ["…", "being checked"] };

/** The words to compare are those of a connection, and go with it. */
const connectedStates = new Set(["waiting", "offered", "choosing", "moving"]);

/** Sets the text of an element and hides it when there is none. */
function say(id, text) {
    const target = element(id);
    if (target.textContent !== text) target.textContent = text;
    target.hidden = text === "";
}

/** For screen readers: said when it changes, and not too often. */
export function announce(text) {
    element("status").textContent = text;
}

/**
 * Shows one state of the page. `parts` names what is visible beside the headline: `explanation`, `detail`, `notice`,
 * `total` (sentences), `items` (list), `texts` (for reading), `invitation` (what leads others here), `meter`, `drop`,
 * `linkForm` (booleans) and `actions` (identifiers of buttons).
 */
export function show(state, headline, parts = {}) {
    const focused = document.activeElement;
    document.documentElement.dataset.state = state;
    delete document.documentElement.dataset.failure;
    element("headline").textContent = headline;
    document.title = `${headline} · Martlet`;
    say("explanation", parts.explanation ?? "");
    say("detail", parts.detail ?? "");
    say("notice", parts.notice ?? "");
    say("total", parts.total ?? "");
    element("meter").hidden = !parts.meter;
    element("drop").hidden = !parts.drop;
    element("link-form").hidden = !parts.linkForm;
    showInvitation(parts.invitation ?? null);
    showTexts(parts.texts ?? []);
    showItems(parts.items ?? [], parts.onRemove);
    if (!connectedStates.has(state)) showWords([]);
    const actions = parts.actions ?? [];
    element("actions").hidden = actions.length === 0;
    for (const button of element("actions").children) {
        button.hidden = !actions.includes(button.id);
        button.removeAttribute("aria-disabled");
    }
    // A control that went away takes the keyboard's place with it: give it a new one, at the top.
    if (focused && focused !== document.body && focused.getClientRects().length === 0) element("headline").focus();
    announce([headline, parts.explanation, parts.detail].filter(Boolean).join(" "));
}

/** A press was heard. The buttons stay, so that the keyboard keeps its place. */
export function disableActions() {
    for (const button of element("actions").children) button.setAttribute("aria-disabled", "true");
}

/** The meter where it stood, while nothing moves. */
export function showShare(share) {
    element("meter").hidden = share === 0;
    element("progress").value = share;
    for (const id of ["progress-bytes", "progress-rate", "progress-left"]) element(id).textContent = "";
}

/** `{ code, isDead, link, command }`, or null. */
function showInvitation(invitation) {
    element("invitation").hidden = !invitation;
    if (!invitation) return;
    element("code").classList.toggle("dead", invitation.isDead);
    element("code-label").textContent = invitation.isDead ? "Dead code" : "Code";
    for (const name of ["code", "link", "command"]) {
        const text = element(name);
        const button = element(`copy-${name}`);
        text.parentElement.hidden = invitation[name] === "";
        button.hidden = name === "code" && invitation.isDead;
        if (text.textContent === invitation[name]) continue;
        text.textContent = invitation[name];
        button.textContent = "Copy";
        button.onclick = () => copy(text, button);
    }
}

function showTexts(texts) {
    const place = element("texts");
    place.hidden = texts.length === 0;
    place.replaceChildren(...texts.map(({ text }) => {
        const block = part("div", "text");
        const words = part("pre", "words");
        words.textContent = shownText(text);
        words.tabIndex = 0;
        words.dir = "auto";
        const button = part("button", "copy");
        button.type = "button";
        button.textContent = "Copy";
        button.onclick = () => copy(words, button);
        block.append(words, button);
        return block;
    }));
}

/** Exactly what is shown is copied. A page over plain HTTP may not write the clipboard: it marks the text instead. */
export async function copy(words, button) {
    try {
        await navigator.clipboard.writeText(words.textContent);
        button.textContent = "Copied";
        announce("Copied");
    } catch {
        getSelection().selectAllChildren(words);
        button.textContent = "Marked: now copy it";
        announce("The text is marked. Copy it now.");
    }
}

/** The line that says who is at the other end. */
export function showPeer(text) {
    say("peer", text);
}

/** The words that two people may compare aloud, or must when nothing else vouches for the two; none hides them. */
export function showWords(words, isDemanded = false) {
    for (const id of ["word-list", "word-list-demand"]) element(id).textContent = words.join(" · ");
    element("words").hidden = words.length === 0 || isDemanded;
    element("words-demand").hidden = words.length === 0 || !isDemanded;
}

export function showNotice(text) {
    say("notice", text);
}

/** Rebuilds the list of files; `onRemove(index)` gives each a button. */
export function showItems(items, onRemove, first = 0) {
    const list = element("items");
    list.hidden = items.length === 0;
    shown = items.slice(first, first + shownItemsLimit);
    shownFirst = first;
    const rows = shown.map((item) => row(item, onRemove));
    const behind = items.length - first - shown.length;
    if (first > 0) rows.unshift(rest(`${first} before these`));
    if (behind > 0) rows.push(rest(`and ${behind} more`));
    list.replaceChildren(...rows);
}

let shown = [];
let shownFirst = 0;

function rest(text) {
    const node = part("li", "rest");
    node.textContent = text;
    return node;
}

/** Brings the rows up to date in place; a long list follows the item `current`. */
export function updateItems(items, current = 0) {
    const step = shownItemsLimit / 3;
    const first = items.length <= shownItemsLimit ? 0 : Math.max(0, (Math.floor(current / step) - 1) * step);
    if (first !== shownFirst || shown.length < Math.min(items.length - first, shownItemsLimit)) {
        showItems(items, undefined, first);
        return;
    }
    const rows = element("items").children;
    shown.forEach((item, index) => fill(rows[index + (first > 0 ? 1 : 0)], item));
}

function part(kind, name) {
    const node = document.createElement(kind);
    node.className = name;
    return node;
}

function row(item, onRemove) {
    const node = document.createElement("li");
    const name = part("bdi", "name");
    const bytes = part("span", "size");
    name.textContent = item.name;
    const known = item.size === null ? "" : size(item.size);
    bytes.textContent = item.kind === "folder" ? "" : item.detail ? `${item.detail}, ${known}` : known;
    node.append(name, bytes);
    if (onRemove) {
        const button = part("button", "remove");
        button.type = "button";
        button.textContent = "Remove";
        button.setAttribute("aria-label", `Remove ${item.name}`);
        button.onclick = () => onRemove(item.index);
        node.classList.add("removable");
        node.append(button);
        if (item.note) {
            const note = part("span", "note");
            note.textContent = item.note;
            node.append(note);
        }
    } else {
        node.append(part("span", "mark"), part("span", "note"));
        fill(node, item);
    }
    return node;
}

function fill(node, item) {
    const [, bytes, marked, note] = node.children;
    if (bytes.textContent === "" && item.kind !== "folder" && item.size !== null) bytes.textContent = size(item.size);
    const isMoving = item.state === "moving" && item.size > 0;
    const percent = isMoving ? `${Math.floor(100 * item.movedBytes / item.size)} %` : "";
    const [mark, meaning] = marks[item.state] ?? [percent, ""];
    if (node.dataset.state === item.state && marked.textContent === mark && note.textContent === item.note) return;
    node.dataset.state = item.state;
    marked.textContent = mark;
    if (meaning) {
        marked.setAttribute("role", "img");
        marked.setAttribute("aria-label", meaning);
    }
    note.textContent = item.note;
    note.hidden = item.note === "";
}

/** Draws progress, with the speed and the time left. */
export class Meter {
    #pace = new Pace();
    #announcedTenth = 0;

    /** Draws; returns the seconds since the last byte. */
    draw(bytes, total, complete = true) {
        const { moved, rate, left, still } = this.#pace.measure(bytes, total, complete);
        element("progress").value = total > 0 ? bytes / total : 1;
        element("progress-bytes").textContent = moved;
        element("progress-rate").textContent = rate;
        element("progress-left").textContent = left;
        const tenth = total > 0 ? Math.floor(10 * bytes / total) : 0;
        if (tenth > this.#announcedTenth && tenth < 10) {
            this.#announcedTenth = tenth;
            announce(`${tenth * 10} percent`);
        }
        return still;
    }
}

/** The chosen files, by button or by dropping. `onFiles(files, entries)`: dropped things come as entries. */
export function watchFiles(onFiles) {
    for (const kind of ["file", "folder"]) {
        const input = element(`${kind}-input`);
        element(`choose-${kind}s`).onclick = () => input.click();
        input.onchange = () => {
            const files = Array.from(input.files);
            input.value = "";
            if (files.length > 0) onFiles(files, []);
        };
    }
    watchDrops(element("drop"), onFiles);
}

/** Files and folders that are dropped anywhere; `target` shows that they may be. `onFiles(files, entries)`. */
export function watchDrops(target, onFiles) {
    // Dropped beside the target, a file would otherwise replace the page.
    document.ondragover = (event) => {
        event.preventDefault();
        target.classList.add("over");
    };
    document.ondragleave = (event) => {
        if (!event.relatedTarget) target.classList.remove("over");
    };
    document.ondrop = (event) => {
        event.preventDefault();
        target.classList.remove("over");
        const items = Array.from(event.dataTransfer.items).filter((item) => item.kind === "file");
        const entries = items.map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
        const files = entries.length > 0 ? [] : items.map((item) => item.getAsFile()).filter(Boolean);
        if (entries.length > 0 || files.length > 0) onFiles(files, entries);
    };
}

/** Wires a button to an action. */
export function onClick(id, action) {
    element(id).onclick = ({ currentTarget }) => {
        // A second press would do harm.
        if (currentTarget.getAttribute("aria-disabled") !== "true") action();
    };
}

/** Puts a text into the field for a link or a code. */
export function fillEntrance(text) {
    element("link-input").value = text;
}

export function labelButton(id, text) {
    element(id).textContent = text;
}

export function showInsecure() {
    element("insecure").hidden = false;
}
