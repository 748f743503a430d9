// The page begins: a link or a code leads to a visit, none to a question, or to an invitation of our own.

import { codeWords } from "./code.js";
import { EntranceField } from "./entry.js";
import { Failure } from "./failures.js";
import { Invitation } from "./invitation.js";
import { foreignAddress, knownRoom, parseEntrance, remember, takeEntrance } from "./link.js";
import { looksOffline, readOffer } from "./offline.js";
import * as screens from "./screens.js";
import { TalkGuest } from "./talkguest.js";
import { TalkHost } from "./talkhost.js";
import { TalkStore, keptTalk } from "./talkstore.js";
import * as view from "./view.js";
import { Visit } from "./visit.js";

/** The page as host, where nothing led to another one; else null. */
let invitation = null;

/** Whether the server lets a page make a room. */
async function mayHost() {
    try {
        const response = await fetch("server.json");
        return response.ok && (await response.json()).hosting === true;
    } catch {
        return false;
    }
}

async function submit(text) {
    const elsewhere = foreignAddress(text);
    if (elsewhere) {
        // Another server's rooms: its own page knows the way.
        location.assign(elsewhere);
        return;
    }
    const entrance = parseEntrance(text, await codeWords);
    if (entrance.problem && looksOffline(text)) {
        answer(text);
    } else if (entrance.problem) {
        screens.showFailure(new Failure(entrance.problem, entrance.detail), []);
    } else {
        invitation?.leave();
        remember(text);
        new Visit(entrance, false).begin();
    }
}

/** The person has carried an offer here, from somebody without a server. */
function answer(text) {
    try {
        const offer = readOffer(text);
        invitation?.leave();
        new Visit({ offer }, false).begin();
    } catch (failure) {
        screens.showFailure(failure instanceof Failure ? failure : new Failure("bad-offer"), []);
    }
}

/** Whether a talk of this tab goes on: as its host, where nothing leads elsewhere, or in the room that `entrance` names. */
async function resumeTalk(entrance, reloaded) {
    const kept = keptTalk();
    if (!kept) return false;
    const isHost = kept.side === "host" && entrance.problem === "no-link";
    const room = entrance.room ?? (reloaded ? knownRoom() : null);
    if (!isHost && (kept.side !== "guest" || kept.room !== room)) return false;
    if (await TalkStore.isElsewhere(kept)) screens.showFailure(new Failure("other-tab"), []);
    else if (isHost) new TalkHost(await codeWords, kept).begin();
    else new TalkGuest(entrance, room, kept).begin();
    return true;
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
    } else if (await resumeTalk(entrance, reloaded)) {
        return;
    } else if (entrance.problem === "no-link" && await mayHost()) {
        const words = await codeWords;
        invitation = new Invitation(words);
        invitation.begin();
        view.onClick("chat", () => {
            invitation.leave();
            invitation = new TalkHost(words);
            invitation.begin();
        });
    } else if (entrance.problem) {
        if (entrance.problem !== "damaged-link") view.fillEntrance(text);
        screens.showFailure(new Failure(entrance.problem, entrance.detail), []);
    } else {
        new Visit(entrance, reloaded).begin();
    }
}

start();
