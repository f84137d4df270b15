import { performance } from "node:perf_hooks";
import { StanzaError } from "../xmpp/stanza-error.js";
import type { Timers } from "../timers/timers.js";
import type { Handler, HookOptions, PayloadOf, ResultOf } from "./events.js";

/**
 * What a result of an event means.
 *
 * - `notify`: something has happened; a handler that throws is logged and the next one runs.
 * - `stoppable`: a value stops the chain; a handler that throws refuses with `internal-server-error`.
 * - `suspendable`: as `stoppable`, and `fireAsync` awaits a promise.
 */
export type EventKind = "notify" | "stoppable" | "suspendable";

/** What else a declaration says of an event. */
export interface EventDeclaration {
  /** What it is about, for the log. */
  readonly describe?: (event: never) => string;
  /** What a handler's failures are counted for, and may be disabled for: a room. Default: nothing. */
  readonly subject?: (event: never) => object | undefined;
  /**
   * Runs the handlers that come after one which was awaited; by default they just run. Whoever fired the event may want
   * them to be part of something.
   */
  readonly resume?: (event: never, run: () => unknown) => unknown;
}

/** Whoever hooks: a module. Errors of its handlers are its own. */
export interface HandlerOwner {
  readonly name: string;
  /** Place in the order of loading, kept over a reload. */
  readonly loadOrder: number;
  /** What its handlers are not called for any longer, as they failed too often; `undefined` while there is nothing. */
  readonly disabledFor?: WeakSet<object> | undefined;
  /** A handler threw, or answered with a promise where none is awaited. */
  onHandlerError(error: unknown, event: string, about: string, subject?: object): void;
  /** A handler took long: `milliseconds` of one call. */
  onSlowHandler(event: string, milliseconds: number): void;
}

type Fn = (event: unknown) => unknown;
type Wrapper = (next: (event?: unknown) => unknown, event: unknown) => unknown;

interface Entry {
  readonly fn: Fn;
  readonly owner: HandlerOwner;
  priority: number;
  readonly order: number;
  options: HookOptions | undefined;
  /** Calls that were timed, and the milliseconds that they took, in all and at most. */
  samples: number;
  totalMs: number;
  maxMs: number;
}

/** What one handler has cost. */
export interface HandlerCost {
  readonly event: string;
  readonly priority: number;
  /** How often the event was fired since it has a handler. */
  readonly fires: number;
  /** Milliseconds of one call, on average of those that were timed; `undefined`: none was. */
  readonly averageMs: number | undefined;
  /** Milliseconds of the longest call that was timed. */
  readonly maxMs: number;
}

interface EventRecord {
  readonly name: string;
  readonly kind: EventKind;
  readonly declared: EventDeclaration;
  /** In order of call; replaced, never changed, so that a fire in progress goes on with the list it began with. */
  entries: readonly Entry[];
  wrappers: readonly { readonly fn: Wrapper; readonly owner: HandlerOwner }[];
  fires: number;
}

/** Handlers are timed one by one in one fire of so many, and in the fire after a slow one, with all fires within it. */
const SAMPLE = 64;
/** Milliseconds that a fire may take before somebody should look. */
const SLOW_FIRE_MS = 100;

const UNTIMED = { samples: 0, totalMs: 0, maxMs: 0 };

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** What an {@link EventBus} works with. */
export interface EventBusOptions {
  readonly timers: Timers;
  /** Milliseconds that an asynchronous handler has when it set no deadline of its own. */
  readonly defaultDeadlineMs: () => number;
}

/**
 * Handlers by event name: higher priority first, then order of module load, then of registration. A value other than
 * `undefined` ends the chain. Knows nothing about XMPP but that a refusal is a {@link StanzaError}.
 *
 * Names are looked up, never cached by content, so that names chosen by an attacker leave nothing behind.
 */
export class EventBus<E> {
  readonly #records = new Map<string, EventRecord>();
  readonly #kinds = new Map<string, { readonly kind: EventKind; readonly declared: EventDeclaration }>();
  readonly #options: EventBusOptions;
  #order = 0;
  /** The latest fire was slow: which handler was it, the next time? */
  #timeHandlers = false;
  /** A fire is being timed. */
  #isTiming = false;

  constructor(options: EventBusOptions) {
    this.#options = options;
  }

  /**
   * Declares what results of an event mean; names ending in `*` are prefixes. Undeclared events are `notify`.
   * @returns how to take it back
   */
  declare(name: string, kind: EventKind, declared: EventDeclaration = {}): () => void {
    const declaration = { kind, declared };
    this.#kinds.set(name, declaration);
    this.#applyDeclarations(name);
    return () => {
      if (this.#kinds.get(name) !== declaration) return;
      this.#kinds.delete(name);
      this.#applyDeclarations(name);
    };
  }

  /** Handlers may have been hooked before the event was declared, or after it no longer is. */
  #applyDeclarations(name: string): void {
    for (const [known, record] of this.#records) {
      if (known === name || (name.endsWith("*") && known.startsWith(name.slice(0, -1)))) {
        this.#records.set(known, { ...record, ...this.#declaration(known) });
      }
    }
  }

