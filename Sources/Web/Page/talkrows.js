// One message of a talk as a row of the screen.

import { Talk } from "./talk.js";

/** So long two messages of one person stand under one name. */
const togetherMilliseconds = 120000;
/** A text of more lines, or characters, gets a place of its own to scroll in. */
const lineLimit = 30;
const lengthLimit = 4000;
/** A text of nothing but addresses would be a thousand buttons. */
const linkLimit = 50;
const addresses = /\bhttps?:\/\/[^\s<>"\ufffd]+/g;
const ticks = {
    waiting: ["…", "not sent yet"], sent: ["✓", "sent"], delivered: ["✓✓", "delivered"], missed: ["✕", "not delivered"],
};
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

function part(kind, name, text = "") {
    const node = document.createElement(kind);
    node.className = name;
    node.textContent = text;
    return node;
}

function timeOf({ time }) {
    const node = part("time", "talk-time", clock.format(time));
    node.dateTime = new Date(time).toISOString();
    return node;
}

/** `before` is the message above it, if there is one; `onLink(address)` when a person wants to follow a link. */
export function messageRow(message, before, onLink) {
    const { kind, name, text } = message;
    const row = part("div", `talk-row ${kind}`);
    if (kind === "notice") {
        const sentence = part("bdi", "talk-notice", text);
        row.append(timeOf(message), " ", sentence);
        return row;
    }
    const isSame = before?.kind === kind && before.by === message.by && before.name === name;
    if (isSame && message.time - before.time < togetherMilliseconds) row.classList.add("follows");
    const head = part("p", "talk-by");
    head.append(part("bdi", "talk-name", name), " ", timeOf(message));
    const body = part("div", "talk-text");
    body.dir = "auto";
    body.append(...withLinks(text, onLink));
    if (text.length > lengthLimit || text.split("\n", lineLimit + 1).length > lineLimit) {
        body.classList.add("long");
        body.tabIndex = 0;
    }
    row.append(head, body);
    if (kind === "said") {
        row.append(part("span", "talk-ticks"));
        refreshRow(row, message);
    }
    return row;
}

/** How far a message of ours has got. */
export function refreshRow(row, message) {
    const mark = row.querySelector(".talk-ticks");
    if (!mark) return;
    const state = Talk.stateOf(message);
    const [sign, meaning] = ticks[state];
    const { got, to, missed } = message;
    const isPart = to > 1 && (got > 0 && got < to || missed > 0);
    const label = isPart ? `delivered to ${got} of ${to}` : meaning;
    if (mark.getAttribute("aria-label") === label && row.dataset.state === state) return;
    row.dataset.state = state;
    mark.textContent = isPart ? `${sign} ${got}/${to}` : sign;
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", label);
    mark.title = label;
}

/** Without the punctuation behind it; looked for from the end, for there may be ten thousand marks inside. */
function withoutMarks(address) {
    let end = address.length;
    while (`.,;:!?'")]}`.includes(address[end - 1])) end -= 1;
    return address.slice(0, end);
}

/** What looks like an address becomes a button: nothing is opened, or fetched, before a person says so. */
function withLinks(text, onLink) {
    const nodes = [];
    let end = 0;
    for (const match of text.matchAll(addresses)) {
        if (nodes.length >= 2 * linkLimit) break;
        const found = withoutMarks(match[0]);
        const address = parsed(found);
        if (!address) continue;
        nodes.push(text.slice(end, match.index));
        nodes.push(link(found, () => onLink(address)));
        end = match.index + found.length;
    }
    nodes.push(text.slice(end));
    return nodes.filter((node) => node !== "");
}

/** A button that is broken over lines like the text around it, which a real one is not. */
function link(text, onPress) {
    const node = part("span", "talk-link", text);
    node.setAttribute("role", "button");
    node.tabIndex = 0;
    node.onclick = onPress;
    node.onkeydown = (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        onPress();
    };
    return node;
}

/** The whole address as a browser reads it (foreign letters of hosts as they really are), or null. */
function parsed(text) {
    try {
        const address = new URL(text);
        return /^https?:$/.test(address.protocol) ? address.href : null;
    } catch {
        return null;
    }
}
