// One WebRTC connection with the two channels of a transfer (Docs/Protocols/Transfer.md), and those that a talk announces
// besides; a host offers, a guest answers.

import { equalInConstantTime, utf8 } from "./bytes.js";
import { Failure } from "./failures.js";
import { SHA256 } from "./sha256.js";
import { certificateOf } from "./words.js";

/** So much waits in the queue of a channel, in bytes: no more is put in, and then until so little is left. */
export const highWaterBytes = 2 * 1024 * 1024;
export const lowWaterBytes = 512 * 1024;
/** A STUN server that does not answer holds nobody up for longer. */
const gatherMilliseconds = 10000;
/** Channels, and characters on each, that wait for somebody who takes them. */
const announcedLimit = 8;
const earlyLength = 65536;
const stunLimit = 4;
const stunBytes = 260;

/**
 * Of the servers that a rendezvous names, those that are asked: any of them sees our public address, and one that relays
 * (TURN) would see the other side's too.
 */
export function usableServers(iceServers) {
    if (!Array.isArray(iceServers)) return [];
    const isUsable = (url) => typeof url === "string" && url.startsWith("stun:") && utf8(url).length <= stunBytes;
    const urls = iceServers.flatMap((server) => server?.urls ?? []).filter(isUsable).slice(0, stunLimit);
    return urls.length > 0 ? [{ urls }] : [];
}

/**
 * Callbacks: `onCandidate(init)`, `onOpen()` when the channels are open, `onText(string)`, `onFrame(Uint8Array)`,
 * `onMisplaced()` for a message on the wrong channel, `onInterrupted(boolean)` when packets stop and start coming,
 * `onLost(opened)` once, when the connection is over.
 */
export class Peer {
    #connection;
    #control;
    #data;
    #callbacks;
    #candidates = [];
    #described = false;
    #gathered = false;
    #mid = "0";
    #certificate = null;
    #waiter = null;
    /** Channels that the other side has announced: who takes them, and those that came before anybody did. */
    #onChannel = null;
    #announced = [];
    #opened = false;
    #over = false;