  /** @throws TypeError when the handler is no function */
  hook<K extends keyof E & string>(
    event: K,
    handler: Handler<E, K>,
    owner: HandlerOwner,
    priority = 0,
    options?: HookOptions,
  ): void {
    this.hookUntyped(event, handler as Fn, owner, priority, options);
  }

  /** {@link hook} for a name that was not declared as a type. */
  hookUntyped(event: string, handler: Fn, owner: HandlerOwner, priority = 0, options?: HookOptions): void {
    if (typeof handler !== "function") {
      throw new TypeError(`hook: handler of ${event} must be a function, received ${typeof handler}`);
    }
    if (!Number.isFinite(priority)) throw new TypeError(`hook: priority of ${event} must be a number`);
    const record = this.#record(event);
    const rest = record.entries.filter((entry) => entry.fn !== handler || entry.owner !== owner);
    const entry: Entry = { fn: handler, owner, priority, order: this.#order++, options, ...UNTIMED };
    record.entries = [...rest, entry].sort(
      (a, b) => b.priority - a.priority || a.owner.loadOrder - b.owner.loadOrder || a.order - b.order,
    );
  }

  unhook(event: string, handler: Fn, owner: HandlerOwner): void {
    const record = this.#records.get(event);
    if (!record) return;
    record.entries = record.entries.filter((entry) => entry.fn !== handler || entry.owner !== owner);
    this.#dropIfEmpty(record);
  }

  /** Runs around the handlers; the wrapper added last is outermost. */
  wrap(event: string, wrapper: Wrapper, owner: HandlerOwner): void {
    const record = this.#record(event);
    record.wrappers = [...record.wrappers, { fn: wrapper, owner }];
  }

  /** Takes away all that an owner hooked or wrapped. */
  removeOwner(owner: HandlerOwner): void {
    for (const record of [...this.#records.values()]) {
      record.entries = record.entries.filter((entry) => entry.owner !== owner);
      record.wrappers = record.wrappers.filter((wrapper) => wrapper.owner !== owner);
      this.#dropIfEmpty(record);
    }
  }

  /** Whether anybody listens. */
  hasHandlers(event: string): boolean {
    return this.#records.has(event);
  }

  /** What results of an event mean, whether somebody hooks it or not. */
  kindOf(event: string): EventKind {
    return this.#declaration(event).kind;
  }

  /** Names of the events that were declared, in order; those ending in `*` are prefixes. */
  declaredEvents(): string[] {
    return [...this.#kinds.keys()];
  }

  /** Names of the events that somebody hooks or wraps, in order of the first hook: for documentation and `chorusctl`. */
  hookedEvents(): string[] {
    return [...this.#records.keys()];
  }

  /** Handlers of an event in order of call, for documentation, `chorusctl` and tests. */
  handlersOf(event: string): { readonly module: string; readonly priority: number }[] {
    return (this.#records.get(event)?.entries ?? []).map(({ owner, priority }) => ({ module: owner.name, priority }));
  }

  /** What the handlers of an owner have cost, by event. */
  costsOf(owner: HandlerOwner): HandlerCost[] {
    return [...this.#records.values()].flatMap(({ name, entries, fires }) =>
      entries
        .filter((entry) => entry.owner === owner)
        .map(({ priority, samples, totalMs, maxMs }) => {
          return { event: name, priority, fires, averageMs: samples === 0 ? undefined : totalMs / samples, maxMs };
        }),
    );
  }

  /** Calls the handlers. A promise that one of them answers with is that module's error, and counts as `undefined`. */
  fire<K extends keyof E & string>(event: K, data: PayloadOf<E[K]>): Exclude<ResultOf<E[K]>, Promise<unknown>> {
    return this.fireUntyped(event, data) as Exclude<ResultOf<E[K]>, Promise<unknown>>;
  }

  /** Calls the handlers; the result is a promise only when a handler of a suspendable event answered with one. */
  fireAsync<K extends keyof E & string>(event: K, data: PayloadOf<E[K]>): ResultOf<E[K]> {
    const record = this.#records.get(event);
    return (record ? this.#start(record, data, record.kind === "suspendable") : undefined) as ResultOf<E[K]>;
  }

  fireUntyped(event: string, data: unknown): unknown {
    const record = this.#records.get(event);
    return record ? this.#start(record, data, false) : undefined;
  }

  #record(name: string): EventRecord {
    let record = this.#records.get(name);
    if (!record) {
      const { kind, declared } = this.#declaration(name);
      record = { name, kind, declared, entries: [], wrappers: [], fires: 0 };
      this.#records.set(name, record);
    }
    return record;
  }

  #declaration(name: string): { readonly kind: EventKind; readonly declared: EventDeclaration } {
    const exact = this.#kinds.get(name);
    if (exact) return exact;
    for (const [pattern, declaration] of this.#kinds) {
      if (pattern.endsWith("*") && name.startsWith(pattern.slice(0, -1))) return declaration;
    }
    return { kind: "notify", declared: {} };
  }

  #dropIfEmpty(record: EventRecord): void {
    if (record.entries.length === 0 && record.wrappers.length === 0) this.#records.delete(record.name);
  }

  #start(record: EventRecord, data: unknown, mayAwait: boolean): unknown {
    const { entries, wrappers } = record;
    if (wrappers.length === 0) return this.#timed(record, entries, data, mayAwait);
    let run = (event: unknown): unknown => this.#timed(record, entries, event, mayAwait);
    for (const { fn, owner } of wrappers) {
      const inner = run;
      run = (event) => {
        try {
          return fn((changed = event) => inner(changed), event);
        } catch (error) {
          return this.#failed(record, owner, error, event);
        }
      };
    }
    return run(data);
  }

  #timed(record: EventRecord, entries: readonly Entry[], data: unknown, mayAwait: boolean): unknown {
    const sample = this.#timeHandlers || record.fires++ % SAMPLE === 0;
    // The time of a fire within a fire is in that of the outer one.
    if (this.#isTiming) return this.#run(record, entries, 0, data, mayAwait, sample);
    this.#isTiming = true;
    const began = performance.now();
    try {
      return this.#run(record, entries, 0, data, mayAwait, sample);
    } finally {
      this.#isTiming = false;
      this.#timeHandlers = performance.now() - began > SLOW_FIRE_MS;
    }
  }

  #run(
    record: EventRecord,
    entries: readonly Entry[],
    from: number,
    data: unknown,
    mayAwait: boolean,
    sample: boolean,
  ): unknown {
    for (let i = from; i < entries.length; i++) {
      const entry = entries[i] as Entry;
      if (entry.owner.disabledFor !== undefined && isDisabled(record, entry.owner, data)) continue;
      let result: unknown;
      const began = sample ? performance.now() : 0;
      try {
        result = entry.fn(data);
      } catch (error) {
        result = this.#failed(record, entry.owner, error, data);
      }
      if (sample) {
        const took = performance.now() - began;
        entry.samples++;
        entry.totalMs += took;
        if (took > entry.maxMs) entry.maxMs = took;
        if (took > SLOW_FIRE_MS) entry.owner.onSlowHandler(record.name, took);
      }
      if (result === undefined) continue;
      if (!isThenable(result)) return result;
      if (mayAwait) return this.#suspend(record, entries, i, result, data);
      // Nobody waits for it here, but its rejection must not become the process's.
      Promise.resolve(result).catch(() => undefined);
      const misuse = new TypeError(`${record.name}: answered with a promise, which is not awaited here`);
      this.#report(record, entry.owner, misuse, data);
    }
    return undefined;
  }

  async #suspend(
    record: EventRecord,
    entries: readonly Entry[],
    at: number,
    pending: PromiseLike<unknown>,
    data: unknown,
  ): Promise<unknown> {
    const entry = entries[at] as Entry;
    let result: unknown;
    try {
      result = await this.#withDeadline(record, entry, pending, data);
    } catch (error) {
      result = this.#failed(record, entry.owner, error, data);
    }
    if (result !== undefined || at + 1 === entries.length) return result;
    const rest = (): unknown => this.#run(record, entries, at + 1, data, true, false);
    const { resume } = record.declared;
    return resume ? resume(data as never, rest) : rest();
  }

