import type { Element } from "../xmpp/element.js";

/** What a client has received and nobody has looked at yet, in order. */
export class Inbox {
  readonly #queue: Element[] = [];
  readonly #waiting = new Set<() => void>();
  #ended: string | undefined;

  /** Called with every stanza as it arrives, before it is queued. */
  onArrival: ((stanza: Element) => void) | undefined;

  /** Why nothing more will come, once that is so. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** How many stanzas wait to be taken. */
  get size(): number {
    return this.#queue.length;
  }

  /** Takes in what has arrived. */
  push(stanza: Element): void {
    this.onArrival?.(stanza);
    this.#queue.push(stanza);
    this.#wake();
  }

  /** Nothing more will come; what is there can still be taken. */
  end(reason: string): void {
    this.#ended ??= reason;
    this.#wake();
  }

  /** The oldest stanza, which is gone then; `undefined` when there is none. */
  take(): Element | undefined {
    return this.#queue.shift();
  }

  /** Everything that is there; it is gone then. */
  takeAll(): Element[] {
    return this.#queue.splice(0);
  }

  /** Waits until there is something to take. False when the time is up, or nothing more can come. */
  async arrival(timeoutMs: number): Promise<boolean> {
    if (this.#queue.length > 0) return true;
    if (this.#ended !== undefined || timeoutMs <= 0) return false;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, timeoutMs);
      const waiting = this.#waiting;
      waiting.add(done);
      function done(): void {
        clearTimeout(timer);
        waiting.delete(done);
        resolve();
      }
    });
    return this.#queue.length > 0;
  }

  #wake(): void {
    for (const waiter of [...this.#waiting]) waiter();
  }
}
