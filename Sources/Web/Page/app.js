// The page begins: a link or a code leads to a visit, none to a question.

import { codeWords } from "./code.js";
import { EntranceField } from "./entry.js";
import { Failure } from "./failures.js";
import { foreignAddress, parseEntrance, remember, takeEntrance } from "./link.js";
import * as screens from "./screens.js";
import * as view from "./view.js";
import { Visit } from "./visit.js";

async function submit(text) {
    const elsewhere = foreignAddress(text);
    if (elsewhere) {
        // Another server's rooms: its own page knows the way.
        location.assign(elsewhere);
        return;
    }
    const entrance = parseEntrance(text, await codeWords);
    if (entrance.problem) {
        screens.showFailure(new Failure(entrance.problem, entrance.detail), []);
    } else {
        remember(text);
        new Visit(entrance, false).begin();
    }
}

async function start() {
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
    const { text, reloaded } = takeEntrance();
    new EntranceField(document, codeWords, submit);
    const entrance = parseEntrance(text, await codeWords);
    if (typeof RTCPeerConnection === "undefined") {
        screens.showFailure(new Failure("no-webrtc"), []);
    } else if (entrance.problem) {
        if (entrance.problem !== "damaged-link") view.fillEntrance(text);
        screens.showFailure(new Failure(entrance.problem, entrance.detail), []);
    } else {
        new Visit(entrance, reloaded).begin();
    }
}

start();
