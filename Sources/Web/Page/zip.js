// A ZIP archive as a stream (PKWARE APPNOTE 6.3): entries as they are, without compression, sizes and CRC-32 behind
// each, ZIP64 throughout, names in UTF-8. An entry that fails is left out of the directory at the end, so that no program
// unpacks it.

import { concatenate, utf8 } from "./bytes.js";

const table = new Uint32Array(256 * 4);
for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    table[byte] = value;
}
for (let index = 256; index < 1024; index += 1) {
    table[index] = (table[index - 256] >>> 8) ^ table[table[index - 256] & 255];
}

/** CRC-32 (ISO 3309) of what came before (0 at first) and these bytes; four bytes a turn. */
export function crc32(bytes, previous = 0) {
    let crc = ~previous;
    let index = 0;
    for (; index + 4 <= bytes.length; index += 4) {
        crc ^= bytes[index] | (bytes[index + 1] << 8) | (bytes[index + 2] << 16) | (bytes[index + 3] << 24);
        crc = table[768 + (crc & 255)] ^ table[512 + ((crc >>> 8) & 255)]
            ^ table[256 + ((crc >>> 16) & 255)] ^ table[crc >>> 24];
    }
    for (; index < bytes.length; index += 1) crc = (crc >>> 8) ^ table[(crc ^ bytes[index]) & 255];
    return ~crc >>> 0;
}

/** Fields in a row: [value, bytes]…, little-endian. */
function fields(...pairs) {
    const view = new DataView(new ArrayBuffer(pairs.reduce((sum, [, count]) => sum + count, 0)));
    let offset = 0;
    for (const [value, count] of pairs) {
        if (count === 2) view.setUint16(offset, value, true);
        else if (count === 4) view.setUint32(offset, value, true);
        else view.setBigUint64(offset, BigInt(value), true);
        offset += count;
    }
    return new Uint8Array(view.buffer);
}

/** Time and date as MS-DOS counts them, in UTC; years outside 1980 to 2107 become the nearest. */
function dosTime(seconds) {
    const least = Date.UTC(1980, 0, 1) / 1000;
    const most = Date.UTC(2107, 11, 31, 23, 59, 58) / 1000;
    const date = new Date(Math.min(Math.max(seconds ?? least, least), most) * 1000);
    const time = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1);
    return [time, ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate()];
}

/** Bytes of an archive of entries with these `name`s and `size`s. */
export function zipSize(entries) {
    const perEntry = (entry) => {
        const name = utf8(entry.name).length;
        return 30 + name + 20 + entry.size + 24 + 46 + name + 28;
    };
    return entries.reduce((sum, entry) => sum + perEntry(entry), 0) + 56 + 20 + 22;
}

/** Writes one archive: `open`, `data` as often as there are bytes, `close`; at last `end`. Each returns bytes. */
export class ZipWriter {
    #directory = [];
    #directoryCount = 0;
    #offset = 0;
    #entry = null;

    /** The header of an entry: a path with `/`, which ends in one for a folder. `mtime` in seconds or null. */
    open(name, mtime) {
        const encoded = utf8(name);
        const folder = name.endsWith("/");
        this.#entry = { encoded, time: dosTime(mtime), offset: this.#offset, size: 0, crc: 0, folder };
        const [time, date] = this.#entry.time;
        // Version 4.5; flags: sizes follow the data, UTF-8. The extra field says that those are 64 bits wide.
        return this.#passed(concatenate(
            fields([0x04034b50, 4], [45, 2], [0x0808, 2], [0, 2], [time, 2], [date, 2], [0, 4], [0xffffffff, 4],
                [0xffffffff, 4], [encoded.length, 2], [20, 2]),
            encoded, fields([1, 2], [16, 2], [0, 8], [0, 8])));
    }

    data(bytes) {
        this.#entry.crc = crc32(bytes, this.#entry.crc);
        this.#entry.size += bytes.length;
        return this.#passed(bytes);
    }

    /** The end of the entry. */
    close() {
        const { encoded, time: [time, date], offset, size, crc, folder } = this.#entry;
        this.#directoryCount += 1;
        this.#directory.push(concatenate(
            fields([0x02014b50, 4], [0x032d, 2], [45, 2], [0x0808, 2], [0, 2], [time, 2], [date, 2], [crc, 4],
                [0xffffffff, 4], [0xffffffff, 4], [encoded.length, 2], [28, 2], [0, 2], [0, 2], [0, 2],
                [folder ? 0x41ed0010 : 0x81a40000, 4], [0xffffffff, 4]),
            encoded, fields([1, 2], [24, 2], [size, 8], [size, 8], [offset, 8])));
        return this.#passed(fields([0x08074b50, 4], [crc, 4], [size, 8], [size, 8]));
    }

    /** What stands behind the last entry. */
    end() {
        const directory = concatenate(...this.#directory);
        const start = this.#offset;
        const count = this.#directoryCount;
        return concatenate(
            directory,
            fields([0x06064b50, 4], [44, 8], [45, 2], [45, 2], [0, 4], [0, 4], [count, 8], [count, 8],
                [directory.length, 8], [start, 8]),
            fields([0x07064b50, 4], [0, 4], [start + directory.length, 8], [1, 4]),
            fields([0x06054b50, 4], [0, 2], [0, 2], [0xffff, 2], [0xffff, 2], [0xffffffff, 4],
                [0xffffffff, 4], [0, 2]));
    }

    #passed(bytes) {
        this.#offset += bytes.length;
        return bytes;
    }
}
