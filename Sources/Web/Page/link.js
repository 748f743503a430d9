// What leads to a room: the link `http://HOST:PORT/#ROOM.SECRET`, or a code in place of what stands behind the `#`.
// Browsers do not send that part to servers, and it leaves the address bar at once, so that it is in no history, bookmark
// or screenshot.

import { fromBase64url, hex } from "./bytes.js";
import { looksLikeCode, parseCode } from "./code.js";

const storageKey = "martlet.link";
const roomKey = "martlet.room";
const sessionKey = "martlet.session";

/**
 * What a fragment (without `#`), a whole link or a code names: `{ room, secret }` of a link, `{ number, words }` of a
 * code, or `{ problem, detail }`, the code of a Failure with a sentence. `words` is the list.
 */
export function parseEntrance(text, words) {
    const fragment = fragmentOf(text);
    if (fragment === "") return { problem: "no-link", detail: "" };
    const match = /^([a-km-np-z2-9]{16})\.([A-Za-z0-9_-]{22})$/.exec(fragment);
    const secret = match && fromBase64url(match[2]);
    if (secret) return { room: match[1], secret };
    if (!looksLikeCode(fragment)) return { problem: "damaged-link", detail: "" };
    return words ? parseCode(fragment, words) : { problem: "unreachable", detail: "" };
}

/** The address of a whole link that leads to another server than this page's; else null. */
export function foreignAddress(text) {
    try {
        const address = new URL(text.trim());
        const isOther = /^https?:$/.test(address.protocol) && address.origin !== location.origin;
        return isOther && address.hash.length > 1 ? address.href : null;
    } catch {
        return null;
    }
}

function fragmentOf(text) {
    const fragment = text.trim().split("#").pop();
    try {
        // Spaces in an address bar become %20.
        return decodeURIComponent(fragment);
    } catch {
        return fragment;
    }
}

/**
 * Takes what leads this tab to a room: from the address bar, which it then clears, or from before the tab was loaded
 * again. Returns `{ text, reloaded }`; `text` is empty when there is none.
 */
export function takeEntrance() {
    const text = location.hash.slice(1);
    if (text) {
        history.replaceState(null, "", location.pathname + location.search);
        remember(text);
        return { text: fragmentOf(text), reloaded: false };
    }
    const known = recall(storageKey) ?? "";
    return { text: known, reloaded: known !== "" };
}

/** Keeps what leads to the room, for this tab only. Where storage is refused the page works, but survives no reload. */
export function remember(text) {
    const fragment = fragmentOf(text);
    // A code says nothing of the room, which another code leads elsewhere.
    if (recall(storageKey) !== fragment) keep(roomKey, null);
    keep(storageKey, fragment);
}

/** Keeps nothing of what led here. */
export function forget() {
    keep(storageKey, null);
    keep(roomKey, null);
}

/** The room to which the code of this tab led before, or null. */
export function knownRoom() {
    return recall(roomKey);
}

/** Keeps the room to which the code of this tab led. */
export function rememberRoom(room) {
    keep(roomKey, room);
}

/**
 * The name by which a sender knows this tab when it comes back to a room: random, the same for all its visits. `recalled`
 * is the name that a tab had, now closed, with whose transfer this one goes on; or null.
 */
export function sessionIdentifier(room, recalled) {
    let id = recalled ?? hex(crypto.getRandomValues(new Uint8Array(16)));
    try {
        const known = JSON.parse(sessionStorage.getItem(sessionKey));
        if (known?.room === room && !recalled) id = known.id;
        sessionStorage.setItem(sessionKey, JSON.stringify({ room, id }));
    } catch {
        // Then a reload is a stranger.
    }
    return id;
}

function keep(key, value) {
    try {
        if (value === null) sessionStorage.removeItem(key);
        else sessionStorage.setItem(key, value);
    } catch {
        // Private modes may refuse; nothing else depends on it.
    }
}

function recall(key) {
    try {
        return sessionStorage.getItem(key);
    } catch {
        return null;
    }
}
