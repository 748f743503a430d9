// What a tab remembers of its talk (sessionStorage), so that it is the same after being loaded again; and whether another
// tab, which was duplicated from this one, remembers the same.

const key = "martlet.talk";
const channelName = "martlet.talk";
const messageLimit = 500;
const lengthLimit = 1024 * 1024;
/** A tab that has the same talk answers at once. */
const claimMilliseconds = 250;

/** What was kept in this tab, or null. */
export function keptTalk() {
    try {
        const kept = JSON.parse(sessionStorage.getItem(key));
        const isSound = kept?.version === 1 && Array.isArray(kept.messages) && Array.isArray(kept.members);
        return isSound ? kept : null;
    } catch {
        return null;
    }
}

export class TalkStore {
    /** Whether what was kept last is there; where storage is refused or full a reload begins anew. */
    isWorking = true;
    #id;
    #channel = null;

    /** `kept` is what was in this tab, or null for a new talk. */
    constructor(kept = null) {
        this.#id = kept?.id ?? crypto.getRandomValues(new Uint32Array(4)).join("-");
        if (typeof BroadcastChannel === "undefined") return;
        this.#channel = new BroadcastChannel(channelName);
        this.#channel.onmessage = ({ data }) => {
            if (data?.claim === this.#id) this.#channel.postMessage({ held: this.#id });
        };
    }

    /** Whether another tab has the talk that was `kept`: two would take each other's place again and again. */
    static async isElsewhere(kept) {
        if (typeof BroadcastChannel === "undefined") return false;
        const channel = new BroadcastChannel(channelName);
        const answer = new Promise((resolve) => {
            channel.onmessage = ({ data }) => {
                if (data?.held === kept.id) resolve(true);
            };
            setTimeout(() => resolve(false), claimMilliseconds);
        });
        channel.postMessage({ claim: kept.id });
        const isElsewhere = await answer;
        channel.close();
        return isElsewhere;
    }

    /** Writes down a Talk: the newest messages, and all that somebody still has to get. */
    keep(talk) {
        const { waiting, messages, state } = talk;
        let count = 0;
        let length = 0;
        while (count < Math.min(messageLimit, messages.length)) {
            length += messages[messages.length - 1 - count].text.length;
            if (length > lengthLimit) break;
            count += 1;
        }
        const newest = messages.slice(messages.length - count);
        const newestSet = new Set(newest);
        const all = [...[...waiting].filter((message) => !newestSet.has(message)), ...newest].sort((a, b) => a.id - b.id);
        const kept = { version: 1, id: this.#id, ...state };
        this.isWorking = this.#write(kept, all) || this.#write(kept, all.filter((message) => waiting.has(message)));
        // An old memory would be worse than none.
        if (!this.isWorking) this.#remove();
        return this.isWorking;
    }

    clear() {
        this.#remove();
        this.#channel?.close();
        this.#channel = null;
    }

    #write(kept, messages) {
        try {
            sessionStorage.setItem(key, JSON.stringify({ ...kept, messages }));
            return true;
        } catch {
            return false;
        }
    }

    #remove() {
        try {
            sessionStorage.removeItem(key);
        } catch {
            // Nothing is kept here.
        }
    }
}
