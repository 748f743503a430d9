// One run on the screen: its name, what it does, the picture, a few figures, and a sentence.

import { LabStrip, shownTime } from "./labstrip.js";
import { clock, channelName } from "./labwire.js";
import { count, headline, percent, purpose, sentence, spoken, trafficText } from "./labwords.js";

function node(tag, className, text = "") {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    return made;
}

function set(target, text) {
    if (target.textContent !== text) target.textContent = text;
}

const names = { p50: "Half within", p99: "99 % within", waited: "Waited" };
const failureWords = { connecting: "Connecting…", ready: "Ready. Waiting for the start…" };

export class LabCard {
    element = node("section", "lab-strip");
    run = null;
    figures = null;
    #title = node("h2", "");
    #purpose = node("p", "lab-purpose");
    #big = node("p", "lab-big");
    #value = node("strong", "");
    #unit = node("span", "");
    #canvas = node("canvas", "");
    #strip;
    #values = {};
    #progress = node("progress", "");
    #count = node("p", "lab-count");
    #says = node("p", "lab-says");

    /** `isLive`: one of several that are compared, with no end. */
    constructor(isLive) {
        this.#canvas.setAttribute("role", "img");
        this.#strip = new LabStrip(this.#canvas);
        this.#big.append(this.#value, " ", this.#unit);
        const list = node("dl", "lab-figures");
        for (const [name, label] of Object.entries(names)) {
            this.#values[name] = node("dd", "", "–");
            const pair = node("div", "");
            pair.append(node("dt", "", label), this.#values[name]);
            list.append(pair);
        }
        this.#progress.max = 1;
        this.#progress.setAttribute("aria-label", "Time of the run");
        this.#progress.hidden = isLive;
        this.element.append(this.#title, this.#purpose, this.#big, this.#canvas, this.#progress, list, this.#count, this.#says);
        this.showFigures();
    }

    /** Shows another run. */
    show(run) {
        this.run = run;
        this.figures = null;
        // In two lines, where strips stand side by side.
        const [order, reliability] = channelName(run.channel).split(", ");
        this.#title.replaceChildren(node("span", "", `${order}, `), node("span", "", reliability));
        set(this.#purpose, purpose(run.channel));
        this.element.setAttribute("aria-label", channelName(run.channel));
        this.showFigures();
    }

    /** Draws the picture; the scale is that of all. */
    draw(scale, colours) {
        // A run that is over stands still.
        if (this.run?.isOver) this.#end ??= clock();
        else this.#end = null;
        this.#strip.draw(this.run?.flow ?? null, scale, colours, this.#end ?? clock());
    }

    #end = null;

    /** Counts, and says what has come of it. */
    showFigures() {
        const { run } = this;
        this.figures = run ? run.flow.figures(this.#end ?? clock()) : null;
        const { figures } = this;
        const isKnown = figures !== null && figures.delivered !== null;
        const [value, unit] = headline(run?.channel, figures);
        set(this.#value, value);
        set(this.#unit, unit);
        for (const name of ["p50", "p99"]) set(this.#values[name], figures && figures[name] !== null ? shownTime(figures[name]) : "–");
        set(this.#values.waited, run && !run.channel.ordered ? "never" : figures?.waited ? percent(figures.waited) : isKnown ? "0 %" : "–");
        // A number and its unit stay in one line.
        set(this.#says, this.#sentence.replace(/(\d) /g, "$1\u00a0"));
        if (!run) return;
        const { accepted, arrived, damaged, isTold } = run.flow;
        const all = Math.max(accepted, arrived);
        const came = run.sends && !isTold ? "" : `${count(arrived)} of `;
        set(this.#count, `${came}${count(all)} ${all === 1 ? "message" : "messages"}${came ? "" : " sent"}`
            + `${damaged > 0 ? `, ${count(damaged)} damaged` : ""} · ${trafficText(run.traffic)}`);
        const { milliseconds } = run.traffic;
        const share = run.startTime === null ? 0 : (performance.now() - run.startTime) / (milliseconds ?? Infinity);
        this.#progress.value = run.isOver ? 1 : Math.min(1, share);
        this.#canvas.setAttribute("aria-label", spoken(run.channel, figures));
    }

    /** Of all lately, the latency below which nearly all lie, in milliseconds. */
    get reach() {
        return (this.figures?.p99 ?? 0) / 1000;
    }

    close() {
        this.#strip.close();
    }

    get #sentence() {
        const { run } = this;
        if (!run) return "Waiting for its connection…";
        if (run.failure) return run.failure;
        if (Object.hasOwn(failureWords, run.state)) return failureWords[run.state];
        const { offered, accepted, isTold } = run.flow;
        if (run.sends && !isTold && accepted > 0) return "What arrives, only the other side knows.";
        return sentence(run.channel, this.figures, offered > 20 ? Math.max(0, 1 - accepted / offered) : 0);
    }
}
