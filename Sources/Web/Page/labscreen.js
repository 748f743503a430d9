// What a person sees of the lab: who measures, the runs that are under way as pictures, those that are over as a list, and for
// a live view the sliders.

import { LabCard } from "./labcard.js";
import { LabControls } from "./labcontrols.js";
import { palette, scaleFor } from "./labstrip.js";
import { channelName } from "./labwire.js";
import { count, spoken, trafficText } from "./labwords.js";
import { announce } from "./view.js";

const element = (id) => document.getElementById(id);
const figuresMilliseconds = 250;
/** Those who asked for less motion get a picture a second. */
const stillMilliseconds = 1000;
/** So many runs that are over are listed. */
const pastLimit = 200;
/** After a slider has moved, what has come of it is said when it has had time to show. */
const effectMilliseconds = 4000;

function say(id, text) {
    const target = element(id);
    if (target.textContent !== text) target.textContent = text;
    target.hidden = text === "";
}

export class LabScreen {
    #connection;
    #cards = [];
    #controls = null;
    #isLive = false;
    /** Of the runs that are over: how many, and how many of them came to nothing. */
    #pastCount = 0;
    #scale = 0;
    #colours = null;
    #figuresTime = -Infinity;
    #drawTime = -Infinity;
    #effectTimer = null;
    #wasHidden = false;
    #over = false;
    #still = matchMedia("(prefers-reduced-motion: reduce)");

    constructor(connection) {
        this.#connection = connection;
    }

