// What a person sees. Only textContent is ever set: nothing that came from anywhere is read as markup.

import { duration, fileCount, size } from "./text.js";

const element = (id) => document.getElementById(id);
const shownItemsLimit = 200;
const marks = { kept: ["✓", "finished"], failed: ["✕", "failed"], checking: ["…", "being checked"] };

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
 * `total` (texts), `items` (list), `meter`, `drop`, `linkForm` (booleans) and `actions` (identifiers of buttons).
 */
export function show(state, headline, parts = {}) {
    const focused = document.activeElement;
    document.documentElement.dataset.state = state;
    element("headline").textContent = headline;
    document.title = `${headline} · Martlet`;
    say("explanation", parts.explanation ?? "");
    say("detail", parts.detail ?? "");
    say("notice", parts.notice ?? "");
    say("total", parts.total ?? "");
    element("meter").hidden = !parts.meter;
    element("drop").hidden = !parts.drop;
    element("link-form").hidden = !parts.linkForm;
    showItems(parts.items ?? [], parts.onRemove);
    const actions = parts.actions ?? [];
    element("actions").hidden = actions.length === 0;
    for (const button of element("actions").children) button.hidden = !actions.includes(button.id);
    // A control that went away takes the keyboard's place with it: give it a new one, at the top.
    if (focused && focused !== document.body && focused.getClientRects().length === 0) element("headline").focus();
    announce([headline, parts.explanation, parts.detail].filter(Boolean).join(" "));
}

/** The line that says who is at the other end. */
export function showPeer(text) {
    say("peer", text);
}

export function showNotice(text) {
    say("notice", text);
}

/** Rebuilds the list of files; `onRemove(index)` gives each a button. */
export function showItems(items, onRemove) {
    const list = element("items");
    list.hidden = items.length === 0;
    const rows = items.slice(0, shownItemsLimit).map((item) => row(item, onRemove));
    if (items.length > shownItemsLimit) {
        const rest = document.createElement("li");
        rest.textContent = `and ${fileCount(items.length - shownItemsLimit)} more`;
        rows.push(rest);
    }
    list.replaceChildren(...rows);
}

/** Brings the rows up to date in place. */
export function updateItems(items) {
    const rows = element("items").children;
    for (const item of items.slice(0, shownItemsLimit)) {
        if (rows[item.index]) fill(rows[item.index], item);
    }
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
    bytes.textContent = size(item.size);
    node.append(name, bytes);
    if (onRemove) {
        const button = part("button", "remove");
        button.type = "button";
        button.textContent = "Remove";
        button.setAttribute("aria-label", `Remove ${item.name}`);
        button.onclick = () => onRemove(item.index);
        node.classList.add("removable");
        node.append(button);
    } else {
        node.append(part("span", "mark"), part("span", "note"));
        fill(node, item);
    }
    return node;
}

function fill(node, item) {
    const [, , marked, note] = node.children;
    const percent = item.state === "moving" && item.size > 0 ? `${Math.floor(100 * item.movedBytes / item.size)} %` : "";
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

/** Progress from two numbers: speed over the last seconds, and the time left at that speed. */
export class Meter {
    #samples = [];
    #announcedTenth = 0;

    /** Draws; returns the seconds since the last byte. */
    draw(bytes, total) {
        const now = performance.now();
        const samples = this.#samples;
        if (samples.length === 0 || now - samples[samples.length - 1].now >= 200) samples.push({ now, bytes });
        while (samples.length > 2 && now - samples[0].now > 5000) samples.shift();
        const first = samples[0];
        const rate = now - first.now > 400 ? (bytes - first.bytes) * 1000 / (now - first.now) : 0;
        const still = bytes === first.bytes ? (now - first.now) / 1000 : 0;
        element("progress").value = total > 0 ? bytes / total : 1;
        element("progress-bytes").textContent = `${size(bytes)} of ${size(total)}`;
        element("progress-rate").textContent = rate > 0 ? `${size(Math.round(rate))}/s` : "";
        element("progress-left").textContent
            = rate > 0 && bytes < total ? `${duration((total - bytes) / rate)} left` : "";
        const tenth = total > 0 ? Math.floor(10 * bytes / total) : 0;
        if (tenth > this.#announcedTenth && tenth < 10) {
            this.#announcedTenth = tenth;
            announce(`${tenth * 10} percent`);
        }
        return still;
    }
}

/** The chosen files, by button or by dropping. `onFiles(array)`. */
export function watchFiles(onFiles) {
    const input = element("file-input");
    const drop = element("drop");
    element("choose").onclick = () => input.click();
    input.onchange = () => {
        const files = Array.from(input.files);
        input.value = "";
        onFiles(files);
    };
    // Dropped beside the target, a file would otherwise replace the page.
    document.ondragover = (event) => {
        event.preventDefault();
        drop.classList.add("over");
    };
    document.ondragleave = (event) => {
        if (!event.relatedTarget) drop.classList.remove("over");
    };
    document.ondrop = (event) => {
        event.preventDefault();
        drop.classList.remove("over");
        const folder = (item) => item.webkitGetAsEntry?.()?.isDirectory;
        const items = Array.from(event.dataTransfer.items).filter((item) => item.kind === "file");
        const files = items.filter((item) => !folder(item)).map((item) => item.getAsFile());
        onFiles(files.filter(Boolean), items.some(folder));
    };
}

/** Wires a button to an action. */
export function onClick(id, action) {
    element(id).onclick = action;
}

/** Wires the form that takes a pasted link. `onLink(text)`. */
export function onLinkSubmitted(onLink) {
    element("link-form").onsubmit = (event) => {
        event.preventDefault();
        onLink(element("link-input").value);
    };
}

export function labelButton(id, text) {
    element(id).textContent = text;
}

export function showInsecure() {
    element("insecure").hidden = false;
}
