// What a host draws for a room of its own (Docs/Protocols/Rooms.md), each value as likely as any other.

const roomAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";
const roomLength = 16;
const secretBytes = 16;
const wordCount = 3;

const random = (array) => crypto.getRandomValues(array);

/** The name of a room. */
export function drawRoom() {
    return Array.from(random(new Uint8Array(roomLength)), (byte) => roomAlphabet[byte % roomAlphabet.length]).join("");
}

/** The secret of a link: 128 bits. */
export function drawSecret() {
    return random(new Uint8Array(secretBytes));
}

/** Three words of the list, drawn by `draw(array)` as crypto.getRandomValues does it. */
export function drawWords(list, draw = random) {
    return Array.from({ length: wordCount }, () => list[drawIndex(list.length, draw)]);
}

/** A number below `count`. What would favour the small ones is drawn again. */
function drawIndex(count, draw) {
    const end = 2 ** 32 - 2 ** 32 % count;
    for (;;) {
        const [number] = draw(new Uint32Array(1));
        if (number < end) return number % count;
    }
}
