// One run (Docs/Protocols/Lab.md, A run): a connection of its own that is made by signals over the control connection, and
// the traffic on its one channel.

import { LabFlow } from "./labflow.js";
import { LabReceiver, LabSender } from "./labtraffic.js";
import { messageCountLimit } from "./labwire.js";
import { usableServers } from "./peer.js";
import { shownMessage } from "./text.js";
import { isCount, require } from "./transfer.js";
import { certificateOf } from "./words.js";

const connectMilliseconds = 30000;
const signalLimit = 300;
const sdpLengthLimit = 60 * 1024;
const receivedMilliseconds = 100;
const sentMilliseconds = 250;
const receivedMessages = 2000;
/** While so much of what we said is on its way, no more is said of what has come. */
const busyBytes = 1024 * 1024;
const label = "martlet-lab";

export class LabRun {
    number;
    of;
    /** Whether it is this page that sends. */
    sends;
    channel;
    traffic;
    flow;
    /** `connecting`, `ready`, `running`, `sent` (all was sent), `over`. */
    state = "connecting";
    /** When it started, on our clock in milliseconds. */
    startTime = null;
    failure = "";
    #connection = null;
    #dataChannel;
    #timers;
    #control;
    #hooks;
    #signalCount = 0;
    #described = false;
    #isDescribing = false;
    #candidates = [];
    #sender = null;
    #receiver = null;
    #toldDamaged = 0;
    #timer = null;
    #deadline = null;

    /**
     * `run` is `{ number, of, sends, channel, traffic }`, `control` the way to the conductor: `{ send(message), bufferedBytes,
     * iceServers }`; `hooks`: `onEnd(run)`, once.
     */
    constructor(run, control, timers, hooks) {
        Object.assign(this, run);
        this.#control = control;
        this.#timers = timers;
        this.#hooks = hooks;
        this.flow = new LabFlow(run.channel, run.traffic.rate, !run.sends);
    }

