import type { Duplex } from "node:stream";
import type { Outlet } from "./outlet.js";

/** How often outlets handed bytes to the operating system; the test kit reads it to count, nothing else does. */
export const writeCounter = { writes: 0 };

const dirty = new Set<SocketOutlet>();
let scheduled = false;

/** All outlets that were written to in this turn, one socket write each. */
function flushAll(): void {
  scheduled = false;
  const turn = [...dirty];
  dirty.clear();
  for (const outlet of turn) outlet.flush();
}

/** How much a peer may leave unread, and what happens then. */
export interface SocketOutletOptions {
  /** What may wait for a peer that does not read, counted as {@link Outlet.pending} is; beyond that `onOverflow` is called, once. */
  readonly maxPending: number;
  /** Ends the connection: the peer was too slow, and nobody waits for it. */
  readonly onOverflow: () => void;
  /** Something was written, and the operating system has not taken all of it yet. */
  readonly onWaiting?: () => void;
}

/** {@link Outlet} of a socket: gathers what is written in one turn of the event loop into one write. */
export class SocketOutlet implements Outlet {
  readonly #stream: Duplex;
  readonly #options: SocketOutletOptions;
  #gathered = "";
  #open = true;
  #overflown = false;

  /** @param stream the socket; its `error` and `close` events are the owner's to handle */
  constructor(stream: Duplex, options: SocketOutletOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  get open(): boolean {
    return this.#open && !this.#stream.destroyed && this.#stream.writable;
  }

  get pending(): number {
    return this.#gathered.length + this.#stream.writableLength;
  }

  write(text: string): void {
    if (!this.#open) return;
    if (this.#gathered === "") {
      dirty.add(this);
      if (!scheduled) {
        scheduled = true;
        setImmediate(flushAll);
      }
    }
    this.#gathered += text;
    if (this.pending > this.#options.maxPending) this.#overflow();
  }

  /** Hands over at once what was gathered: before a stream is closed, or TLS starts on it. */
  flush(): void {
    if (this.#gathered === "") return;
    const text = this.#gathered;
    this.#gathered = "";
    if (this.#stream.destroyed || !this.#stream.writable) return;
    writeCounter.writes++;
    this.#stream.write(text, "utf8");
    if (this.#stream.writableLength > 0) this.#options.onWaiting?.();
  }

  /** Hands over what was gathered, with `last` behind it, and takes nothing more. */
  end(last = ""): void {
    if (!this.#open) return;
    this.#gathered += last;
    this.#open = false;
    this.flush();
  }

  /** Drops what was gathered and takes nothing more: nobody reads it any longer. */
  discard(): void {
    this.#open = false;
    this.#gathered = "";
  }

  #overflow(): void {
    if (this.#overflown) return;
    this.#overflown = true;
    this.#options.onOverflow();
  }
}
