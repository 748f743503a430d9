// Timers for the lab: those of a worker go on at full speed where a page that is not seen gets one a second.

"use strict";

const timers = new Map();

self.onmessage = ({ data: [number, milliseconds] }) => {
    clearTimeout(timers.get(number));
    timers.delete(number);
    if (milliseconds === null) return;
    timers.set(number, setTimeout(() => {
        timers.delete(number);
        self.postMessage(number);
    }, milliseconds));
};
