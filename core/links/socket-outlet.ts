import type { Duplex } from "node:stream";
import type { Outlet } from "./outlet.js";
import { Turns } from "./turns.js";

/** How often outlets handed bytes to the operating system; the test kit reads it to count, nothing else does. */
export const writeCounter = { writes: 0 };

const turns = new Turns();
/** More than this is sent at the end of the turn, in UTF-16 units: there is nothing to be gained by larger writes. */
const MUCH = 65_536;

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
  #isAscii = true;
  /** What the operating system had not taken after the latest flush, or less by now. */
  #backlog = 0;
  #open = true;
  #overflown = false;

  /** @param stream the socket; its `error` and `close` events are the owner's to handle */
  constructor(stream: Duplex, options: SocketOutletOptions) {
    this.#stream = stream;
    this.#options = options;
    stream.once("close", () => {
      this.discard();
    });
  }

  get open(): boolean {
    return this.#open;
  }

  get pending(): number {
    return this.#gathered.length + this.#stream.writableLength;
  }

  write(text: string, isAscii = false): void {
    if (!this.#open) return;
    if (this.#gathered === "") {
      this.#isAscii = isAscii;
      turns.add(this);
      this.#gathered = text;
    } else {
      this.#isAscii &&= isAscii;
      this.#gathered += text;
      turns.more();
    }
    const { length } = this.#gathered;
    if (length > MUCH) turns.urge();
    const { maxPending } = this.#options;
    if (length + this.#backlog > maxPending && this.pending > maxPending) this.#overflow();
  }

  /** Hands over at once what was gathered: before a stream is closed, or TLS starts on it. */
  flush(): void {
    if (this.#gathered === "") return;
    const text = this.#gathered;
    this.#gathered = "";
    if (this.#stream.destroyed || !this.#stream.writable) return;
    writeCounter.writes++;
    // Of the same bytes, Latin-1 is the cheaper one to make.
    this.#stream.write(text, this.#isAscii ? "latin1" : "utf8");
    this.#backlog = this.#stream.writableLength;
    if (this.#backlog > 0) this.#options.onWaiting?.();
  }

  /** Hands over what was gathered, with `last` behind it, and takes nothing more. */
  end(last = ""): void {
    if (!this.#open) return;
    this.#gathered += last;
    this.#isAscii = false;
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
