import type { Host, ModuleLog, Router, StreamLimits, Timer, Wait } from "chorus-muc";
import type { C2sStream } from "./c2s-stream.js";

/** How a new session settles with one that has its full JID (option `conflict_resolve`). */
export type ConflictResolve = "kick_old" | "kick_new" | "random" | "increment";

/** Settings of all client streams. */
export interface C2sOptions {
  readonly limits: StreamLimits;
  /** Before the login. */
  readonly unauthedLimits: StreamLimits;
  /** Seconds from the connection to a bound resource. */
  readonly authTimeoutSeconds: number;
  /** Seconds that the peer has to close its side. */
  readonly closeTimeoutSeconds: number;
  /** Seconds from the beginning of a stanza to its end. */
  readonly stanzaTimeoutSeconds: number;
  /** Seconds that the client may take nothing of what waits for it. */
  readonly sendTimeoutSeconds: number;
  /** Bytes that may wait for a client that does not read. */
  readonly maxPendingBytes: number;
  /** Bytes of what came from a client and is not finished, with more of which nothing more is read from it. */
  readonly maxBacklogBytes: number;
  readonly conflictResolve: ConflictResolve;
  /** Sessions that one user may have. */
  readonly maxResources: number;
}

/** What a stream needs of its surroundings. */
export interface C2sContext {
  readonly options: C2sOptions;
  readonly router: Router;
  readonly log: ModuleLog;
  /** The host of that name, if clients may log in to it. */
  host(name: string): Host | undefined;
  addTimer(seconds: number, fn: () => undefined): Timer;
  /** Milliseconds since 1970. */
  now(): number;
  /** The stream's connection is closed. */
  onSocketClosed(stream: C2sStream): void;
}

/** Calls `fn` after so many seconds, as deadlines want it. */
export function waitFor(context: C2sContext, seconds: number, fn: () => void): Wait {
  const timer = context.addTimer(seconds, () => {
    fn();
    return undefined;
  });
  return {
    cancel: () => {
      timer.stop();
    },
  };
}
