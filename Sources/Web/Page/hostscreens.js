// The words of the page as host: choosing, waiting, interrupted.

import { base64url } from "./bytes.js";
import { codeText } from "./code.js";
import { choiceRows } from "./screens.js";
import { fileCount, size } from "./text.js";
import * as view from "./view.js";

const troubles = {
    unreachable: "The server does not answer.",
    restarting: "The server is being started again.",
    busy: "The server is busy.",
    expired: "The server has closed the room, since nobody came for two hours.",
};

/** What may be sent; nothing yet, and then a link or a code may be entered instead. `onRemove(index)` takes one out. */
export function showChoice(selection, onRemove) {
    const items = choiceRows(selection);
    if (items.length === 0) {
        view.show("beginning", "Send, receive or talk", {
            explanation: "To send, choose files here. To receive, or to join a talk, enter the link or the code that the "
                + "other side shows.",
            drop: true,
            linkForm: true,
            actions: ["chat"],
        });
        return;
    }
    const { count } = selection;
    view.labelButton("send", selection.complete ? `Send ${fileCount(count)}` : "Send");
    view.show("choosing", "Send files", {
        explanation: "Next you get a code and a link for the person who is to have them. They stay on this computer "
            + "until that person is there.",
        drop: true,
        items,
        onRemove,
        total: count > 1 ? `${fileCount(count)}, ${size(selection.sizeBytes)}` : "",
        actions: ["send"],
    });
}

function linkOf({ place }) {
    return `${location.origin}/#${place.name}.${base64url(place.secret)}`;
}

/** Whoever is on another computer cannot use an address that means “this computer”. */
const isOnlyHere = /^(?:localhost|127\..*|\[::1\])$/.test(location.hostname);

function partsOf({ link: room, code: codeRoom, trouble, news }, verb = "receive") {
    const isDead = codeRoom.looksLeft === 0;
    const hasCode = codeRoom.number !== null;
    const code = hasCode ? codeText({ number: codeRoom.number, words: codeRoom.place.words }) : "";
    const wrong = {
        2: "Somebody entered wrong words. Two more wrong tries, and this code is dead.",
        1: "Somebody entered wrong words again. One more wrong try, and this code is dead.",
    }[codeRoom.looksLeft] ?? "";
    const spent = "The server changes the number of this code again and again, so it is not used any more: that helps "
        + "nobody but who is guessing. The link still works.";
    const guessed = "Wrong words were entered three times, so this code is dead: somebody may have been guessing. "
        + "The link still works.";
    const dead = codeRoom.isSpent ? spent : guessed;
    const away = trouble
        ? `${troubles[trouble]} Nobody new can come until it is back; this page tries again by itself.`
        : "";
    const here = isOnlyHere ? "This address works on this computer only. For others, open this page at the address "
        + "that this computer has on the network." : "";
    const link = linkOf(room);
    const lead = isDead || !hasCode ? `martlet ${verb} ${link}` : `martlet ${verb} ${code} --server ${location.origin}`;
    return {
        notice: [away, isDead ? dead : wrong, news, here].filter(Boolean).join(" "),
        invitation: { code, isDead, link, command: lead },
        actions: [...(isDead ? ["new-code"] : []), ...(trouble ? ["reconnect"] : [])],
    };
}

/** Waiting for whoever comes. `rooms` are those of `HostRooms`. */
export function showInvitation(rooms, selection) {
    const { notice, invitation: shown, actions } = partsOf(rooms);
    const items = choiceRows(selection);
    const wasMade = rooms.link.isOpen || shown.code !== "";
    if (!wasMade) {
        view.show("connecting", "Asking for a code…", { notice, actions: [...actions, "cancel"] });
        return;
    }
    const byCode = shown.code && !shown.isDead ? `enters the code at ${location.host}, or ` : "";
    view.show("hosting", "Waiting for somebody", {
        explanation: `The other side ${byCode}opens the link, or runs the command in a terminal. Keep this page open.`,
        notice,
        invitation: shown,
        items,
        total: items.length > 1 ? `${fileCount(selection.count)}, ${size(selection.sizeBytes)}` : "",
        actions: [...actions, "cancel"],
    });
}

/** The receiver was lost after its yes, and finds the way back by the same link or code. */
export function showInterrupted(rooms, peerName, share) {
    const { notice, invitation: shown, actions } = partsOf(rooms);
    const percent = Math.floor(share * 100);
    view.show("interrupted", share > 0 ? `Interrupted at ${percent}\u00a0%, waiting…` : "Interrupted, waiting…", {
        explanation: `The connection broke. ${peerName} can come back by the same link or code, and it goes on where `
            + "it was. Keep this page open.",
        notice,
        invitation: shown,
        actions: [...actions, "release", "cancel"],
    });
    view.showShare(share);
}

/** Waiting for somebody to talk with; `isTalking`: among others who are there already. */
export function showTalkInvitation(rooms, isTalking) {
    const { notice, invitation: shown, actions } = partsOf(rooms, "chat");
    const wasMade = rooms.link.isOpen || shown.code !== "";
    const byCode = shown.code && !shown.isDead ? `enters the code at ${location.host}, or ` : "";
    const state = isTalking ? "talking" : wasMade ? "hosting" : "connecting";
    view.show(state, !wasMade ? "Asking for a code…" : isTalking ? "Invite somebody" : "Waiting for somebody", {
        explanation: wasMade ? `Whoever is to talk with you ${byCode}opens the link, or runs the command in a terminal. `
            + "Keep this page open." : "",
        notice,
        invitation: wasMade ? shown : null,
        actions: isTalking ? actions : [...actions, "cancel"],
    });
}
