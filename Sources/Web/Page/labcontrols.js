// The sliders of a live view: each has stops, so that a key is a step, and says its value in words.

const range = (first, last, step) => Array.from({ length: Math.round((last - first) / step) + 1 }, (_, index) => first + index * step);
const percent = (value) => `${Number((value * 100).toFixed(1))} %`;
const milliseconds = (value) => `${Number(value.toFixed(1))} ms`;
const bytes = (value) => (value >= 1024 ? `${Number((value / 1024).toFixed(1))} KiB` : `${value} B`);
const bits = (value) => (value === Infinity ? "no limit" : value >= 999_500 ? `${Number((value / 1e6).toFixed(1))} Mbit/s`
    : `${Number((value / 1000).toFixed(1))} kbit/s`);
const times = [...range(0, 50, 5), ...range(60, 100, 10), ...range(120, 300, 20), 350, 400, 450, 500, 600, 700, 800, 900, 1000];

/** `part` is the message's member it belongs to; `name` that of the member in it. */
const knobs = [
    { part: "link", name: "loss", label: "Loss", words: percent,
        stops: [...range(0, 10, 0.5), ...range(11, 30, 1), 35, 40, 45, 50, 60, 70, 80, 90, 100].map((value) => value / 100) },
    { part: "link", name: "burst", label: "Burst", words: (value) => `${Number(value.toFixed(1))} ${value === 1 ? "packet" : "packets"}`,
        stops: [1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50] },
    { part: "link", name: "delay", label: "Delay", words: milliseconds, stops: times },
    { part: "link", name: "jitter", label: "Jitter", words: milliseconds, stops: times },
    { part: "link", name: "rate", label: "Bandwidth", words: bits,
        stops: [3e4, 6e4, 1e5, 2e5, 3e5, 5e5, 1e6, 2e6, 3e6, 5e6, 1e7, 2e7, 5e7, 1e8, Infinity] },
    { part: "traffic", name: "rate", label: "Messages", words: (value) => (value === Infinity ? "as fast as possible" : `${Number(value.toFixed(1))}/s`),
        stops: [1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 125, 150, 200, 300, 400, 500] },
    { part: "traffic", name: "bytes", label: "Size", words: bytes,
        stops: [24, 64, 100, 200, 400, 800, 1200, 2048, 4096, 8192, 16384, 32768, 65536] },
];
/** What is moved just now is not moved back by what the conductor says. */
const heldMilliseconds = 1500;
/** Another traffic begins other runs: it waits until the hand rests. */
const restMilliseconds = 350;

/** Where among the stops a value is, or nearly is. */
function nearest(stops, value) {
    let best = 0;
    stops.forEach((stop, index) => {
        if (stop === value || Math.abs(stop - value) < Math.abs(stops[best] - value)) best = index;
    });
    return best;
}

export class LabControls {
    #rows;
    #onTurn;
    #settings = { link: {}, traffic: {} };
    #timer = null;

    /** `onTurn(link, traffic)`: one of the two is null. */
    constructor(place, onTurn) {
        this.#onTurn = onTurn;
        this.#rows = knobs.map((knob, index) => this.#make(knob, index));
        place.replaceChildren(...this.#rows.map(({ row }) => row));
    }

    /** What the conductor says that is so. */
    show(link, traffic) {
        this.#settings = { link: { ...link }, traffic: { ...traffic } };
        const now = performance.now();
        for (const entry of this.#rows) {
            if (now - entry.time < heldMilliseconds) {
                this.#set(entry);
                continue;
            }
            const value = this.#settings[entry.knob.part][entry.knob.name] ?? Infinity;
            const place = nearest(entry.knob.stops, value);
            if (entry.input.valueAsNumber !== place) entry.input.value = place;
            this.#tell(entry, value);
        }
    }

    #make(knob, index) {
        const row = document.createElement("div");
        const label = document.createElement("label");
        const output = document.createElement("output");
        const input = document.createElement("input");
        row.className = `lab-knob ${knob.part}`;
        input.type = "range";
        input.id = `lab-knob-${index}`;
        input.dataset.knob = `${knob.part}-${knob.name}`;
        input.min = 0;
        input.max = knob.stops.length - 1;
        input.step = 1;
        label.htmlFor = input.id;
        label.textContent = knob.label;
        output.htmlFor = input.id;
        row.append(label, output, input);
        const entry = { knob, row, input, output, time: -Infinity };
        input.oninput = () => this.#move(entry);
        return entry;
    }

    #move(entry) {
        const { part } = entry.knob;
        entry.time = performance.now();
        this.#tell(entry, this.#set(entry));
        if (part === "link") {
            this.#onTurn(this.#said("link"), null);
            return;
        }
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#onTurn(null, this.#said("traffic")), restMilliseconds);
    }

    /** What the slider says is what is wanted; returns it. */
    #set({ knob: { part, name, stops }, input }) {
        const value = stops[input.valueAsNumber];
        // A member that is missing is one without limit.
        if (value === Infinity) delete this.#settings[part][name];
        else this.#settings[part][name] = value;
        return value;
    }

    #said(part) {
        return Object.fromEntries(Object.entries(this.#settings[part]).filter(([, value]) => value !== null));
    }

    #tell({ knob, input, output }, value) {
        const words = knob.words(value);
        if (output.textContent === words) return;
        output.textContent = words;
        input.setAttribute("aria-valuetext", words);
    }
}
