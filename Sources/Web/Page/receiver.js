// The receiver of a transfer on one connection: offered items, credit for the sender, hashes before anything is kept.
// What outlives the connection is in Holdings.

import { Failure } from "./failures.js";
import { whatIsHere } from "./have.js";
import { storageReason } from "./pack.js";
import { Reorder } from "./reorder.js";
import { shownMessage } from "./text.js";
import { OfferedItems, isCount, isHash, require, windowBytes } from "./transfer.js";
import { rootOf, segmentBytes } from "./tree.js";

/** On a slow path credit is said this often: it is all that the sender's progress has to go by. */
const creditMilliseconds = 250;
/** What is in the wrong order waits; so many frames at most, however small they are. */
const waitingFrameLimit = 16384;
const waitingSegmentLimit = 64;
/** Quiet behind a mark, until what lacks is named. */
const missingMilliseconds = 200;

/**
 * Item states: `waiting`, `moving`, `checking`, `kept`, `failed`. Memory is bounded by the window: the limit rises only
 * by what sinks have handed on.
 */
export class Receiver {
    role = "receiver";
    /** File bytes of this connection that have been handed on to the browser, or dropped. */
    handledBytes = 0;
    /** File bytes that an earlier connection had brought. */
    earlierBytes = 0;
    earlierCount = 0;
    keptCount = 0;
    /** Whether everything is here, and only goes to its place. */
    delivering = false;
    currentIndex = 0;
    /** Bytes of items that failed, as far as they were announced. */
    #failedBytes = 0;
    #wires;
    /** What outlives the connection; set before the yes. */
    holdings;
    #offer = new OfferedItems();
    /** For a sender whose frames come in any order, else null. */
    #reorder = null;
    #accepted = false;
    #stopped = false;
    #done = false;
    #arrivedBytes = 0;
    #limit = 0;
    #creditTime = 0;
    #unsettledCount = 0;
    #confirmedCount = 0;
    #confirmedBytes = 0;
    /** Frames that came before what they belong to is known. */
    #early = [];
    #earlyBytes = 0;
    #mark = null;
    #missingTimer = null;

    constructor(wires, holdings, features) {
        this.#wires = wires;
        this.holdings = holdings;
        if (features.includes("unordered")) this.#reorder = new Reorder();
    }

    /** The offered items, in the order of the offer. */
    get items() {
        return this.#offer.items;
    }

    get transfer() {
        return this.#offer.transfer;
    }

    get totalBytes() {
        return this.#offer.totalBytes;
    }

    /** Whether the whole list is known. */
    get complete() {
        return this.#offer.complete;
    }

    /** File bytes that are here, of those that will be at the end, as far as is known now. */
    get movedBytes() {
        return this.earlierBytes + this.handledBytes;
    }

