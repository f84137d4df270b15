/**
 * An object with events of its own, in Prosody's shape (`util.events`). `module.hookObjectEvent` takes any object that
 * has these methods.
 */
export interface EventSource {
  /** Hooks an event; higher priority first. */
  addHandler(event: string, handler: (data: unknown) => unknown, priority?: number): void;
  /** Takes a handler back; harmless when it is not there. */
  removeHandler(event: string, handler: (data: unknown) => unknown): void;
}

/** Runs around the handlers; `next` runs them, with other data if given. */
export type EventWrapper = (next: (event?: string, data?: unknown) => unknown, event: string, data: unknown) => unknown;

/** An event source whose events can be wrapped; `false` stands for all of them. */
export interface WrappableEventSource extends EventSource {
  /** Has a wrapper run around the handlers of an event. */
  addWrapper(event: string | false, wrapper: EventWrapper): void;
  /** Takes a wrapper back; harmless when it is not there. */
  removeWrapper(event: string | false, wrapper: EventWrapper): void;
}

interface Entry {
  readonly handler: (data: unknown) => unknown;
  readonly priority: number;
}

/**
 * Events of an object of a module's own, for whoever holds it: higher priority first, then in order of registration;
 * the first value other than `undefined` ends the chain and is the result. What a handler throws reaches who fires.
 */
export class Events implements WrappableEventSource {
  readonly #handlers = new Map<string, readonly Entry[]>();
  readonly #wrappers = new Map<string | false, readonly EventWrapper[]>();

  /** The same handler of the same event again: only its priority changes. */
  addHandler(event: string, handler: (data: unknown) => unknown, priority = 0): void {
    const others = (this.#handlers.get(event) ?? []).filter((entry) => entry.handler !== handler);
    this.#handlers.set(
      event,
      [...others, { handler, priority }].sort((a, b) => b.priority - a.priority),
    );
  }

  /** Takes a handler back; harmless when it is not there. */
  removeHandler(event: string, handler: (data: unknown) => unknown): void {
    const left = (this.#handlers.get(event) ?? []).filter((entry) => entry.handler !== handler);
    if (left.length > 0) this.#handlers.set(event, left);
    else this.#handlers.delete(event);
  }

  /** Of wrappers of one event the last added is outermost; those of all events run inside of them. */
  addWrapper(event: string | false, wrapper: EventWrapper): void {
    this.#wrappers.set(event, [...(this.#wrappers.get(event) ?? []), wrapper]);
  }

  /** Takes a wrapper back; harmless when it is not there. */
  removeWrapper(event: string | false, wrapper: EventWrapper): void {
    const left = (this.#wrappers.get(event) ?? []).filter((other) => other !== wrapper);
    if (left.length > 0) this.#wrappers.set(event, left);
    else this.#wrappers.delete(event);
  }

  /** Fires an event. @returns the value that ended the chain */
  fireEvent(event: string, data?: unknown): unknown {
    let run = (name: string, given: unknown): unknown => this.#run(name, given);
    for (const wrapper of [...(this.#wrappers.get(false) ?? []), ...(this.#wrappers.get(event) ?? [])]) {
      const inner = run;
      run = (name, given) => wrapper((next = name, changed = given) => inner(next, changed), name, given);
    }
    return run(event, data);
  }

  #run(event: string, data: unknown): unknown {
    for (const { handler } of this.#handlers.get(event) ?? []) {
      const result = handler(data);
      if (result !== undefined) return result;
    }
    return undefined;
  }
}
