import type { Element } from "chorus-muc";
import type { ClientConnection } from "./connection.js";

/** Whom a {@link HeldInput} asks and tells. */
export interface HeldInputHandlers {
  /** Handles an element that may be handled now. */
  readonly handle: (element: Element) => void;
  /** Whether elements are still of any use. */
  readonly isOpen: () => boolean;
  /** The work that was waited for has failed; what waits goes on waiting. */
  readonly onFailed: (error: unknown) => void;
}

/** Lets what a client sends wait, in order, while negotiation works on what it sent before. */
export class HeldInput {
  readonly #connection: ClientConnection;
  readonly #handlers: HeldInputHandlers;
  /** The work that is waited for. */
  #held: Promise<void> | undefined;
  #waiting: Element[] = [];

  /** @param connection nothing is read from it while something is waited for */
  constructor(connection: ClientConnection, handlers: HeldInputHandlers) {
    this.#connection = connection;
    this.#handlers = handlers;
  }

  /** Handles an element, at once or when its time has come. */
  take(element: Element): void {
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
    while (this.#waiting.length > 0 && this.#held === undefined && isOpen()) handle(this.#waiting.shift() as Element);
    if (this.#held === undefined) this.#connection.release();
  }
}
