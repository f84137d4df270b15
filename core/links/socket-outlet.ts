import type { Duplex } from "node:stream";
import { GatheredBytes, KEPT_BYTES } from "./gathered-bytes.js";
import type { Addresses, Outlet, Splice } from "./outlet.js";
import { Pieces } from "./pieces.js";
import { socketTurns as turns } from "./turns.js";

/** How often outlets handed bytes to the operating system; the test kit reads it to count, nothing else does. */
export const writeCounter = { writes: 0 };

/** More than this is sent at the end of the turn, in UTF-16 units: there is nothing to be gained by larger writes. */
const MUCH = 65_536;
/** More than this is not handed over at once, in bytes: what is taken of it shows only when all of it is. */
const PIECE = KEPT_BYTES;
/** More than this is not gathered, in UTF-16 units. */
const ENOUGH = 16_777_216;

/** How much a peer may leave unread, and what happens then. */
export interface SocketOutletOptions {
  /** What may wait for a peer that does not read, counted as {@link Outlet.pending} is; beyond that `onOverflow` is called, once. */
  readonly maxPending: number;
  /**
   * What may wait instead if more than `maxPending` came in one turn, in which nobody can read, while no more than half of
   * that had waited; until no more than `maxPending` waits. By default there is no more.
   */
  readonly maxBurst?: number;
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
  /** What was gathered instead, once there is something for many. */
  #bytes: GatheredBytes | undefined;
  /** What is handed over later, a piece at a time. */
  readonly #pieces = new Pieces();
  #isPieceUnderWay = false;
  /** What the operating system had not taken after the latest flush, or less by now. */
  #backlog = 0;
  /** What waits came at once. */
  #isBurst = false;
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
    const untaken = this.#backlog === 0 ? 0 : this.#pieces.length + this.#stream.writableLength;
    return this.#gatheredLength() + untaken;
  }

  #gatheredLength(): number {
    return this.#gathered.length + (this.#bytes?.length ?? 0);
  }

  write(text: string, isAscii = false): void {
    if (!this.#open) return;
    this.#append(text, isAscii);
    this.#limit(this.#bytes?.length || this.#gathered.length);
  }

  #append(text: string, isAscii: boolean): void {
    if (this.#bytes && this.#bytes.length > 0) {
      this.#bytes.append(text, isAscii);
      turns.more();
    } else if (this.#gathered === "") {
      this.#isAscii = isAscii;
      turns.add(this);
      this.#gathered = text;
    } else {
      this.#isAscii &&= isAscii;
      this.#gathered += text;
      turns.more();
    }
  }

  writeEach(splice: Splice, recipients: Addresses, from: number, to: number): void {
    if (!this.#open || from === to) return;
    const bytes = (this.#bytes ??= new GatheredBytes());
    if (bytes.length === 0 && this.#gathered === "") turns.add(this);
    else turns.more();
    if (this.#gathered !== "") {
      bytes.append(this.#gathered, this.#isAscii);
      this.#gathered = "";
    }
    bytes.appendEach(splice, recipients, from, to);
    this.#limit(bytes.length);
  }

  /** Looks how much has gathered. */
  #limit(length: number): void {
    if (length > MUCH) turns.urge();
    if (length > ENOUGH) this.flush();
    if (length + this.#backlog > this.#options.maxPending) this.#limitAll();
  }

  /** Looks how much waits in all. */
  #limitAll(): void {
    const { pending } = this;
    const { maxPending, maxBurst = maxPending } = this.#options;
    if (pending <= maxPending) return;
    this.#isBurst ||= pending - this.#gatheredLength() <= maxPending / 2;
    if (!this.#isBurst || pending > maxBurst) this.#overflow();
  }

  /** Hands over what was gathered; of much, the first piece. */
  flush(): void {
    const bytes = this.#bytes;
    const text = this.#gathered;
    if (bytes && bytes.length > 0) {
      const taken = bytes.take();
      if (!this.#hasPeer()) return;
      // What has to wait is copied: it would keep a buffer in memory that is many times as large.
      if (this.#isMuch(taken.length)) this.#pieces.push(taken.length > PIECE ? taken : Buffer.from(taken));
      else if (this.#stream.writableLength > 0) this.#stream.write(Buffer.from(taken));
      else {
        this.#stream.write(taken);
        if (this.#stream.writableLength > 0) bytes.giveAway();
      }
    } else if (text !== "") {
      this.#gathered = "";
      if (!this.#hasPeer()) return;
      // Of the same bytes, Latin-1 is the cheaper one to make.
      const encoding = this.#isAscii ? "latin1" : "utf8";
      if (this.#isMuch(text.length)) this.#pieces.push(Buffer.from(text, encoding));
      else this.#stream.write(text, encoding);
    } else return;
    writeCounter.writes++;
    if (this.#pieces.length > 0 && !this.#isPieceUnderWay) this.#handOver();
    this.#backlog = this.#stream.writableLength + this.#pieces.length;
    this.#isBurst &&= this.#backlog > this.#options.maxPending;
    if (this.#backlog > 0) this.#options.onWaiting?.();
  }

  /** Whether so much more is not handed over at once. */
  #isMuch(length: number): boolean {
    return length > PIECE || this.#isPieceUnderWay;
  }

  /** Hands over a piece, and the next one when that is taken. */
  #handOver(): void {
    this.#isPieceUnderWay = true;
    this.#stream.write(this.#pieces.take(PIECE), () => {
      this.#isPieceUnderWay = false;
      if (this.#pieces.length > 0 && this.#hasPeer()) this.#handOver();
    });
  }

  #hasPeer(): boolean {
    return !this.#stream.destroyed && this.#stream.writable;
  }

  /** Hands over at once what was gathered, with `last` behind it, and takes nothing more: the stream is closed, or TLS starts on it. */
  end(last = ""): void {
    if (!this.#open) return;
    if (last !== "") this.#append(last, false);
    this.#open = false;
    this.flush();
    while (this.#pieces.length > 0 && this.#hasPeer()) this.#stream.write(this.#pieces.take(PIECE));
  }

  /** Drops what waits, but for the end of a stanza that was begun, and takes nothing more: nobody reads it any longer. */
  discard(): void {
    this.#open = false;
    this.#gathered = "";
    this.#bytes = undefined;
    const begun = this.#pieces.drop();
    if (begun && this.#hasPeer()) this.#stream.write(begun);
  }

  #overflow(): void {
    if (this.#overflown) return;
    this.#overflown = true;
    this.#options.onOverflow();
  }
}
