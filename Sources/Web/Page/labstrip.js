// One run drawn: each message a dot, by the time at which it was sent and how long it took. What is not here yet climbs; what came
// late behind an earlier one has a colour of its own; what does not come ends as a mark at the top.

import { windowMicroseconds } from "./labflow.js";
import { clock } from "./labwire.js";

/** More dots than that in one picture would say nothing more. */
const dotLimit = 1600;
/** What the picture keeps free above, below, and right of the words of its scale, in pixels; where lines are drawn, as shares of it. */
const top = 10;
const bottom = 3;
const gap = 6;
const lines = [0.5, 1];
/** When all that is seen waits for longer, in microseconds, the picture says so in words. */
const lateMicroseconds = 2_000_000;
/** What is older than the picture is not seen in it. */
const steps = [20, 50, 100, 200, 500, 1000, 2000, 5000, windowMicroseconds / 1000];

/** A time for a person: `0.4 ms`, `41 ms`, `1.2 s`. */
export function shownTime(microseconds) {
    const milliseconds = Math.max(0, microseconds) / 1000;
    if (milliseconds < 9.95) return `${milliseconds.toFixed(1)} ms`;
    if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
    return `${(milliseconds / 1000).toFixed(milliseconds < 9995 ? 1 : 0)} s`;
}

/** The height of all strips, in milliseconds: what nearly all messages stay below; it shrinks only when it is far too large. */
export function scaleFor(largest, before) {
    const wanted = steps.find((step) => step >= largest * 1.15) ?? steps.at(-1);
    return wanted < before && steps.find((step) => step >= largest * 1.3) >= before ? before : wanted;
}

/** Colours as the style sheet has them. */
export function palette(element) {
    const style = getComputedStyle(element);
    const value = (name) => style.getPropertyValue(name).trim();
    return {
        dot: value("--lab-dot"), held: value("--lab-held"), lost: value("--lab-lost"), grid: value("--line"),
        text: value("--quiet"), font: `11px ${style.fontFamily}`,
    };
}

export class LabStrip {
    #canvas;
    #context;
    #width = 0;
    #height = 0;
    /** Where messages begin, right of the words of the scale: nothing lies over either. */
    #left = 0;
    #observer;
    #last = null;

    constructor(canvas) {
        this.#canvas = canvas;
        this.#context = canvas.getContext("2d");
        this.#observer = new ResizeObserver(() => this.#fit());
        this.#observer.observe(canvas);
        this.#fit();
    }

    close() {
        this.#observer.disconnect();
    }

    /** Draws a LabFlow (or nothing, where it is null) as it is at `now`, on a scale of so many milliseconds. */
    draw(flow, scale, colours, now = clock()) {
        this.#last = [flow, scale, colours, now];
        const context = this.#context;
        const [width, height] = [this.#width, this.#height];
        if (width === 0) return;
        context.clearRect(0, 0, width, height);
        this.#drawScale(scale, colours);
        this.#drawGrid(colours);
        if (flow) this.#drawMessages(flow, scale, colours, now);
    }

    #drawMessages(flow, scale, colours, now) {
        const context = this.#context;
        const [width, height] = [this.#width, this.#height];
        const stride = Math.max(1, Math.ceil((flow.end - flow.first) / dotLimit));
        const x = (sent) => width - (now - sent) / windowMicroseconds * (width - this.#left);
        const y = (latency) => height - bottom - latency / 1000 / scale * (height - bottom - top);
        const radius = width < 260 ? 1.4 : 1.7;
        const ways = { dot: new Path2D(), held: new Path2D(), young: new Path2D(), lost: new Path2D() };
        let count = 0;
        let waiting = 0;
        let oldest = 0;
        flow.each(now, (sent, latency, isHeld, isMissing) => {
            count += 1;
            const isYoung = Number.isNaN(latency);
            if (isYoung && !isMissing) {
                waiting += 1;
                oldest = Math.max(oldest, now - sent);
            }
            // Of many, what is out of the ordinary is always drawn.
            if (stride > 1 && count % stride !== 0 && !isMissing && !isHeld) return;
            const place = x(sent);
            const level = y(isYoung ? now - sent : latency);
            if (isMissing) {
                ways.lost.rect(place - 0.75, 0, 1.5, 7);
            } else {
                const way = isYoung ? ways.young : isHeld ? ways.held : ways.dot;
                const shown = Math.max(level, top - 2);
                way.moveTo(place + radius, shown);
                way.arc(place, shown, radius, 0, 2 * Math.PI);
            }
        });
        context.fillStyle = colours.dot;
        context.fill(ways.dot);
        context.fillStyle = colours.held;
        context.fill(ways.held);
        context.fillStyle = colours.lost;
        context.fill(ways.lost);
        context.lineWidth = 0.8;
        context.strokeStyle = colours.text;
        context.stroke(ways.young);
        if (waiting === count && oldest > lateMicroseconds) this.#say("None of these is here yet", colours);
    }

    /** Above what climbs, where nothing is then. */
    #say(words, { text, font }) {
        const context = this.#context;
        context.font = font;
        context.fillStyle = text;
        context.textAlign = "right";
        context.fillText(words, this.#width, this.#level(1) + 16);
    }

    #drawGrid({ grid }) {
        const context = this.#context;
        context.strokeStyle = grid;
        context.lineWidth = 1;
        context.beginPath();
        for (const share of lines) {
            context.moveTo(this.#left, this.#level(share));
            context.lineTo(this.#width, this.#level(share));
        }
        context.stroke();
    }

    /** What the lines mean, left of them. */
    #drawScale(scale, { text, font }) {
        const context = this.#context;
        const words = lines.map((share) => shownTime(scale * share * 1000));
        context.font = font;
        context.fillStyle = text;
        context.textAlign = "right";
        const width = Math.max(...words.map((each) => context.measureText(each).width));
        words.forEach((each, index) => context.fillText(each, width, this.#level(lines[index]) + 4));
        this.#left = Math.ceil(width) + gap;
    }

    #level(share) {
        return Math.round(this.#height - bottom - share * (this.#height - bottom - top)) + 0.5;
    }

    /** The picture is as sharp as the screen; another size clears it. */
    #fit() {
        const { clientWidth, clientHeight } = this.#canvas;
        const ratio = Math.min(3, devicePixelRatio || 1);
        this.#width = clientWidth;
        this.#height = clientHeight;
        this.#canvas.width = Math.round(clientWidth * ratio);
        this.#canvas.height = Math.round(clientHeight * ratio);
        this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
        if (this.#last) this.draw(...this.#last);
    }
}
