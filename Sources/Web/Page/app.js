// The page begins: a link leads to a visit, no link to a question.

import { Failure } from "./failures.js";
import { parseLink, remember, takeLink } from "./link.js";
import * as view from "./view.js";
import { Visit } from "./visit.js";

function askForLink(code) {
    const { title, text } = new Failure(code);
    view.onLinkSubmitted((pasted) => {
        if (parseLink(pasted)) {
            remember(pasted);
            location.reload();
        } else {
            askForLink("damaged-link");
        }
    });
    view.show("failed", title, { explanation: text, linkForm: true });
    document.documentElement.dataset.failure = code;
}

function start() {
    const { link, reloaded, text } = takeLink();
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
    if (!link) askForLink(text ? "damaged-link" : "no-link");
    else if (typeof RTCPeerConnection === "undefined") {
        const failure = new Failure("no-webrtc");
        view.show("failed", failure.title, { explanation: failure.text });
        document.documentElement.dataset.failure = failure.code;
    } else new Visit(link, reloaded).begin();
}

start();
