import { isElement, type Element } from "../xmpp/element.js";

/** What a stanza that waits takes besides its texts, as measured: itself with what waits for it, and each element. */
const PER_STANZA = 1_024;
const PER_ELEMENT = 300;

/**
 * What came in by one way and is not finished yet: it waits for the disk, for its room's turn, or behind something that
 * does. It is counted in bytes, about as many as it takes in memory. Whoever reads from that way stops while it is full,
 * so that a peer cannot send faster than a disk writes.
 *
 * What is finished when its handling returns is not counted, and costs nothing.
 */
export class Backlog {
  readonly #limit: number;
  #bytes = 0;
  /** Of the latest read, until a stanza of it is counted. */
  #read = 0;
  #onRoom: (() => void) | undefined;

  /** @param limit bytes with more than which it is full; what goes beyond is what one read and one stanza bring */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether nothing more should be handled, or read. */
  get isFull(): boolean {
    return this.#bytes > this.#limit;
  }

  /** So many bytes were read; the stanzas in them come next. */
  read(bytes: number): void {
    this.#read = bytes;
  }

  /**
   * Counts a stanza.
   * @param more bytes that what is made of it takes, until it is finished
   * @returns says that it is finished; a second call does nothing
   */
  keep(stanza: Element, more = 0): () => void {
    // Its texts are parts of what was read with it, and keep all of that in memory.
    const bytes = sizeOf(stanza) + this.#read + more;
    this.#read = 0;
    this.add(bytes);
    let isKept = true;
    return () => {
      if (isKept) this.remove(bytes);
      isKept = false;
    };
  }

  /** Counts so many bytes of what a stanza has caused. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** They are gone. */
  remove(bytes: number): void {
    this.#bytes -= bytes;
    const onRoom = this.#onRoom;
    if (!onRoom || this.isFull) return;
    this.#onRoom = undefined;
    setImmediate(onRoom);
  }

  /** Calls `fn` as soon as it is not full any more, in a turn of its own; only the latest that was asked for. */
  whenRoom(fn: () => void): void {
    if (this.isFull) this.#onRoom = fn;
    else setImmediate(fn);
  }
}

/** About what a stanza takes in memory while it waits, in bytes. */
export function sizeOf(stanza: Element): number {
  return PER_STANZA + sizeOfElement(stanza);
}

function sizeOfElement(element: Element): number {
  let bytes = PER_ELEMENT;
  for (const value of Object.values(element.attrs as object)) bytes += String(value).length;
  for (const child of element.children as unknown[]) {
    bytes += isElement(child) ? sizeOfElement(child) : String(child).length;
  }
  return bytes;
}