    get movingBytes() {
        return Math.max(this.totalBytes - this.#failedBytes, this.movedBytes);
    }

    /** Whether the sender may send, and has not sent everything. */
    get expectsBytes() {
        return this.#accepted && !this.#stopped && !this.#done && this.#arrivedBytes < this.#limit;
    }

    /** The person said yes, now or (`resumed`) on an earlier connection. What cannot be kept is turned down. */
    async accept(resumed = false) {
        if (this.#accepted || this.#stopped || this.items.length === 0) return;
        if (resumed) await this.#sayWhatIsHere();
        if (this.#stopped || this.#accepted) return;
        this.#accepted = true;
        this.#limit = windowBytes;
        this.#wires.send({ type: "accept", transfer: this.#offer.transfer, limit: this.#limit });
        this.#wires.onAccepted(resumed);
        this.#admitItems(this.items);
        this.#listKnown();
        this.#conclude();
    }

    decline(reason) {
        this.#wires.send({ type: "decline", transfer: this.#offer.transfer, reason });
    }

    /** The connection is over. What has come stays with the holdings. */
    suspend() {
        this.#stopped = true;
        clearTimeout(this.#missingTimer);
        for (const item of this.items) {
            if (item.hooks) item.hooks.onHandled = () => {};
            if (item.state === "moving") item.state = "waiting";
        }
        this.#early = [];
        this.#reorder?.clear();
    }

    /** Returns whether the message was known. Throws ProtocolError. */
    handleMessage(message) {
        switch (message.type) {
        case "offer":
            this.#handleOffer(message);
            return true;
        case "item-begin":
            this.#handleBegin(this.#item(message), message.offset);
            return true;
        case "segment":
            this.#handleSegment(this.#item(message), message);
            return true;
        case "item-end":
            this.#handleEnd(this.#item(message), message);
            return true;
        case "item-failed":
            this.#handleSourceFailed(this.#item(message), shownMessage(message.message ?? ""));
            return true;
        case "mark":
            require(this.#reorder && this.#accepted && isCount(message.offset), "a mark for nothing");
            this.#mark = { item: this.#item(message).index, offset: message.offset };
            this.#watchForMissing();
            return true;
        case "done":
            require(this.#accepted && this.complete, "done before everything was offered");
            this.#done = true;
            // Control messages are in order: what has no item-end by now will not come.
            for (const item of this.items) {
                const settled = item.state === "kept" || item.state === "failed";
                if (!settled && !item.root) this.#drop(item, "It was not sent.");
            }
            this.#drain();
            return true;
        default:
            return false;
        }
    }

    /** A decoded data frame. Throws ProtocolError. */
    handleFrame(frame) {
        require(this.#accepted, "bytes before it was allowed");
        const count = frame.payload.length;
        if (this.#arrivedBytes + this.#earlyBytes + count > this.#limit) {
            // Named missing, come late, while its repetition has used its credit: it will come again.
            require(this.#reorder, "more bytes than it was allowed");
            return;
        }
        require(this.#early.length < waitingFrameLimit, "too many small frames");
        this.#early.push(frame);
        this.#earlyBytes += count;
        this.#drain();
        this.#watchForMissing();
    }

    // MARK: The offer

    #handleOffer(message) {
        const items = this.#offer.add(message);
        this.#unsettledCount += items.length;
        this.#wires.onOffer(this.#offer.transfer);
        if (!this.#accepted) return;
        this.#admitItems(items);
        this.#listKnown();
        this.#drain();
    }

    /** Later connections must have the same list, or the person is asked again. */
    #listKnown() {
        if (this.complete) this.holdings.noteList(this.items, this.totalBytes);
        const reason = this.holdings.shortage(this.totalBytes);
        if (reason) this.#stopForStorage(reason);
    }

    /** What is here stays, and both persons hear that it can go on when there is room. */
    #stopForStorage(reason) {
        this.#wires.onFailure(new Failure("storage-here", reason), "storage", reason, true);
    }

    /** Turns down what cannot be kept here. */
    #admitItems(items) {
        for (const item of items) {
            const reason = item.state === "waiting" ? this.holdings.refusal(item) : null;
            if (reason) this.#refuse(item, "storage", reason);
        }
    }

    /** `have`: what earlier connections brought. */
    async #sayWhatIsHere() {
        const { kept, messages } = await whatIsHere(this.#offer, this.holdings);
        for (const item of kept) this.earlierBytes += item.movedBytes;
        this.earlierCount += kept.length;
        this.keptCount += kept.length;
        this.#unsettledCount -= kept.length;
        for (const message of messages) this.#wires.send(message);
    }

    // MARK: What the sender says of an item

    #item(message) {
        const item = this.#accepted && isCount(message.item) ? this.items[message.item] : undefined;
        require(item, `${shownMessage(message.type)} of no item`);
        return item;
    }

    #handleBegin(item, offset) {
        require(item.partialBytes > 0 && (offset === 0 || offset === item.partialBytes), "an unsound item-begin");
        if (offset > 0) {
            this.#attach(item, this.holdings.resume(item));
            this.earlierBytes += offset;
            item.movedBytes = offset;
        }
        item.partialBytes = 0;
        this.#reorder?.begin(item.index, offset);
        this.#drain();
    }

    #handleSourceFailed(item, words) {
        if (item.state === "kept" || item.state === "failed") return;
        this.#drop(item, `The sender could not read it: ${words}`);
        this.#drain();
    }

    #handleSegment(item, { segment, hash }) {
        require(isCount(segment) && isHash(hash), "an unsound segment");
        require(item.size === null || segment * segmentBytes < item.size, "a segment beyond the end");
        if (item.state === "failed" || item.state === "kept") return;
        item.segments ??= new Map();
        require(item.segments.size < waitingSegmentLimit, "too many segments at once");
        item.segments.set(segment, hash);
        this.#checkSegment(item, segment);
    }

    #checkSegment(item, segment) {
        const own = item.intake?.tree.segment(segment);
        const claimed = item.segments?.get(segment);
        if (!own || !claimed || item.state === "failed") return;
        item.segments.delete(segment);
        if (own !== claimed) this.#refuseDamaged(item);
    }

    #handleEnd(item, message) {
        require(isCount(message.size) && isHash(message.root), "an unsound item-end");
        require(!item.root && item.state !== "kept", "a second item-end");
        if (item.state === "failed") return;
        require(item.size === null || message.size === item.size, "an item-end of another size");
        if (item.size === null) {
            require((item.intake?.positionBytes ?? 0) <= message.size, "more bytes than the item has");
            item.size = message.size;
            this.#offer.totalBytes += message.size;
            require(isCount(this.totalBytes), "an offer of more than 2^53 bytes");
            item.intake?.sink.reserve?.(message.size);
        }
        item.root = message.root;
        this.#checkWhole(item);
        this.#drain();
    }

