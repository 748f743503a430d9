// The words of each state of the page.

import { codeText } from "./code.js";
import { fileCount, itemCount, size } from "./text.js";
import * as view from "./view.js";

const total = (part) => (part.items.length > 1 ? `${itemCount(part.items)}, ${size(part.totalBytes)}` : "");

/** What the other side offers, perhaps still counting; `picks` tells whether a folder can be chosen. */
export function showOffer(part, plan, peerName, picks) {
    const { items, totalBytes, complete } = part;
    const refused = items.filter((item) => {
        item.note = plan.refusal(item) ?? "";
        return item.note !== "";
    });
    const left = items.length - refused.length;
    const onlyText = items.every((item) => item.kind === "text");
    const way = "For bigger files, open the localhost link on the sending computer’s own browser, "
        + "or run “martlet receive” with this link in a terminal.";
    const others = left === 1 ? "Save the other file" : `Save the other ${left} files`;
    view.labelButton("accept", refused.length > 0 ? others : onlyText ? "Show" : "Save");
    const single = onlyText ? "A text for you" : items[0].kind === "folder" ? "A folder for you" : "A file for you";
    const headline = !complete ? `At least ${itemCount(items)} for you`
        : items.length === 1 ? single : `${itemCount(items)} for you`;
    const limit = refused.length > 0 ? `${plan.limit} ${way}` : plan.limit;
    view.show("offered", headline, {
        explanation: `${peerName} offers this. Nothing is saved before you say so.`,
        notice: limit || (onlyText ? "" : plan.sentence),
        items,
        total: complete ? total(part) : `At least ${itemCount(items)}, ${size(totalBytes)}, still counting…`,
        actions: ["accept", "choose-folder", "decline"].filter((action) => action === "decline"
            || left > 0 && (action === "accept" || picks && !onlyText)),
    });
}

/** What was chosen, as rows of a list. */
export function choiceRows(selection) {
    const counted = ({ sources, complete }) => fileCount(sources.length) + (complete ? "" : " so far");
    return selection.choices.map((choice, index) => ({
        index, name: choice.name, size: choice.sizeBytes, note: choice.problem, state: "waiting",
        detail: choice.isFolder ? counted(choice) : "",
    }));
}

/** What may be sent. `onRemove(index)` takes one out again. */
export function showChoice(outgoing, peerName, onRemove) {
    const { selection, earlier } = outgoing;
    const items = choiceRows(selection);
    const count = selection.count;
    view.labelButton("send", selection.complete ? `Send ${fileCount(count)}` : "Send");
    const again = "This page was loaded again, and browsers then take back the files they gave. Choose the same files "
        + "again, and what has arrived already is not sent twice.";
    const changed = "These are not exactly the files from before, so it begins anew.";
    const earlierNotice = items.length === 0 ? again : selection.complete && !outgoing.isSame ? changed : "";
    view.show("choosing", "Send files", {
        explanation: items.length === 0 ? `${peerName} is ready to receive.` : "",
        notice: earlier ? earlierNotice : "",
        drop: true,
        items,
        onRemove,
        total: count > 1 ? `${fileCount(count)}, ${size(selection.sizeBytes)}` : "",
        actions: items.length > 0 ? ["send"] : [],
    });
}

export function showWaitingForYes(part, peerName) {
    view.show("waiting", "Waiting for a yes", {
        explanation: `${peerName} is asked whether it wants this.`,
        items: part.items,
        total: part.complete ? total(part) : `${fileCount(part.items.length)} so far, still counting…`,
        actions: ["cancel"],
    });
}

export function showMoving(part, notice) {
    const verb = part.role === "receiver" ? "Receiving" : "Sending";
    const what = part.items.length === 1 ? part.items[0].name : itemCount(part.items);
    view.show("moving", `${verb} ${what}`, { meter: true, items: part.items, actions: ["cancel"], notice });
}

