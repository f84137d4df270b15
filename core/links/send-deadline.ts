import type { Socket } from "node:net";
import type { Wait } from "./stanza-deadline.js";

/** What a {@link SendDeadline} works with. */
export interface SendDeadlineOptions {
  /** How long that may be. */
  readonly seconds: number;
  /** Calls `fn` after so many seconds. */
  readonly wait: (seconds: number, fn: () => void) => Wait;
  /** Whether a quarter of that is enough, as too much waits; by default it is not. */
  readonly isPressing?: () => boolean;
  /** Nothing was taken in that time; called once. */
  readonly onLate: () => void;
}

/** How often it is looked at in that time: no timer is moved when something was taken. */
const LOOKS = 4;

/** Bounds how long a peer may take nothing of what waits for it: it has vanished without a word, or reads no more. */
export class SendDeadline {
  readonly #options: SendDeadlineOptions;
  #wait: Wait | undefined;

  constructor(options: SendDeadlineOptions) {
    this.#options = options;
  }

  /** Something waits to be taken by the operating system. */
  waiting(socket: Socket): void {
    if (!this.#wait) this.#look(socket, taken(socket), LOOKS);
  }

  #look(socket: Socket, before: number, left: number): void {
    const { seconds, wait, isPressing, onLate } = this.#options;
    this.#wait = wait(seconds / LOOKS, () => {
      this.#wait = undefined;
      if (socket.writableLength === 0) return;
      const now = taken(socket);
      if (now !== before) this.#look(socket, now, LOOKS);
      else if (left > 1 && isPressing?.() !== true) this.#look(socket, now, left - 1);
      else onLate();
    });
  }

  /** Nothing more is expected to be taken. */
  stop(): void {
    this.#wait?.cancel();
    this.#wait = undefined;
  }
}

/** Bytes of the writes that are done. */
function taken(socket: Socket): number {
  return socket.bytesWritten - socket.writableLength;
}
