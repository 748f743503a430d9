// SHA-256 (FIPS 180-4) in plain JavaScript. WebCrypto cannot hash a stream piece by piece, and a page that came from
// http://192.168.x.y has no WebCrypto at all.

const constants = new Int32Array(64);
const initialState = new Int32Array(8);
const schedule = new Int32Array(64);

// The constants are the first 32 bits of the fractional parts of the cube and square roots of the first primes
// (FIPS 180-4 sections 4.2.2 and 5.3.3). Exact in double precision: 53 bits hold the whole part and 32 bits more.
{
    let found = 0;
    for (let candidate = 2; found < 64; candidate += 1) {
        let prime = true;
        for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) prime &&= candidate % divisor !== 0;
        if (!prime) continue;
        const fraction = (root) => ((root - Math.floor(root)) * 4294967296) | 0;
        if (found < 8) initialState[found] = fraction(Math.sqrt(candidate));
        constants[found] = fraction(Math.cbrt(candidate));
        found += 1;
    }
}

/** Runs the compression function over `count` whole blocks of 64 bytes at `offset`. */
function compress(state, view, offset, count) {
    const w = schedule;
    const k = constants;
    let s0 = state[0], s1 = state[1], s2 = state[2], s3 = state[3];
    let s4 = state[4], s5 = state[5], s6 = state[6], s7 = state[7];
    for (let block = 0; block < count; block += 1, offset += 64) {
        for (let t = 0; t < 16; t += 1) w[t] = view.getInt32(offset + 4 * t);
        for (let t = 16; t < 64; t += 1) {
            const x = w[t - 15], y = w[t - 2];
            const sigma0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
            const sigma1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
            w[t] = (w[t - 16] + sigma0 + w[t - 7] + sigma1) | 0;
        }
        let a = s0, b = s1, c = s2, d = s3, e = s4, f = s5, g = s6, h = s7;
        // Four rounds a turn: the variables change their roles instead of their values.
        for (let t = 0; t < 64; t += 4) {
            h = (h + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7)))
                + (g ^ (e & (f ^ g))) + k[t] + w[t]) | 0;
            d = (d + h) | 0;
            h = (h + (((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10)))
                + ((a & b) | (c & (a | b)))) | 0;

            g = (g + (((d >>> 6) | (d << 26)) ^ ((d >>> 11) | (d << 21)) ^ ((d >>> 25) | (d << 7)))
                + (f ^ (d & (e ^ f))) + k[t + 1] + w[t + 1]) | 0;
            c = (c + g) | 0;
            g = (g + (((h >>> 2) | (h << 30)) ^ ((h >>> 13) | (h << 19)) ^ ((h >>> 22) | (h << 10)))
                + ((h & a) | (b & (h | a)))) | 0;

            f = (f + (((c >>> 6) | (c << 26)) ^ ((c >>> 11) | (c << 21)) ^ ((c >>> 25) | (c << 7)))
                + (e ^ (c & (d ^ e))) + k[t + 2] + w[t + 2]) | 0;
            b = (b + f) | 0;
            f = (f + (((g >>> 2) | (g << 30)) ^ ((g >>> 13) | (g << 19)) ^ ((g >>> 22) | (g << 10)))
                + ((g & h) | (a & (g | h)))) | 0;

            e = (e + (((b >>> 6) | (b << 26)) ^ ((b >>> 11) | (b << 21)) ^ ((b >>> 25) | (b << 7)))
                + (d ^ (b & (c ^ d))) + k[t + 3] + w[t + 3]) | 0;
            a = (a + e) | 0;
            e = (e + (((f >>> 2) | (f << 30)) ^ ((f >>> 13) | (f << 19)) ^ ((f >>> 22) | (f << 10)))
                + ((f & g) | (h & (f | g)))) | 0;

            const h4 = e, g4 = f, f4 = g, e4 = h;
            h = d; g = c; f = b; e = a;
            a = h4; b = g4; c = f4; d = e4;
        }
        s0 = (s0 + a) | 0; s1 = (s1 + b) | 0; s2 = (s2 + c) | 0; s3 = (s3 + d) | 0;
        s4 = (s4 + e) | 0; s5 = (s5 + f) | 0; s6 = (s6 + g) | 0; s7 = (s7 + h) | 0;
    }
    state[0] = s0; state[1] = s1; state[2] = s2; state[3] = s3;
    state[4] = s4; state[5] = s5; state[6] = s6; state[7] = s7;
}

/** An incremental SHA-256: `update` as often as there are bytes, then `digest` once. */
export class SHA256 {
    #state = initialState.slice();
    #tail = new Uint8Array(64);
    #tailView = new DataView(this.#tail.buffer);
    #tailCount = 0;
    #total = 0;

    /** Appends bytes of any count. Returns itself. */
    update(bytes) {
        let offset = 0;
        this.#total += bytes.length;
        if (this.#tailCount > 0) {
            offset = Math.min(64 - this.#tailCount, bytes.length);
            this.#tail.set(bytes.subarray(0, offset), this.#tailCount);
            this.#tailCount += offset;
            if (this.#tailCount < 64) return this;
            compress(this.#state, this.#tailView, 0, 1);
            this.#tailCount = 0;
        }
        const blocks = (bytes.length - offset) >> 6;
        if (blocks > 0) {
            compress(this.#state, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset, blocks);
            offset += blocks * 64;
        }
        this.#tail.set(bytes.subarray(offset));
        this.#tailCount = bytes.length - offset;
        return this;
    }

    /** The 32 bytes of the digest. The object must not be used afterwards. */
    digest() {
        const end = this.#tailCount < 56 ? 64 : 128;
        const padding = new Uint8Array(end);
        padding.set(this.#tail.subarray(0, this.#tailCount));
        padding[this.#tailCount] = 0x80;
        const view = new DataView(padding.buffer);
        view.setUint32(end - 8, Math.floor(this.#total / 0x20000000));
        view.setUint32(end - 4, (this.#total * 8) >>> 0);
        compress(this.#state, view, 0, end / 64);
        const result = new DataView(new ArrayBuffer(32));
        this.#state.forEach((word, index) => result.setInt32(4 * index, word));
        return new Uint8Array(result.buffer);
    }
}

/** HMAC with SHA-256 (RFC 2104). */
export function hmac(key, message) {
    const block = new Uint8Array(64);
    block.set(key.length > 64 ? new SHA256().update(key).digest() : key);
    const inner = new SHA256().update(block.map((byte) => byte ^ 0x36)).update(message).digest();
    return new SHA256().update(block.map((byte) => byte ^ 0x5c)).update(inner).digest();
}
