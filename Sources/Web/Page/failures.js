// Every way in which a visit can end badly, in words: what happened and what to do next.

const sentences = {
    "no-link": [
        "Enter the link or the code",
        "The other computer’s terminal shows both: a link to open here, or a code such as 7\u2011clock\u2011mango\u2011crust.",
    ],
    "damaged-link": [
        "This link is damaged",
        "Some of its characters are missing or changed. Copy the whole link from the other computer’s "
            + "terminal and paste it here.",
    ],
    "bad-number": [
        "The number of this code is missing",
        "A code begins with a number, and three words follow: 7\u2011clock\u2011mango\u2011crust.",
    ],
    "word-count": [
        "This code has not three words",
        "A code is a number and three words: 7\u2011clock\u2011mango\u2011crust. It was not tried.",
    ],
    "unknown-word": [
        "A word of this code is not right",
        "It was not tried: correct the word and open it again.",
    ],
    "wrong-words": [
        "These words are not the right ones",
        "Nobody can tell which of them: compare all three, and the number, with what the other computer shows. After "
            + "three wrong tries a code is dead, so that nobody can guess it.",
    ],
    "dead-here": [
        "This code was tried three times",
        "Nothing more is tried under its number from here, since somebody in between may have been guessing. Open the "
            + "link instead; or stop martlet on the other computer, start it again, load this page again, and enter the "
            + "new code.",
    ],
    "dead-there": [
        "The other side says that this code is dead",
        "Wrong words were tried three times, here or by somebody else. Open the link, which still works; or stop "
            + "martlet on the other computer, start it again, and enter the new code here.",
    ],
    "no-code": [
        "The other side says that it has no code",
        "It can be reached by its link only. Ask for the link.",
    ],
    "busy-there": [
        "The other side says that it is busy",
        "It has no room for more who try to connect and have not shown yet that they know the link or code. Wait a "
            + "moment, then try again.",
    ],
    "dropped": [
        "The other side turned this page out",
        "Nothing that shows the right link or code came to it in time. Try again.",
    ],
    "version": [
        "The other side says that it is of another version",
        "The two cannot connect. Update martlet on the other computer, or load this page again.",
    ],
    "stale-code": [
        "Nobody waits under this number",
        "Compare the number with what the other computer shows. If it is right, the program there has finished or was "
            + "stopped: every run of martlet makes a new code.",
    ],
    "bad-offer": [
        "This is no offer",
        "It describes nothing that this page can connect to. Copy the whole text that “martlet send --offline” shows.",
    ],
    "cut-offer": [
        "This offer is cut off",
        "Its end is missing. Copy the whole text that the other computer shows.",
    ],
    "damaged-offer": [
        "This offer is damaged",
        "Some of its characters were lost or changed on the way. Copy the whole text again.",
    ],
    "unknown-offer": [
        "This offer is of another version",
        "This page does not understand it. Take the page of the same version of martlet.",
    ],
    "answer-for-offer": [
        "This is an answer, not an offer",
        "It belongs to the computer that made the offer. Paste the offer here.",
    ],
    "expired-offer": [
        "This offer has expired",
        "Nobody waits behind it any more. Run the command on the other computer again, and paste its new offer here.",
    ],
    "no-words": [
        "The words to compare cannot be shown",
        "This page could not load its list of words, and without a server nothing else protects a transfer. Load the page "
            + "again while the server that it comes from is running, and paste the offer again.",
    ],
    "gone-offline": [
        "The connection broke",
        "It can go on: run the same command on the other computer again, and paste its new offer here.",
    ],
    "another-room": [
        "This number leads elsewhere now",
        "The program that the transfer began with is not there any more. Nothing of the transfer went anywhere else. "
            + "Ask for a new code.",
    ],
    "restarting": [
        "The server was started again",
        "It is still not ready, or does not know the other computer any more. Wait a minute, then try again.",
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
        "Somebody is connected already",
        "This link or code serves one other side at a time, and somebody is connected. If that is you in another tab, close "
            + "that tab and try again here.",
    ],
    "busy": [
        "The server is busy",
        "It has reached its limit of visitors or messages. Wait a minute, then try again.",
    ],
    "cannot-verify": [
        "The other side could not be verified",
        "Either this link is not exactly the one that was made, or somebody on the network is interfering. "
            + "Nothing was transferred. Ask for a new link or code, over a way that you trust.",
    ],
    "silent": [
        "The other side does not answer",
        "The link or code is known, but nobody is responding. Look at the other computer’s terminal, then try again.",
    ],
    "left": [
        "The other side has left",
        "It went away before the connection stood. Ask for a new link or code.",
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
    "not-a-chat": [
        "This link is for files",
        "A talk led here before, and now there is none. Load the page again to see what is offered.",
    ],
    "talk-over": [
        "The talk is over",
        "The other side has left.",
    ],
    "lab-over": [
        "The lab is over",
        "Whoever measured has what they wanted to know, and has closed it. You can close this page.",
    ],
    "lab-lost": [
        "The connection was lost",
        "It ended in the middle of a run. If the lab goes on there, try again.",
    ],
    "lab-stopped": [
        "You stopped the lab",
        "The other side was told. You can close this page.",
    ],
    "lab-stopped-there": [
        "The other side stopped the lab",
        "You can close this page.",
    ],
    "lab-failed-there": [
        "The other side could not go on",
        "What it says about it:",
    ],
    "other-tab": [
        "This talk goes on in another tab",
        "Close that tab, or talk on there: two tabs cannot be the same person.",
    ],
    "full-talk": [
        "This talk is full",
        "As many people as it is for are there already, or are awaited back. Whoever made it can say for how many it is.",
    ],
    "internal": [
        "Something went wrong in this page",
        "Load it again. If it happens again, this message helps whoever looks for the mistake:",
    ],
};

/** Failures after which loading the page again can help. */
const worthRetrying = new Set([
    "unreachable", "taken", "busy", "silent", "no-path", "protocol", "internal", "stalled", "storage-here", "restarting",
    "busy-there", "dropped", "no-words", "not-a-chat", "other-tab", "full-talk", "lab-lost",
]);
/** Failures after which another link or code is asked for; and those where the same code may only be mistyped. */
const worthAsking = new Set([
    "no-link", "damaged-link", "bad-number", "word-count", "unknown-word", "wrong-words", "dead-here", "dead-there",
    "no-code", "stale", "stale-code", "another-room", "bad-offer", "cut-offer", "damaged-offer", "unknown-offer",
    "answer-for-offer", "expired-offer", "gone-offline",
]);
const worthCorrecting = new Set(["wrong-words", "stale-code"]);

/** An end that a person must be told about. `detail` is a further sentence, already fit to be shown. */
export class Failure extends Error {
    constructor(code, detail = "") {
        const known = code in sentences ? code : "internal";
        super(`${code}${detail ? `: ${detail}` : ""}`);
        this.code = known;
        [this.title, this.text] = sentences[known];
        this.detail = detail;
        this.retry = worthRetrying.has(known);
        this.asks = worthAsking.has(known);
        this.corrects = worthCorrecting.has(known);
        /** Whether a tab that is loaded again must not try the same. */
        this.forgets = this.asks && known !== "stale" && known !== "stale-code";
        /** Whether the other side said that it can go on later. */
        this.resumable = false;
        /** Whether another connection may go better, in a talk. */
        this.isPassing = false;
    }
}