    /**
     * `iceServers` are those that somebody names; `patient`: the path is tried again as long as there was no connection,
     * so that a failure before is none.
     */
    constructor(iceServers, callbacks, patient = false) {
        this.#callbacks = callbacks;
        const connection = new RTCPeerConnection({ iceServers: usableServers(iceServers) });
        this.#connection = connection;
        // Negotiated channels must exist before an offer is made or applied: the descriptions are then complete at once.
        this.#control = this.#channel("martlet-control", 0);
        this.#data = this.#channel("martlet-data", 2);
        connection.onicecandidate = ({ candidate }) => {
            this.#mid = candidate?.sdpMid ?? this.#mid;
            // The end comes as an empty candidate, as null, or as both.
            if (this.#gathered) return;
            this.#gathered = !candidate?.candidate;
            callbacks.onCandidate({ candidate: candidate?.candidate ?? "", mid: this.#mid });
        };
        connection.ondatachannel = ({ channel }) => this.#handleAnnounced(channel);
        connection.onconnectionstatechange = () => {
            const state = connection.connectionState;
            if (state === "failed" && patient && !this.#opened) return;
            if (state === "failed" || state === "closed") this.#lose();
            else if (this.#opened && !this.#over) callbacks.onInterrupted(state === "disconnected");
        };
    }

    /** Whether packets have stopped coming. */
    get interrupted() {
        return this.#connection.connectionState === "disconnected";
    }

    /** Whether nothing more can be sent or announced. */
    get isOver() {
        return this.#over;
    }

    /** The largest message that the other side takes, in bytes. */
    get maxMessageSizeBytes() {
        return this.#connection.sctp?.maxMessageSize || 65536;
    }

    /**
     * SHA-256 of both sides' certificates, `{ local, remote }`: ours, and the one that the handshake of DTLS has shown.
     * Null while there is none.
     */
    get certificates() {
        const transport = this.#connection.sctp?.transport;
        let remote = null;
        if (transport?.getRemoteCertificates) {
            // Where it could tell and does not, nothing is known of this connection.
            const [shown] = transport.getRemoteCertificates();
            remote = shown?.byteLength > 0 ? new SHA256().update(new Uint8Array(shown)).digest() : null;
        } else {
            // A browser that cannot tell lets no certificate connect but the one of the description.
            remote = certificateOf(this.#connection.currentRemoteDescription?.sdp);
        }
        return this.#certificate && remote ? { local: this.#certificate, remote } : null;
    }

    /**
     * How packets go now: `{ isRelayed, isLocal, milliseconds }`, where both are on one network and how long there and
     * back takes (null if the browser does not say); null where it does not tell.
     */
    async path() {
        const stats = new Map();
        (await this.#connection.getStats()).forEach((entry) => stats.set(entry.id, entry));
        const all = [...stats.values()];
        const chosen = all.find(({ type }) => type === "transport")?.selectedCandidatePairId;
        const pair = stats.get(chosen) ?? all.find(({ type, selected, nominated, state }) => type === "candidate-pair"
            && (selected || nominated && state === "succeeded"));
        const ends = [stats.get(pair?.localCandidateId), stats.get(pair?.remoteCandidateId)];
        if (!ends[0] || !ends[1]) return null;
        const { currentRoundTripTime: seconds } = pair;
        return {
            isRelayed: ends.some(({ candidateType }) => candidateType === "relay"),
            isLocal: ends.every(({ candidateType }) => candidateType === "host"),
            milliseconds: typeof seconds === "number" ? Math.round(seconds * 1000) : null,
        };
    }

    /** SHA-256 of the certificate that this side will show, before any description is applied. */
    async certificate() {
        // An offer that is never applied names the certificate that the connection was made with.
        const { sdp } = await this.#connection.createOffer();
        this.#certificate = certificateOf(sdp);
        if (!this.#certificate) throw new Failure("no-webrtc");
        return this.#certificate;
    }

    /**
     * Applies the offer, in which nothing but `certificate` may be named, and returns the text of the answer; candidates
     * follow by callback.
     */
    async answer(offer, certificate) {
        await this.#apply("offer", offer, certificate);
        return this.#describe(await this.#connection.createAnswer());
    }

    /** Returns the text of an offer; candidates follow by callback. */
    async offer() {
        return this.#describe(await this.#connection.createOffer());
    }

    /** Applies the answer to our offer, in which nothing but `certificate` may be named. */
    async accept(answer, certificate) {
        await this.#apply("answer", answer, certificate);
    }

    /** The description of ours with all its candidates, when they are known. */
    async gathered() {
        const connection = this.#connection;
        const end = performance.now() + gatherMilliseconds;
        while (connection.iceGatheringState !== "complete" && performance.now() < end) {
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        return connection.localDescription.sdp;
    }

    /** A candidate of the other side; those that come before its description was applied wait for it. `mid` may be null. */
    addCandidate(candidate, mid) {
        const init = mid === null ? { candidate, sdpMLineIndex: 0 } : { candidate, sdpMid: mid };
        if (this.#described) this.#add(init);
        else if (this.#candidates.length < 100) this.#candidates.push(init);
    }

    /**
     * `take(channel, early)` gets each channel that the other side has announced, as the browser made it, with the texts
     * that have come over it already: it may have been announced before we knew that we talk.
     */
    takeChannels(take) {
        this.#onChannel = take;
        for (const { channel, early } of this.#announced.splice(0)) take(channel, early);
    }

    /** Announces an ordered and reliable channel to the other side. */
    announce(label, protocol) {
        return this.#connection.createDataChannel(label, { ordered: true, protocol });
    }

    /** What was said and is still on its way to the other side. */
    get controlBufferedBytes() {
        return this.#control.bufferedAmount;
    }

    sendText(text) {
        if (this.#control.readyState === "open") this.#control.send(text);
    }

    sendData(bytes) {
        if (!this.#over) this.#data.send(bytes);
    }

    /** Resolves when the browser's own queue has room again. */
    async writable() {
        if (this.#data.bufferedAmount < highWaterBytes || this.#over) return;
        await new Promise((resolve) => {
            this.#waiter = resolve;
            this.#data.addEventListener("bufferedamountlow", resolve, { once: true });
        });
    }

    /** Closes when what was said has left: the other side closes first, or the time is over. */
    async closeGently(milliseconds = 2000) {
        const end = performance.now() + milliseconds;
        while (!this.#over && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
        this.close();
    }

    /** Closes at once; the other side notices within a round trip. Idempotent, and no callback follows. */
    close() {
        this.#over = true;
        this.#connection.close();
        this.#waiter?.();
    }

    async #apply(type, sdp, certificate) {
        const named = certificateOf(sdp);
        if (!named || !equalInConstantTime(named, certificate)) throw new Failure("cannot-verify");
        await this.#connection.setRemoteDescription({ type, sdp });
        this.#described = true;
        for (const candidate of this.#candidates.splice(0)) this.#add(candidate);
    }

    async #describe(description) {
        await this.#connection.setLocalDescription(description);
        const { sdp } = this.#connection.localDescription;
        const own = certificateOf(sdp);
        if (!own || !equalInConstantTime(own, this.#certificate)) throw new Failure("no-webrtc");
        return sdp;
    }

    #channel(label, id) {
        const channel = this.#connection.createDataChannel(label, {
            negotiated: true, id, ordered: true, protocol: "martlet.transfer.1",
        });
        channel.binaryType = "arraybuffer";
        channel.bufferedAmountLowThreshold = lowWaterBytes;
        channel.onopen = () => {
            // Not before the control channel, on which the other side may speak at once, and not later either: what it
            // says would be lost. The data channel opens in the same moment, and has nothing to carry before an accept.
            if (channel !== this.#control) return;
            this.#opened = true;
            this.#callbacks.onOpen();
        };
        channel.onmessage = ({ data }) => {
            if (this.#over) return;
            if ((typeof data === "string") !== (channel === this.#control)) this.#callbacks.onMisplaced();
            else if (typeof data === "string") this.#callbacks.onText(data);
            else this.#callbacks.onFrame(new Uint8Array(data));
        };
        channel.onclose = () => this.#lose();
        return channel;
    }

    #handleAnnounced(channel) {
        if (this.#onChannel && !this.#over) {
            this.#onChannel(channel, []);
            return;
        }
        if (this.#over || this.#announced.length >= announcedLimit) {
            channel.close();
            return;
        }
        const early = [];
        // Whoever has announced it may greet, and then has to wait.
        channel.onmessage = ({ data }) => {
            if (typeof data === "string" && data.length <= earlyLength && early.length === 0) early.push(data);
            else channel.close();
        };
        this.#announced.push({ channel, early });
    }

    #add(candidate) {
        // A candidate that the browser cannot use (a foreign transport, a name it cannot resolve) does no harm.
        this.#connection.addIceCandidate(candidate).catch(() => {});
    }

    #lose() {
        if (this.#over) return;
        this.close();
        this.#callbacks.onLost(this.#opened);
    }
}