    // MARK: Bytes

    /** Lets the frames through whose item is known. */
    #drain() {
        if (this.#stopped) return;
        let passed = 0;
        while (passed < this.#early.length && this.#isReady(this.#early[passed])) {
            const frame = this.#early[passed];
            passed += 1;
            this.#earlyBytes -= frame.payload.length;
            if (this.#reorder) this.#sort(frame);
            else this.#take(frame);
            if (this.#stopped) return;
        }
        this.#early.splice(0, passed);
        if (this.#reorder) this.#feed();
        this.#conclude();
    }

    #isReady({ item: index }) {
        const item = this.items[index];
        require(item || !this.complete, "a frame of no item");
        if (!item || item.partialBytes > 0) return false;
        if (this.#reorder || item.state === "failed" || index <= this.currentIndex) return true;
        // The first frame of a later item: the one before is whole, or word of its failure is on the way.
        this.#advance();
        return index === this.currentIndex;
    }

    /** Moves on to the first item that still lacks bytes. */
    #advance() {
        while (this.currentIndex < this.items.length) {
            const item = this.items[this.currentIndex];
            const settled = item.state !== "waiting" && item.state !== "moving";
            if (!settled && (item.size === null || (item.intake?.positionBytes ?? 0) < item.size)) return;
            this.currentIndex += 1;
        }
    }

    /** The next bytes, in order. */
    #take({ item: index, offset, payload }) {
        const item = this.items[index];
        const count = payload.length;
        this.#arrivedBytes += count;
        if (item.state === "failed") {
            this.#handled(count);
            return;
        }
        require(index === this.currentIndex && item.state !== "kept", "a frame out of order");
        require(offset === (item.intake?.positionBytes ?? 0), "a frame out of order");
        this.#write(item, payload);
    }

    #write(item, payload) {
        const position = item.intake?.positionBytes ?? 0;
        require(item.size === null || payload.length <= item.size - position, "more bytes than the item has");
        if (!item.intake) this.#attach(item, this.holdings.begin(item));
        item.movedBytes = position + payload.length;
        item.intake.write(payload);
        this.#checkWhole(item);
    }

