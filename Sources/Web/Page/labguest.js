// The page as partner of a lab: one connection, and what a person sees of it.

import { LabConnection } from "./labconnection.js";
import { LabScreen } from "./labscreen.js";
import { forget } from "./link.js";
import * as screens from "./screens.js";

export class LabGuest {
    #screen = null;
    #connection = null;
    #attempt = null;

    /** The connection that has found out that there is a lab; `hooks` as those of LabConnection. */
    open(peer, iceServers, hooks) {
        this.#connection = new LabConnection(peer, iceServers, {
            handleHello: (connection) => {
                this.#screen = new LabScreen(connection);
                this.#screen.begin();
            },
            handleRun: (run) => this.#screen.addRun(run),
            handleRunEnd: (run) => this.#screen?.endRun(run),
            handleLive: () => this.#screen.showLive(),
        }, hooks);
        return this.#connection;
    }

    /** `attempt`'s connection, made by `open`, has begun; what comes of it is to be told to this from now on. */
    adopt(attempt) {
        this.#attempt = attempt;
    }

    handleInterrupted(attempt, isInterrupted) {
        if (attempt === this.#attempt) this.#screen?.showInterrupted(isInterrupted);
    }

    handleEnd(attempt, failure) {
        if (attempt !== this.#attempt) return;
        this.#attempt = null;
        this.#screen.end();
        // A lab that is over is not to be looked for again.
        if (failure.code !== "lab-lost" && failure.code !== "internal") forget();
        screens.showFailure(failure, [], null, null);
        this.#screen.keep();
    }
}
