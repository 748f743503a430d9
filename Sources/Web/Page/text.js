// What came from the other side and is shown to a person, or becomes a file name, passes through here first.

// Control characters, line separators, everything that turns the direction of writing, and halves of surrogate pairs.
const dangerous = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\p{Cs}/gu;
// Characters without a width, except the two joiners, which emoji and many scripts need.
const invisible = new RegExp(
    "[\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b\\u200e\\u200f"
        + "\\u2060-\\u2065\\u206a-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb\\u{e0000}-\\u{e0fff}]", "gu");
// A joiner is kept behind an emoji, a mark, or a letter of a script that joins its letters.
const looseJoiner = new RegExp(
    "(?<![\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f\\p{M}]"
        + "|(?![\\p{Script=Latin}\\p{Script=Greek}\\p{Script=Cyrillic}])\\p{L})[\\u200c\\u200d]", "gu");

function cleaned(text, replacement) {
    return String(text).replace(dangerous, replacement).replace(invisible, "").replace(looseJoiner, "");
}

/** Cuts the middle out of a long text, so that both the beginning and the ending of a file name stay visible. */
function shortened(text, limit) {
    const characters = Array.from(text);
    if (characters.length <= limit) return text;
    const head = Math.ceil(limit * 0.6);
    return `${characters.slice(0, head).join("")}…${characters.slice(head + 1 - limit).join("")}`;
}

/** A name or path as it may be shown: one line, no tricks with direction or invisible characters, not too long. */
export function shownName(text, limit = 120) {
    return shortened(cleaned(text, "\ufffd"), limit) || "(no name)";
}

/** A sentence from the other side as it may be shown. */
export function shownMessage(text, limit = 300) {
    return shortened(cleaned(String(text).replace(/\s+/gu, " "), "\ufffd").trim(), limit);
}

/** The name under which the browser is asked to save a file; browsers make it fit their system. */
export function savedName(component) {
    const name = cleaned(component, "_").replace(/[/\\]/g, "_").replace(/^[\s.]+|[\s.]+$/gu, "");
    // Most systems hold 255 bytes; some are left for the ".part" and " (1)" of browsers.
    const dot = name.lastIndexOf(".");
    const extension = dot > 0 && name.length - dot <= 16 ? name.slice(dot) : "";
    let stem = Array.from(extension ? name.slice(0, dot) : name);
    const bytes = (text) => new TextEncoder().encode(text).length;
    while (bytes(stem.join("") + extension) > 220) stem = stem.slice(0, -1);
    return stem.join("") + extension || "file";
}

/** `1 B`, `999 kB`, `12.3 MB`, `3.40 GB`: decimal units, three digits. */
export function size(bytes) {
    if (bytes < 1000) return `${bytes} B`;
    const units = ["kB", "MB", "GB", "TB", "PB"];
    let value = bytes;
    let unit = -1;
    do {
        value /= 1000;
        unit += 1;
    } while (value >= 999.5 && unit < units.length - 1);
    return `${value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)} ${units[unit]}`;
}

/** `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds) {
    const whole = Math.max(1, Math.round(seconds));
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60 ? `${whole % 60} s` : ""}`.trim();
    const minutes = Math.round((whole % 3600) / 60);
    return whole < 360000 ? `${Math.floor(whole / 3600)} h ${minutes ? `${minutes} min` : ""}`.trim() : "days";
}

/** `1 file`, `3 files`. */
export function fileCount(count) {
    return count === 1 ? "1 file" : `${count} files`;
}

/** `3 files`, `2 files and 1 text`, `4 items` when there are folders among them. */
export function itemCount(items) {
    const texts = items.filter((item) => item.kind === "text").length;
    const files = items.length - texts;
    if (items.some((item) => item.kind === "folder")) return items.length === 1 ? "1 item" : `${items.length} items`;
    const textCount = texts === 1 ? "1 text" : `${texts} texts`;
    if (texts === 0) return fileCount(files);
    return files === 0 ? textCount : `${fileCount(files)} and ${textCount}`;
}

/** A text for the person as it may be shown: lines stay, what turns or hides writing is marked. */
export function shownText(text) {
    return text.replace(/\r\n?/g, "\n").replace(/[^\n\t]/gu, (character) => character.replace(dangerous, "\ufffd"));
}
