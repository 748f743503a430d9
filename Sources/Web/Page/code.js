// Codes for people, `7-clock-mango-crust` (Docs/Protocols/Rooms.md): what a person means who types one.

const wordCount = 3;
const proposalLimit = 3;
const separators = /[\s._-]+/u;
const numberPattern = /^[1-9][0-9]{0,5}$/;

/**
 * The words of words.txt in their order, or null where they cannot be had. Fetched while the server is there for
 * certain: it may be gone when somebody has come.
 */
export const allWords = fetchWords().catch(() => null);

/** Those that a code is made of: a hyphen would part a word in two. */
export const codeWords = allWords.then((words) => words?.filter((word) => !word.includes("-")) ?? null);

async function fetchWords() {
    const response = await fetch("words.txt");
    if (!response.ok) throw new Error("no words");
    return (await response.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

/** How far apart two words are, up to `limit`: letters more, less or other, and neighbours exchanged. */
function distance(left, right, limit) {
    if (Math.abs(left.length - right.length) > limit) return limit + 1;
    let before = [];
    let last = Array.from({ length: right.length + 1 }, (_, column) => column);
    for (let row = 1; row <= left.length; row += 1) {
        const line = [row];
        for (let column = 1; column <= right.length; column += 1) {
            const same = left[row - 1] === right[column - 1];
            line[column] = Math.min(last[column] + 1, line[column - 1] + 1, last[column - 1] + (same ? 0 : 1));
            const crossed = row > 1 && column > 1 && left[row - 1] === right[column - 2]
                && left[row - 2] === right[column - 1];
            if (crossed) line[column] = Math.min(line[column], before[column - 2] + 1);
        }
        [before, last] = [last, line];
    }
    return last[right.length];
}

/** `{ word }` of the list that was meant, or `{ proposals }` of what may have been. */
function meant(typed, words) {
    if (words.includes(typed)) return { word: typed };
    const near = words.filter((word) => distance(typed, word, 1) === 1);
    if (near.length === 1) return { word: near[0] };
    if (near.length > 1) return { proposals: near.slice(0, proposalLimit) };
    const start = typed.slice(0, 3);
    const further = words.filter((word) => distance(typed, word, 2) === 2
        || typed.length > 2 && word.startsWith(start));
    return { proposals: further.slice(0, proposalLimit) };
}

function partsOf(text) {
    return text.trim().toLowerCase().split(separators).filter((part) => part !== "");
}

/** Whether a text was meant to be a code rather than a link. */
export function looksLikeCode(text) {
    const parts = partsOf(text);
    return parts.length > 0 && /^[0-9]+$/.test(parts[0])
        || parts.length === wordCount && parts.every((part) => /^[a-z]+$/.test(part));
}

/**
 * What a code names, `{ number, words }`, whatever is forgiven; or `{ problem, detail }`: the code of a Failure, and a
 * sentence about the word in question.
 */
export function parseCode(text, words) {
    const [number, ...typed] = partsOf(text);
    if (!numberPattern.test(number ?? "")) return { problem: "bad-number", detail: "" };
    if (typed.length !== wordCount) {
        const count = typed.length === 1 ? "is one word" : `are ${typed.length === 0 ? "no" : typed.length} words`;
        return { problem: "word-count", detail: `There ${count} behind the number.` };
    }
    const found = typed.map((word) => meant(word, words));
    const wrong = found.findIndex(({ word }) => word === undefined);
    if (wrong < 0) return { number: Number(number), words: found.map(({ word }) => word) };
    const { proposals } = found[wrong];
    const which = ["first", "second", "third"][wrong];
    const perhaps = proposals.length > 0 ? ` Perhaps ${inWords(proposals)}?` : "";
    return { problem: "unknown-word", detail: `The ${which} word is in no code.${perhaps}` };
}

function inWords(proposals) {
    const quoted = proposals.map((word) => `“${word}”`);
    return quoted.length === 1 ? quoted[0] : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}

/** The code as it is written. */
export function codeText({ number, words }) {
    return [number, ...words].join("-");
}

/**
 * How the word that is being typed may go on: `{ begin, choices }`, the text before that word and the words that begin
 * with it; no choices where none is being typed, or it is whole already.
 */
export function completions(text, words, limit) {
    const [, begin, word] = /^(.*?)([^\s._-]*)$/su.exec(text);
    const parts = partsOf(begin);
    const place = parts.length;
    const none = { begin, choices: [] };
    if (word === "" || place < 1 || place > wordCount || !numberPattern.test(parts[0])) return none;
    const choices = words.filter((candidate) => candidate.startsWith(word.toLowerCase()));
    return choices.length === 1 && choices[0] === word ? none : { begin, choices: choices.slice(0, limit) };
}

/** The text in which a word was completed: with the hyphen behind it, if another word follows. */
export function completed(begin, word) {
    return begin + word + (partsOf(begin).length < wordCount ? "-" : "");
}