    begin() {
        document.documentElement.dataset.state = "measuring";
        element("card").hidden = true;
        element("lab").hidden = false;
        say("lab-peer", `Measured by ${this.#connection.agent}`);
        this.#title("Connected");
        this.#doing("Waiting for the first run…");
        element("lab-stop").onclick = () => this.#connection.leave();
        for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) {
            matchMedia(query).addEventListener("change", () => (this.#colours = null));
        }
        document.addEventListener("visibilitychange", () => this.#see());
        addEventListener("pagehide", () => this.#connection.tell("cancelled", "The page was closed."));
        announce(`Connected to the lab of ${this.#connection.agent}`);
        this.#see();
        this.#animate();
    }

    /** A run begins. */
    addRun(run) {
        const place = this.#connection.live?.runs.indexOf(run.number) ?? -1;
        if (place >= 0) {
            this.#cards[place]?.show(run);
            return;
        }
        this.#leaveLive();
        // A run that is over leaves its place to the next.
        let card = this.#cards.find((each) => each.run?.isOver);
        if (!card) {
            card = new LabCard(false);
            this.#cards.push(card);
            element("lab-strips").append(card.element);
        }
        card.show(run);
        for (const other of this.#cards.filter((each) => each !== card && each.run?.isOver)) this.#remove(other);
        this.#showRuns();
        announce(`${this.#runName(run)}: ${channelName(run.channel)}`);
    }

    endRun(run) {
        if (this.#isLive || this.#over) return;
        this.#pastCount += 1;
        const { arrived, accepted, isTold } = run.flow;
        const row = document.createElement("li");
        const all = count(Math.max(arrived, accepted));
        const came = run.sends && !isTold ? `${all} sent` : `${count(arrived)} of ${all} arrived`;
        row.value = run.number;
        row.textContent = `${channelName(run.channel)} · ${trafficText(run.traffic)} · ${run.failure || came}`;
        const list = element("lab-past-list");
        list.prepend(row);
        while (list.children.length > pastLimit) list.lastChild.remove();
        element("lab-past").hidden = false;
        element("lab-past-title").textContent = this.#pastCount === 1 ? "One run is over" : `${count(this.#pastCount)} runs are over`;
        this.#showRuns();
    }

    /** The conductor says what is so in its live view. */
    showLive() {
        const { runs, link, traffic } = this.#connection.live;
        if (!this.#isLive) this.#beginLive();
        while (this.#cards.length > runs.length) this.#remove(this.#cards.at(-1));
        while (this.#cards.length < runs.length) {
            const card = new LabCard(true);
            this.#cards.push(card);
            element("lab-strips").append(card.element);
        }
        runs.forEach((number, place) => {
            const run = this.#connection.runs.get(number);
            if (run && this.#cards[place].run !== run) this.#cards[place].show(run);
        });
        this.#controls.show(link, traffic);
    }

    showInterrupted(isInterrupted) {
        this.#notice(isInterrupted ? "The connection was interrupted. Waiting for the other side…" : "");
    }

    /** Nothing more comes; what was measured stays to be looked at. */
    end() {
        this.#over = true;
        clearTimeout(this.#effectTimer);
        for (const card of this.#cards) card.close();
        element("lab-stop").hidden = true;
        element("lab-controls").hidden = true;
        element("card").hidden = false;
    }

    /** Behind the words about the end: where there is nothing to look at, the screen goes. */
    keep() {
        element("lab").hidden = this.#pastCount === 0;
        for (const id of ["lab-head", "lab-strips", "lab-legend"]) element(id).hidden = true;
        this.#notice("");
    }

    // MARK: Runs

    #runName({ number, of }) {
        // What failed is tried once more, with another number.
        return of ? `Run ${count(number)} of ${count(Math.max(of, number))}` : `Run ${count(number)}`;
    }

    #showRuns() {
        const runs = [...this.#connection.runs.values()];
        const names = runs.map((run) => this.#runName(run)).slice(0, 1);
        this.#title(runs.length > 1 ? `${runs.length} runs at once` : names[0] ?? "Waiting for the next run");
        if (runs.length === 0) return;
        const sending = runs.filter(({ sends }) => sends).length;
        const verb = sending === 0 ? "This page receives." : sending === runs.length ? "This page sends." : "This page sends and receives.";
        this.#doing(`${verb} The other side lets the link lose and delay packets, and counts.`);
    }

    #remove(card) {
        card.close();
        card.element.remove();
        this.#cards.splice(this.#cards.indexOf(card), 1);
    }

    // MARK: Live

    #beginLive() {
        this.#isLive = true;
        for (const card of [...this.#cards]) this.#remove(card);
        element("lab").classList.add("live");
        element("lab-controls").hidden = false;
        this.#controls ??= new LabControls(element("lab-knobs"), (link, traffic) => {
            this.#connection.turn(link, traffic);
            clearTimeout(this.#effectTimer);
            this.#effectTimer = setTimeout(() => this.#tellEffect(), effectMilliseconds);
        });
        this.#title("One link, four ways to use it");
        this.#doing("The same messages go over four channels at once, each with a connection of its own. "
            + "Move the sliders and see what the options do.");
    }

    #leaveLive() {
        if (!this.#isLive) return;
        this.#isLive = false;
        for (const card of [...this.#cards]) this.#remove(card);
        element("lab").classList.remove("live");
        element("lab-controls").hidden = true;
    }

    #tellEffect() {
        const shown = this.#cards.filter(({ run }) => run);
        announce(shown.map(({ run, figures }) => spoken(run.channel, figures)).join(" "));
    }

    // MARK: Drawing

    /** Draws as often as the screen does, as long as somebody looks. */
    #animate() {
        if (this.#over) return;
        const now = performance.now();
        const isDue = !this.#still.matches || now - this.#drawTime >= stillMilliseconds;
        if (isDue) this.#draw(now);
        requestAnimationFrame(() => this.#animate());
    }

    #draw(now) {
        this.#drawTime = now;
        this.#colours ??= palette(element("lab"));
        if (now - this.#figuresTime >= figuresMilliseconds) {
            this.#figuresTime = now;
            for (const card of this.#cards) card.showFigures();
            this.#scale = scaleFor(Math.max(...this.#cards.map(({ reach }) => reach), 1), this.#scale);
            const isGuess = this.#cards.some(({ run }) => run && !run.flow.isAbsolute);
            element("lab-guess").hidden = !isGuess;
        }
        for (const card of this.#cards) card.draw(this.#scale, this.#colours);
    }

    /** A page that is not seen is slowed down by its browser. */
    #see() {
        const isHidden = document.visibilityState === "hidden";
        if (isHidden && this.#connection.runs.size > 0) this.#wasHidden = true;
        if (!isHidden && this.#wasHidden) {
            this.#wasHidden = false;
            this.#notice("This page was not in sight for a while. Browsers slow such pages down: what was measured meanwhile "
                + "may be worse than the link.");
        }
    }

    // MARK: Words

    #title(text) {
        const title = element("lab-title");
        if (title.textContent !== text) title.textContent = text;
        document.title = `${text} · Martlet lab`;
    }

    #doing(text) {
        say("lab-doing", text);
    }

    #notice(text) {
        say("lab-notice", text);
    }
}
