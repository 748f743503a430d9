// How often a code may be tried from here (Docs/Protocols/Rooms.md, "Three looks"). Each exchange in which the other side
// did not show that it knows the words may have been somebody's guess, so that after three of them the code is dead. They
// are counted by number and words, since embedded servers give the same few numbers out again and again; and a page tries
// three times under one number, whatever the words.

import { hex, utf8 } from "./bytes.js";
import { SHA256 } from "./sha256.js";

const storageKey = "martlet.looks";
export const lookLimit = 3;
const hashBytes = 2;
const forgetMilliseconds = 24 * 60 * 60 * 1000;
/** In use where the browser refuses storage. */
let memory = null;
/** Looks of this page, by number. */
const visited = new Map();

/** What a code is kept under: so little of a hash of the words that nobody finds them by it. */
function nameOf({ number, words }) {
    const hash = new SHA256().update(utf8(`martlet looks 1 ${words.join(" ")}`)).digest();
    return `${number} ${hex(hash.subarray(0, hashBytes))}`;
}

/** Looks by code, of this server: `{ [name]: { count, time } }`. */
function load() {
    let looks = memory;
    try {
        looks ??= JSON.parse(localStorage.getItem(storageKey));
    } catch {
        looks = memory = {};
    }
    const now = Date.now();
    const isRecent = ([, look]) => Number.isInteger(look?.count) && Math.abs(now - look.time) < forgetMilliseconds;
    return Object.fromEntries(Object.entries(looks ?? {}).filter(isRecent));
}

function save(looks) {
    try {
        if (!memory) localStorage.setItem(storageKey, JSON.stringify(looks));
        else memory = looks;
    } catch {
        memory = looks;
    }
}

/** How many looks at this code, `{ number, words }`, are left. */
export function looksLeft(code) {
    const taken = Math.max(load()[nameOf(code)]?.count ?? 0, visited.get(code.number) ?? 0);
    return Math.max(0, lookLimit - taken);
}

/** Counts a look, before it is taken: a page that is closed meanwhile has looked. */
export function countLook(code) {
    const looks = load();
    const name = nameOf(code);
    looks[name] = { count: (looks[name]?.count ?? 0) + 1, time: Date.now() };
    save(looks);
    visited.set(code.number, (visited.get(code.number) ?? 0) + 1);
}

/** The other side knew the words: this was no guess. */
export function forgiveLook(code) {
    visited.set(code.number, Math.max(0, (visited.get(code.number) ?? 0) - 1));
    const looks = load();
    const name = nameOf(code);
    if (!looks[name]) return;
    looks[name].count -= 1;
    if (looks[name].count === 0) delete looks[name];
    save(looks);
}
