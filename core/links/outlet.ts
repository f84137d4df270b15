/**
 * The way out: the one object that bytes for a peer go through, whoever the peer is.
 *
 * What is written in one turn of the event loop leaves in one socket write, flushed together with all other outlets of
 * the process; while more comes in, of several turns.
 */
export interface Outlet {
  /** False once the peer is gone or was dropped; what is written then is lost, as on any closed connection. */
  readonly open: boolean;
  /** Bytes accepted and not yet taken by the operating system (approximate, in UTF-16 units). */
  readonly pending: number;
  /**
   * Queues text. An outlet over its limit closes itself with a stream error; nobody else waits for it.
   * @param isAscii the text is known to be ASCII, which is cheaper to send
   */
  write(text: string, isAscii?: boolean): void;
  /**
   * Queues one text for each of several recipients that differs in their addresses alone, as `write` would one by one;
   * where it is missing, that is done.
   * @param from the first recipient, and @param to the one after the last, by their numbers
   */
  writeEach?(splice: Splice, recipients: Addresses, from: number, to: number): void;
}

/** A text that lacks an address. */
export interface Splice {
  readonly before: string;
  readonly after: string;
  /** Whether both are ASCII. */
  readonly isAscii: boolean;
}

/** Addresses, escaped for an attribute, in UTF-8, one right behind the other. */
export interface Addresses {
  readonly bytes: Uint8Array;
  /** Where each ends; the next one begins there. */
  readonly ends: readonly number[];
}