    begin() {
        try {
            const connection = new RTCPeerConnection({ iceServers: usableServers(this.#control.iceServers) });
            this.#connection = connection;
            this.#dataChannel = connection.createDataChannel(label, { negotiated: true, id: 0, ...this.channel });
        } catch {
            this.fail("This browser makes no more connections.");
            return;
        }
        this.#dataChannel.binaryType = "arraybuffer";
        this.#dataChannel.onopen = () => this.#open();
        this.#dataChannel.onclose = () => this.fail("The measured channel has closed.");
        this.#connection.onicecandidate = ({ candidate }) => this.#tellCandidate(candidate);
        this.#connection.ondatachannel = ({ channel }) => channel.close();
        this.#connection.onconnectionstatechange = () => {
            if (this.#connection.connectionState === "failed") this.fail("No way through for the measured connection.");
        };
        if (!this.sends) {
            this.#receiver = new LabReceiver(this.number, this.#dataChannel, this.traffic, {
                onMessage: (sequence, sentAt, at) => this.flow.handleCame(sequence, sentAt, at),
                onFlood: () => this.fail("More messages came than a run has."),
            });
        }
        this.#deadline = this.#timers.after(connectMilliseconds, () => this.fail("The measured connection did not come about."));
    }

    get isOver() {
        return this.state === "over";
    }

    // MARK: What the conductor says

    /** Takes a signal. Throws ProtocolError. */
    handleSignal(payload) {
        require(payload !== null && typeof payload === "object", "a signal without payload");
        this.#signalCount += 1;
        require(this.#signalCount <= signalLimit, "more signals than a run has");
        if (this.isOver) return;
        const { type, sdp, candidate, mid } = payload;
        if (type === "offer" && typeof sdp === "string" && !this.#isDescribing) {
            this.#isDescribing = true;
            this.#answer(sdp);
        } else if (type === "candidate" && typeof candidate === "string") {
            const init = typeof mid === "string" ? { candidate, sdpMid: mid } : { candidate, sdpMLineIndex: 0 };
            if (this.#described) this.#add(init);
            else this.#candidates.push(init);
        } else if (type === "failed") {
            this.end(typeof payload.message === "string" ? shownMessage(payload.message) : "The conductor has given it up.");
        }
    }

    /** Throws ProtocolError. */
    start() {
        require(this.state === "ready", "a start of a run that is not ready");
        this.state = "running";
        this.startTime = performance.now();
        if (this.sends) {
            this.#sender = new LabSender(this.number, this.#dataChannel, this.traffic, this.#timers, {
                onSent: (sequence, at) => this.flow.handleSent(sequence, at),
                onOver: () => this.#finishSending(),
                onRefused: (error) => this.fail(`This browser does not send it: ${shownMessage(error.message, 120)}`),
            });
            this.#sender.begin();
        }
        this.#report();
    }

    /** What the conductor has sent. Throws ProtocolError. */
    handleSent({ offered, accepted, over }, now) {
        require(!this.sends, "a sent of a run that we send in");
        const isSound = isCount(offered) && isCount(accepted) && accepted <= offered && accepted <= messageCountLimit
            && accepted >= this.flow.accepted && typeof over === "boolean";
        require(isSound, "an unsound sent");
        this.flow.offered = offered;
        this.flow.handleAccepted(accepted, now);
        if (over && this.state === "running") this.state = "sent";
    }

    /** What has come of ours. Throws ProtocolError. */
    handleReceived({ messages, damaged = 0 }) {
        require(this.sends, "a received of a run that we receive in");
        const isList = Array.isArray(messages) && messages.length % 2 === 0 && messages.length <= 2 * receivedMessages;
        require(isList && messages.every(isCount) && isCount(damaged), "an unsound received");
        for (let index = 0; index < messages.length; index += 2) {
            require(messages[index] < this.flow.accepted, "a message that was never sent");
            this.flow.handleCame(messages[index], null, messages[index + 1]);
        }
        this.flow.isTold = true;
        this.flow.damaged = Math.max(this.flow.damaged, damaged);
    }

    /** The conductor ends it. */
    stop() {
        if (this.isOver) return;
        this.#sender?.end();
        this.#tellNews(true);
        this.end();
        this.#control.send({ type: "stopped", run: this.number });
    }

    // MARK: Ends

    /** Gives up, and says so. */
    fail(message) {
        if (this.isOver) return;
        this.#control.send({ type: "failed", run: this.number, message });
        this.end(message);
    }

    /** Nothing more comes of it; `failure` says why, where it is none that was wanted. */
    end(failure = "") {
        if (this.isOver) return;
        this.state = "over";
        this.failure = failure;
        this.#sender?.end();
        for (const timer of [this.#timer, this.#deadline]) this.#timers.cancel(timer);
        if (this.#dataChannel) this.#dataChannel.onclose = this.#dataChannel.onmessage = null;
        this.#connection?.close();
        this.#hooks.onEnd(this);
    }

    // MARK: Connection

    async #answer(offer) {
        try {
            require(offer.length <= sdpLengthLimit && certificateOf(offer), "an offer that names no certificate");
            await this.#connection.setRemoteDescription({ type: "offer", sdp: offer });
            this.#described = true;
            for (const candidate of this.#candidates.splice(0)) this.#add(candidate);
            await this.#connection.setLocalDescription(await this.#connection.createAnswer());
            this.#signal({ type: "answer", sdp: this.#connection.localDescription.sdp });
        } catch (error) {
            // A connection that was closed meanwhile fails, too.
            this.fail(`The offer cannot be answered: ${shownMessage(error.message, 120)}`);
        }
    }

    #add(candidate) {
        // A candidate that the browser cannot use does no harm.
        this.#connection.addIceCandidate(candidate).catch(() => {});
    }

    #tellCandidate(candidate) {
        if (candidate) this.#signal({ type: "candidate", candidate: candidate.candidate, mid: candidate.sdpMid ?? "0" });
        else this.#signal({ type: "candidate", candidate: "", mid: "0" });
    }

    #signal(payload) {
        if (!this.isOver) this.#control.send({ type: "signal", run: this.number, payload });
    }

    #open() {
        if (this.state !== "connecting") return;
        this.#timers.cancel(this.#deadline);
        const largest = this.#connection.sctp?.maxMessageSize ?? Infinity;
        if (this.sends && this.traffic.bytes > largest) {
            this.fail(`Messages of at most ${largest} bytes go over this connection.`);
            return;
        }
        this.state = "ready";
        this.#control.send({ type: "ready", run: this.number });
    }

    // MARK: Telling

    #report() {
        if (this.isOver) return;
        this.#tellNews();
        const wait = this.sends ? sentMilliseconds : receivedMilliseconds;
        this.#timer = this.#timers.after(wait, () => this.#report());
    }

    #finishSending() {
        if (this.isOver) return;
        this.state = "sent";
        this.#tellNews(true);
    }

    #tellNews(isLast = false) {
        const run = this.number;
        if (this.#sender) {
            const { offered, accepted, isOver: over } = this.#sender;
            this.flow.offered = offered;
            this.#control.send({ type: "sent", run, offered, accepted, over });
        } else if (this.#receiver && (isLast || this.#control.bufferedBytes < busyBytes)) {
            const { damaged } = this.#receiver;
            this.flow.damaged = damaged;
            const lists = this.#receiver.take(receivedMessages);
            if (lists.length === 0 && damaged > this.#toldDamaged) lists.push([]);
            this.#toldDamaged = damaged;
            for (const messages of lists) {
                this.#control.send({ type: "received", run, messages, ...(damaged > 0 ? { damaged } : {}) });
            }
        }
    }
}