    /** Unordered: keeps what is new until its turn. */
    #sort(frame) {
        const item = this.items[frame.item];
        require(item.size === null || frame.offset + frame.payload.length <= item.size, "more bytes than the item has");
        const isWanted = item.state === "waiting" || item.state === "moving";
        const count = this.#reorder.add(frame, isWanted);
        this.#arrivedBytes += count;
        if (!isWanted) this.#handled(count);
    }

    /** Unordered: hands on what has its turn now. */
    #feed() {
        for (;;) {
            this.#advance();
            const item = this.items[this.currentIndex];
            const piece = item && this.#reorder.take(item.index, item.intake?.positionBytes ?? 0);
            if (!piece) return;
            this.#write(item, piece);
        }
    }

    #attach(item, { intake, hooks }) {
        item.state = "moving";
        item.intake = intake;
        item.hooks = hooks;
        hooks.onHandled = (count) => this.#handled(count);
        hooks.onStopped = (reason, isFatal) => {
            if (this.#stopped || item.state === "failed" || item.state === "kept") return;
            if (isFatal) this.#stopForStorage(reason);
            else this.#refuse(item, "storage", reason);
        };
        intake.onSegment = (segment) => this.#checkSegment(item, segment);
    }

    #handled(count) {
        this.handledBytes += count;
        const isDue = this.handledBytes + windowBytes - this.#limit >= windowBytes / 4
            || performance.now() - this.#creditTime >= creditMilliseconds;
        if (isDue && !this.#stopped) this.sendCredit();
    }

    sendCredit() {
        this.#limit = this.handledBytes + windowBytes;
        this.#creditTime = performance.now();
        this.#wires.send({ type: "credit", received: this.handledBytes, limit: this.#limit });
    }

    /** Unordered: names what lacks before the mark when nothing has come for a while. */
    #watchForMissing() {
        if (!this.#mark) return;
        clearTimeout(this.#missingTimer);
        this.#missingTimer = setTimeout(() => this.#nameMissing(), missingMilliseconds);
    }

    #nameMissing() {
        if (this.#stopped) return;
        this.#advance();
        const ranges = this.#reorder.gaps(this.items, this.currentIndex, this.#mark);
        if (ranges.length === 0) return;
        const count = ranges.reduce((sum, [, , length]) => sum + length, 0);
        this.#mark = null;
        // The sender used credit for them, and will use it again.
        this.#arrivedBytes += count;
        this.handledBytes += count;
        this.earlierBytes -= count;
        this.#wires.send({ type: "missing", ranges });
        this.sendCredit();
    }

    // MARK: Ends of items

    #checkWhole(item) {
        if (!item.root || item.state === "checking" || item.state === "failed") return;
        if (item.partialBytes > 0 || (item.intake?.positionBytes ?? 0) !== item.size) return;
        if (!item.intake) this.#attach(item, this.holdings.begin(item));
        item.state = "checking";
        this.holdings.track(this.#check(item));
    }

    async #check(item) {
        const { intake, size } = item;
        const root = rootOf(await intake.finish(), size);
        if (item.state !== "checking") return;
        if (root !== item.root) {
            if (this.#stopped) this.holdings.drop(item);
            else this.#refuseDamaged(item);
            return;
        }
        try {
            // Even if the connection breaks meanwhile: it is whole, and the next one hears of it.
            await this.holdings.keep(item, root);
        } catch (error) {
            // Where the beginning is kept there will be another try; else this item alone is lost.
            item.hooks.onStopped(storageReason(error), this.holdings.resumable);
            return;
        }
        item.intake = item.hooks = item.segments = null;
        if (item.state !== "checking") return;
        item.state = "kept";
        if (this.#stopped) return;
        this.keptCount += 1;
        this.#unsettledCount -= 1;
        this.#confirmedCount += 1;
        this.#confirmedBytes += size;
        const isLate = performance.now() - this.#creditTime >= creditMilliseconds / 5;
        if (isLate || this.#unsettledCount === 0) this.sendCredit();
        this.#wires.send({ type: "confirmed", item: item.index, bytes: size, root });
        this.#wires.onChange();
        this.#conclude();
    }

    #refuseDamaged(item) {
        item.damaged = true;
        this.#refuse(item, "integrity", "It arrived damaged: the checksum does not match.");
    }

    /** Turns one item down and tells the sender; the others go on. */
    #refuse(item, code, reason) {
        this.#drop(item, reason);
        this.#wires.send({ type: "item-failed", item: item.index, code, message: reason });
        this.#drain();
    }

    #drop(item, note) {
        if (item.state === "failed") return;
        item.state = "failed";
        item.note = note;
        item.partialBytes = 0;
        this.#unsettledCount -= 1;
        this.#failedBytes += Math.max(0, (item.size ?? 0) - item.movedBytes);
        const pending = this.holdings.drop(item) + (this.#reorder?.drop(item.index) ?? 0);
        item.intake = item.hooks = item.segments = null;
        if (pending > 0) this.#handled(pending);
        this.#wires.onChange();
    }

    #conclude() {
        if (!this.#done || this.#stopped || this.#unsettledCount > 0) return;
        this.#stopped = true;
        this.delivering = true;
        clearTimeout(this.#missingTimer);
        this.#wires.onChange();
        this.#deliver();
    }

    /** Everything is here: hands over what is not in its place yet, and says so at last. */
    async #deliver() {
        const awake = setInterval(() => this.sendCredit(), 1000);
        await this.holdings.deliver(this.items);
        clearInterval(awake);
        this.#wires.send({ type: "receipt", items: this.#confirmedCount, bytes: this.#confirmedBytes });
        const damaged = this.items.every((item) => item.damaged);
        if (this.keptCount > 0) this.#wires.onFinished();
        else this.#wires.onFailure(new Failure(damaged ? "damaged" : "nothing-kept"), null);
    }
}
