// Every way in which a visit can end badly, in words: what happened and what to do next.

const sentences = {
    "no-link": [
        "This page needs a whole link",
        "The part after the # sign is missing. Copy the whole link from the other computer’s terminal and "
            + "paste it here.",
    ],
    "damaged-link": [
        "This link is damaged",
        "Some of its characters are missing or changed. Copy the whole link from the other computer’s "
            + "terminal and paste it here.",
    ],
    "no-webrtc": [
        "This browser cannot connect",
        "WebRTC is missing or switched off here. Switch it on, open the link in another browser, or run "
            + "“martlet receive” with the link in a terminal.",
    ],
    "unreachable": [
        "The server does not answer",
        "Check that martlet is still running on the other computer and that both are on the same network, "
            + "then try again.",
    ],
    "stale": [
        "This link is no longer valid",
        "The program that made it has finished or was stopped. Ask for a new link: every run of martlet makes its own.",
    ],
    "taken": [
        "This link is in use already",
        "It serves one other side at a time, and somebody is connected. If that is you in another tab, close "
            + "that tab and try again here.",
    ],
    "busy": [
        "The server is busy",
        "It has reached its limit of visitors or messages. Wait a minute, then try again.",
    ],
    "cannot-verify": [
        "The other side could not be verified",
        "Either this link is not exactly the one that was made, or somebody on the network is interfering. "
            + "Nothing was transferred. Ask for the link again, over a way that you trust.",
    ],
    "silent": [
        "The other side does not answer",
        "The link is known, but nobody is responding. Look at the other computer’s terminal, then try again.",
    ],
    "left": [
        "The other side has left",
        "It went away before the connection stood. Ask for a new link.",
    ],
    "no-path": [
        "No way through between the two computers",
        "The server can be reached, but no direct connection came about: a firewall or a separated network "
            + "(such as a guest Wi-Fi) may be in between. Put both computers on the same network, then try again.",
    ],
    "gone": [
        "The other side is gone",
        "The connection broke before anything was transferred. Start again on the other computer.",
    ],
    "stalled": [
        "The other side has stopped moving",
        "The connection stands, but nothing has come over it for a minute. Look at the other computer, then try again.",
    ],
    "storage-here": [
        "This browser cannot store any more",
        "What has arrived is kept. Make room on this computer’s disk, then try again: it goes on where it was.",
    ],
    "declined": [
        "The other side said no",
        "The files were declined. Nothing was sent.",
    ],
    "declined-here": [
        "Declined",
        "Nothing was transferred, and the other side was told. You can close this page.",
    ],
    "canceled-here": [
        "You stopped the transfer",
        "Files that are marked as finished are whole; nothing else was kept.",
    ],
    "canceled-there": [
        "The other side stopped the transfer",
        "Files that are marked as finished are whole; nothing else was kept.",
    ],
    "storage-there": [
        "The other computer cannot save the files",
        "Its disk may be full or not writable. Make room there, then start again.",
    ],
    "damaged": [
        "The files arrived damaged",
        "Their checksums do not match what was sent, so nothing was kept. Ask for them to be sent again.",
    ],
    "nothing-kept": [
        "No file could be saved",
        "The reason stands beside each file.",
    ],
    "nothing-sent": [
        "No file could be sent",
        "The reason stands beside each file.",
    ],
    "protocol": [
        "The two programs do not understand each other",
        "The other side said something unexpected. The two may be of different versions: load this page "
            + "again, or update martlet.",
    ],
    "internal": [
        "Something went wrong in this page",
        "Load it again. If it happens again, this message helps whoever looks for the mistake:",
    ],
};

/** Failures after which loading the page again can help. */
const worthRetrying = new Set([
    "unreachable", "taken", "busy", "silent", "no-path", "protocol", "internal", "stalled", "storage-here",
]);

/** An end that a person must be told about. `detail` is a further sentence, already fit to be shown. */
export class Failure extends Error {
    constructor(code, detail = "") {
        const known = code in sentences ? code : "internal";
        super(`${code}${detail ? `: ${detail}` : ""}`);
        this.code = known;
        [this.title, this.text] = sentences[known];
        this.detail = detail;
        this.retry = worthRetrying.has(known);
        /** Whether the other side said that it can go on later. */
        this.resumable = false;
    }
}
