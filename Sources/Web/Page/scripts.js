// The page allows scripts from exactly three addresses beside its own modules: those of its workers.

const allowed = new Set(["sw.js", "packworker.js", "labticker.js"]);
const policy = globalThis.trustedTypes?.createPolicy("martlet", {
    createScriptURL(name) {
        if (!allowed.has(name)) throw new TypeError("no script of this page");
        return name;
    },
});

/** The address of a worker's script, as the page's policy demands it. */
export function scriptAddress(name) {
    return policy ? policy.createScriptURL(name) : name;
}
