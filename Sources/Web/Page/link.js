// The link `http://HOST:PORT/#ROOM.SECRET`. The secret stays in the fragment, which browsers do not send to servers,
// and leaves the address bar at once, so that it is in no history, bookmark or screenshot.

import { fromBase64url, hex } from "./bytes.js";

const storageKey = "martlet.link";
const sessionKey = "martlet.session";

/** What a fragment (without `#`) or a whole pasted link names: `{ room, secret }`, or null if it is no link of ours. */
export function parseLink(text) {
    const fragment = text.trim().split("#").pop();
    const match = /^([a-km-np-z2-9]{16})\.([A-Za-z0-9_-]{22})$/.exec(fragment);
    const secret = match && fromBase64url(match[2]);
    return secret ? { room: match[1], secret } : null;
}

/**
 * Takes the link of this tab: from the address bar, which it then clears, or from before the tab was loaded again.
 * Returns `{ link, reloaded, text }`; `link` is null when there is none or it is damaged, `text` tells which.
 */
export function takeLink() {
    let text = location.hash.slice(1);
    let reloaded = false;
    if (text) {
        history.replaceState(null, "", location.pathname + location.search);
        remember(text);
    } else {
        try {
            text = sessionStorage.getItem(storageKey) ?? "";
        } catch {
            text = "";
        }
        reloaded = text !== "";
    }
    return { link: parseLink(text), reloaded, text };
}

/** Keeps the fragment for this tab only. Where storage is refused the page works, but does not survive a reload. */
export function remember(text) {
    try {
        sessionStorage.setItem(storageKey, text.trim().split("#").pop());
    } catch {
        // Private modes may refuse; nothing else depends on it.
    }
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
