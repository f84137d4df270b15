import type { Element } from "chorus-muc";
import type { ClientConnection } from "./connection.js";

/** Whom a {@link HeldInput} asks and tells. */
export interface HeldInputHandlers {
  /** Handles an element, or the end of the stream, that may be handled now. */
  readonly handle: (element: Element | "end") => void;
  /** Whether elements are still of any use. */
  readonly isOpen: () => boolean;
  /** The work that was waited for has failed; what waits goes on waiting. */
  readonly onFailed: (error: unknown) => void;
}

/** Lets what a client sends wait, in order, while something works on what it sent before. */
export class HeldInput {
  readonly #connection: ClientConnection;
  readonly #handlers: HeldInputHandlers;
  /** The work that is waited for. */
  #held: Promise<void> | undefined;
  #waiting: (Element | "end")[] = [];

  /** @param connection nothing is read from it while something is waited for */
  constructor(connection: ClientConnection, handlers: HeldInputHandlers) {
    this.#connection = connection;
    this.#handlers = handlers;
  }

  /** Handles an element, or the end of the stream, at once or when its time has come. */
  take(element: Element | "end"): void {
    if (this.#held) this.#waiting.push(element);
    else this.#handlers.handle(element);
  }

  /** Waits for work; if something is waited for already, for this instead. */
  hold(work: Promise<void>): void {
    this.#connection.hold();
    const held = work.then(() => {
      this.#resume(held);
    }, this.#handlers.onFailed);
    this.#held = held;
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting = [];
  }

  #resume(held: Promise<void>): void {
    if (this.#held !== held) return;
    this.#held = undefined;
    const { handle, isOpen } = this.#handlers;
    while (this.#waiting.length > 0 && this.#held === undefined && isOpen()) {
      handle(this.#waiting.shift() as Element | "end");
    }
    if (this.#held === undefined) this.#connection.release();
  }
}
