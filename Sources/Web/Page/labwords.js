// What the lab's screen says about a run, in words.

import { shownTime } from "./labstrip.js";
import { channelName, isReliable } from "./labwire.js";
import { duration } from "./text.js";

const number = new Intl.NumberFormat("en");
/** Less than that is not worth a word. */
const leastShare = 0.002;
/** When half of what comes is older than that, in microseconds, it has waited at the sender. */
const piledMicroseconds = 2_000_000;

/** `12,000`. */
export function count(value) {
    return number.format(value);
}

/** `0 %`, `0.4 %`, `12 %`, `100 %` (only when it is all). */
export function percent(share) {
    if (share === 0 || share === 1) return `${100 * share} %`;
    const value = 100 * share;
    const isNearEnd = value < 9.95 || value > 98.95;
    return `${Math.min(99.9, Math.max(0.1, value)).toFixed(isNearEnd ? 1 : 0)} %`;
}

/** What a channel does, for somebody who does not know its options. */
export function purpose({ ordered, maxRetransmits, maxPacketLifeTime }) {
    const order = ordered ? ", in order" : "";
    if (maxRetransmits === 0) return `Sent once, never again${order}.`;
    if (maxRetransmits !== undefined) return `Sent again ${count(maxRetransmits)} times at most${order}.`;
    if (maxPacketLifeTime !== undefined) return `Sent again for ${count(maxPacketLifeTime)} ms${order}.`;
    return ordered ? "Everything, in order." : "Everything, as it comes.";
}

/** `1,200 bytes, 60 a second, for 10 s`. */
export function trafficText({ bytes, rate, milliseconds }) {
    const pace = rate === null ? "as fast as possible" : `${count(Number(rate.toFixed(1)))} a second`;
    return [`${count(bytes)} bytes`, pace, milliseconds === null ? "" : `for ${duration(milliseconds / 1000)}`].filter(Boolean).join(", ");
}

/**
 * The large figure and what it is: the share delivered; or how late messages are, where those sent lately are not here because they
 * wait at the sender: a share would say that they are lost. `figures` are those of LabFlow.
 */
export function headline(channel, figures) {
    if (!figures || figures.delivered === null) return ["–", "delivered"];
    if (figures.p50 > piledMicroseconds) return [shownTime(figures.p50), "late"];
    if (figures.delivered === 0 && isReliable(channel)) return ["–", "on their way"];
    return [percent(figures.delivered), "delivered"];
}

/** What one sees at the moment, in a sentence. `figures` are those of LabFlow. */
export function sentence(channel, figures, refused) {
    if (refused > 0.02) return `The link is too slow for this: ${percent(refused)} of the messages are not even accepted.`;
    if (!figures || figures.p50 === null && figures.delivered === null) return "Waiting for messages…";
    const isWhole = isReliable(channel);
    const lost = figures.delivered === null ? 0 : 1 - figures.delivered;
    if (figures.p50 === null && lost > 0) return isWhole ? "Nothing arrives at the moment; nothing is lost." : "Nothing arrives at the moment.";
    if (figures.p50 > piledMicroseconds) {
        // No option switches SCTP's congestion control off.
        const what = isWhole ? "Nothing is lost, but messages pile up at the sender" : "Messages pile up at the sender, which may not go faster";
        return `${what}: half are over ${shownTime(figures.p50)} old.`;
    }
    const waits = figures.waited !== null && figures.waited > leastShare;
    const waiting = waits ? `${percent(figures.waited)} of them waited for an earlier one` : "";
    if (isWhole) {
        if (lost > leastShare && channel.ordered) return `Nothing is lost, but ${count(figures.missing)} messages have to wait just now.`;
        if (lost > leastShare) return `Nothing is lost, but ${count(figures.missing)} messages are still on their way.`;
        if (waits) return `Every message arrives, but ${waiting}.`;
        const isUneven = figures.p99 > 2 * figures.p50 + 20_000;
        if (isUneven && !channel.ordered) return "Every message arrives; one that was lost comes later, and holds up no other.";
        return "Every message arrives, and none waits for another.";
    }
    if (lost <= leastShare) return waits ? `Nearly all arrive, but ${waiting}.` : "Nearly every message arrives, and none waits.";
    const rest = waits ? `; of the others, ${waiting}` : ", and no other waits for them";
    return `${percent(lost)} of the messages never arrive${rest}.`;
}

/** What screen readers hear of a strip. */
export function spoken(channel, figures) {
    const name = channelName(channel);
    if (!figures || figures.p50 === null) return `${name}: nothing has arrived yet.`;
    const [value, unit] = headline(channel, figures);
    const first = figures.delivered === null ? "" : `${value} ${unit}, `;
    return `${name}: ${first}half within ${shownTime(figures.p50)}, 99 percent within ${shownTime(figures.p99)}.`;
}
