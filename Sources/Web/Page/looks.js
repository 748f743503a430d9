// How often a code may be tried from here (Docs/Protocols/Rooms.md, "Three looks"). Each exchange in which the other side
// did not show that it knows the words may have been somebody's guess, so that after three of them the code is dead.

const storageKey = "martlet.looks";
export const lookLimit = 3;
const forgetMilliseconds = 24 * 60 * 60 * 1000;
/** In use where the browser refuses storage. */
let memory = null;

/** Looks by number, of this server: `{ [number]: { count, time } }`. */
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

/** How many looks at the code with this number are left. */
export function looksLeft(number) {
    return Math.max(0, lookLimit - (load()[number]?.count ?? 0));
}

/** Counts a look, before it is taken: a page that is closed meanwhile has looked. */
export function countLook(number) {
    const looks = load();
    looks[number] = { count: (looks[number]?.count ?? 0) + 1, time: Date.now() };
    save(looks);
}

/** The other side knew the words: this was no guess. */
export function forgiveLook(number) {
    const looks = load();
    if (!looks[number]) return;
    looks[number].count -= 1;
    if (looks[number].count === 0) delete looks[number];
    save(looks);
}
