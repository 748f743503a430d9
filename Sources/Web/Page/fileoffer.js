// One offer of files in the middle of a talk (Docs/Protocols/Chat.md), through all connections of its pair: what both
// directions share.

/**
 * States: `waiting` (nobody has said yes), `moving`, `interrupted` (goes on with the next connection), `paused` (goes
 * on when the sender wants it), `lost` (the files have to be chosen again), `done`, `failed`, `withdrawn` (by its author,
 * before the yes).
 */
export class FileOffer {
    state = "waiting";
    /** Why it is paused or failed: the code of a Failure, and a further sentence that is fit to be shown. */
    code = "";
    detail = "";
    /** The last Receiver or Sender; null before the other side has said hello. */
    part = null;
    /** `{ session, part }` of the connection that carries it; null while there is none. */
    link = null;
    /** Its name on the way. */
    transfer;
    #onChange;

    /** `onChange()` is called whenever something is to be drawn anew, other than progress. */
    constructor(transfer, onChange) {
        this.transfer = transfer;
        this.#onChange = onChange;
    }

    get isOver() {
        return this.state === "done" || this.state === "failed" || this.state === "withdrawn";
    }

    /** Whether the other side hears what is said about it. */
    get isConnected() {
        return this.link !== null;
    }

    /** Which share of the bytes has moved, 0 to 1. */
    get share() {
        return this.part?.movingBytes > 0 ? this.part.movedBytes / this.part.movingBytes : 0;
    }

    change(state, code = "", detail = "") {
        this.state = state;
        this.code = code;
        this.detail = detail;
        this.#onChange();
    }

    /** The connection is over, or only its channel. */
    unbind() {
        this.link = null;
        this.#onChange();
    }
}