  #withDeadline(record: EventRecord, entry: Entry, pending: PromiseLike<unknown>, data: unknown): Promise<unknown> {
    const deadlineMs = entry.options?.deadlineMs ?? this.#options.defaultDeadlineMs();
    return new Promise((resolve, reject) => {
      const timer = this.#options.timers.add(deadlineMs / 1000, () => {
        const seconds = deadlineMs / 1000;
        this.#report(record, entry.owner, new Error(`no answer within ${seconds} s`), data);
        if (entry.options?.onTimeout === "continue") resolve(undefined);
        else resolve(new StanzaError({ type: "wait", condition: "resource-constraint" }));
        return undefined;
      });
      Promise.resolve(pending)
        .then(resolve, reject)
        .finally(() => timer.stop());
    });
  }

  /** What a throw means: a thrown refusal is a refusal; anything else is logged, and refuses where a result counts. */
  #failed(record: EventRecord, owner: HandlerOwner, error: unknown, data: unknown): unknown {
    if (error instanceof StanzaError && record.kind !== "notify") return error;
    this.#report(record, owner, error, data);
    if (record.kind === "notify") return undefined;
    return new StanzaError({ type: "cancel", condition: "internal-server-error", cause: error });
  }

  #report(record: EventRecord, owner: HandlerOwner, error: unknown, data: unknown): void {
    const { describe, subject } = record.declared;
    owner.onHandlerError(error, record.name, describe?.(data as never) ?? "", subject?.(data as never));
  }
}

function isDisabled({ declared }: EventRecord, { disabledFor }: HandlerOwner, data: unknown): boolean {
  const subject = declared.subject?.(data as never);
  return subject !== undefined && disabledFor?.has(subject) === true;
}