export function showInterrupted(share, failure, holdings, tries) {
    const percent = Math.floor(share * 100);
    const headline = share > 0 ? `Interrupted at ${percent}\u00a0%, reconnecting…` : "Interrupted, reconnecting…";
    const why = { stalled: "Nothing has come for a minute.", gone: "The connection broke." }[failure.code]
        ?? (failure.resumable ? `${failure.title}.` : "The other side cannot be reached.");
    const kept = holdings.resumable
        ? "What has arrived is kept, even if you close this page and come back with the same link or code."
        : "Keep this page open: it goes on where it was.";
    view.showPeer("");
    view.show("interrupted", headline, {
        explanation: `${why} ${kept}`,
        notice: tries > 3 ? "It tries again by itself. Check that martlet is running on the other computer, and that "
            + "both are on the network." : "",
        detail: failure.detail,
        actions: ["reconnect", "cancel"],
    });
    view.showShare(share);
}

export function showDone(part, holdings, peerName) {
    const { role, items } = part;
    const received = role === "receiver";
    const kept = items.filter((item) => item.state === "kept");
    const files = kept.filter((item) => item.kind !== "text");
    const bytes = kept.reduce((sum, item) => sum + item.size, 0);
    const failed = items.filter((item) => item.state === "failed");
    const whole = failed.length === 0;
    const onlyText = received && files.length === 0;
    const verb = received ? "saved" : "sent";
    const what = items.length === 1 ? items[0].name : itemCount(kept);
    const done = whole ? `Done: ${what} ${verb}` : `${kept.length} of ${itemCount(items)} ${verb}`;
    view.showPeer(`${received ? "From" : "To"} ${peerName}`);
    const missing = received && holdings.undelivered.length > 0;
    const explanation = [
        received ? placeOf(files, holdings) : `${peerName} has confirmed every byte.`,
        missing ? "" : whole ? "You can close this page." : "The others say below why they failed.",
    ];
    view.show("done", missing ? "Received, but not saved yet" : onlyText && whole ? "Text received" : done, {
        explanation: missing
            ? `Your browser did not take it: ${holdings.undelivered[0].reason} It is still here.`
            : explanation.filter(Boolean).join(" "),
        texts: received ? holdings.texts : [],
        // Those that failed first: a long list is cut.
        items: onlyText && whole ? [] : [...failed, ...items.filter((item) => item.state !== "failed")],
        total: onlyText ? "" : `${size(bytes)}, checksums compared`,
        actions: missing ? ["save-again"] : [],
    });
}

/** The link was used before, here, to the end. */
export function showSavedBefore() {
    view.showPeer("");
    view.show("done", "Saved already", {
        explanation: "What this link brought is in your browser’s downloads folder. You can close this page.",
    });
}

/** Where the files of a finished transfer are, in a sentence; nothing where there are none. */
export function placeOf(files, holdings) {
    if (files.length === 0) return "";
    if (holdings.plan.way === "folder") return `Saved in the folder “${holdings.store.name}”.`;
    if (holdings.plan.archive) return `Everything is in ${holdings.plan.archive}, in your browser’s downloads folder.`;
    return `${files.length === 1 ? "It is" : "They are"} in your browser’s downloads folder.`;
}

/** What has to be carried back to whoever made the offer. */
export function showAnswer(text) {
    view.show("answering", "Carry this answer back", {
        explanation: "Copy it and paste it where the other computer waits for it. Then the two connect by themselves; "
            + "leave this page open.",
        notice: "Carry it over a way that you trust, since whoever can exchange it can stand in between. When the two are "
            + "connected, compare the words that both show.",
        texts: [{ text }],
        actions: ["cancel"],
    });
}

/** The server is away for a moment, and said so. */
export function showServerAway() {
    view.show("connecting", "The server is being started again", {
        explanation: "This takes some seconds. The page goes on by itself.",
        actions: ["reconnect", "cancel"],
    });
}

/** `entrance` is what was tried: a code that may be mistyped is there to be corrected. */
export function showFailure(failure, items, holdings, entrance) {
    if (entrance?.words) view.fillEntrance(failure.corrects ? codeText(entrance) : "");
    view.show("failed", failure.title, {
        explanation: failure.text,
        detail: failure.detail,
        texts: holdings?.texts ?? [],
        items,
        linkForm: failure.asks,
        actions: failure.retry ? ["retry"] : [],
    });
    document.documentElement.dataset.failure = failure.code;
}
