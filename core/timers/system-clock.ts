import type { Clock } from "./clock.js";

/** Longest delay that `setTimeout` takes, in milliseconds. */
const MAX_DELAY = 2 ** 31 - 1;

/** The real time. Its one timer does not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  wakeAt(atMs, fn) {
    const timeout = setTimeout(fn, Math.min(Math.max(0, atMs - Date.now()), MAX_DELAY));
    timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
};
