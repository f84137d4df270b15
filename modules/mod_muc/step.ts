import { Outbox, StanzaError, type FullJid, type ModuleLog, type Router, type StanzaEvent } from "chorus-muc";
import { added } from "./lists.js";

/** Stanzas of a room that may wait for asynchronous handlers, and behind them. */
const MAX_PARKED = 64;

/** What a room does in one go, and what it takes to make it so, or to make it not so. */
export class Step {
  readonly outbox = new Outbox();
  #undo: (() => void)[] | undefined;
  #committed: (() => void)[] | undefined;
  /** Whether the room is to be stored; `forced`: what is stored of a temporary one is removed. */
  save: "no" | "if-persistent" | "forced" = "no";
  /** Sessions that came, changed or went. */
  sessions: Set<FullJid> | undefined;
  /** `_data` as it was when the step first touched it, as JSON. */
  dataBefore: string | undefined;
  /** What is being written without anything of the step waiting for it. */
  unwritten: Promise<unknown>[] | undefined;

  /** A session came, changed or went. */
  sessionChanged(jid: FullJid): void {
    (this.sessions ??= new Set()).add(jid);
  }

  /** How to take back what was changed last. */
  onRollback(undo: () => void): void {
    this.#undo = added(this.#undo, undo);
  }

  /** How to take back what is to be taken back last of all. */
  onRollbackLast(undo: () => void): void {
    this.#undo = [undo, ...(this.#undo ?? [])];
  }

  /** What is to be done once it is done. */
  onCommit(fn: () => void): void {
    this.#committed = added(this.#committed, fn);
  }

  /** Takes everything back, last change first. */
  rollBack(): void {
    const undos = this.#undo ?? [];
    this.#undo = undefined;
    for (const undo of undos.reverse()) undo();
  }

  /** It is done. */
  tellCommitted(call: (fn: () => void) => void): void {
    if (this.#committed) for (const fn of this.#committed) call(fn);
  }

  /** Joins a later step to this one. */
  absorb(later: Step): void {
    this.outbox.absorb(later.outbox);
    for (const undo of later.#undo ?? []) this.onRollback(undo);
    for (const fn of later.#committed ?? []) this.onCommit(fn);
    later.#undo = later.#committed = undefined;
    for (const jid of later.sessions ?? []) this.sessionChanged(jid);
    if (this.save === "no" || later.save === "forced") this.save = later.save;
    this.dataBefore ??= later.dataBefore;
  }
}

/** A piece of work for a room. */
export interface Task {
  /** Whose stanza it is, if it is one. */
  readonly sender?: string;
  /** The stanza that it is for: what has to wait of it counts as its sender's. */
  readonly event?: StanzaEvent | undefined;
  work(): void;
  /** It was taken back: refused by an error that was thrown, or not written. What it sends leaves at once. */
  fail(error: StanzaError): void;
  /** Its effects are there, and what it sent has left. */
  done?(): void;
}

/** What a parked task waits for. */
interface Suspension {
  /** What the task did before is done. */
  isReleased: boolean;
  /** Goes on: there is a verdict already, before what led to it is written. */
  goOn?: () => void;
}

/** Stanzas of one sender, while an earlier one of them is parked. */
interface Lane {
  /** What is awaited; `undefined` when nothing is. */
  suspension: Suspension | undefined;
  /** The task that is parked. */
  parked: OrderedTask | undefined;
  readonly waiting: Task[];
}

/** What becomes of the work for stanzas, each in the order of its sender's. */
interface Order {
  work(ordered: OrderedTask): void;
  fail(ordered: OrderedTask, error: StanzaError): void;
  done(ordered: OrderedTask): void;
}

/** The work for a stanza, which waits for the earlier ones of its sender. */
class OrderedTask implements Task {
  /** Not the work, but its place among those that wait, is what was done. */
  isParked = false;

  /** @param lane as soon as something of the sender is awaited */
  constructor(
    private readonly order: Order,
    readonly sender: string,
    readonly task: Task,
    public lane?: Lane,
  ) {}

  get event(): StanzaEvent | undefined {
    return this.task.event;
  }

  work(): void {
    this.order.work(this);
  }

  fail(error: StanzaError): void {
    this.order.fail(this, error);
  }

  done(): void {
    this.order.done(this);
  }
}

/** What the steps of a room work with, and whom they tell. */
export interface RoomStepsOptions {
  readonly router: Router;
  readonly log: ModuleLog;
  /** What outboxes are released on. */
  readonly lane: object;
  /** Why a stanza that was parked is not gone on with, whatever it was: the room has ended. */
  readonly refusal: (sender: string) => StanzaError | undefined;
  /** A step is about to begin. */
  readonly wake: () => void;
  /** Runs within the step, when all its work is done. */
  readonly conclude: () => void;
  /** Issues the writes of a step, in one turn; `undefined` when there is nothing to wait for. */
  readonly commit: (step: Step) => Promise<unknown> | undefined;
  /** The step is over, whatever came of it. */
  readonly onIdle: () => void;
}

function tooMany(): StanzaError {
  return new StanzaError({ type: "wait", condition: "resource-constraint" });
}

const INTERNAL = { type: "cancel", condition: "internal-server-error" } as const;

/**
 * The steps of one room, one after the other.
 *
 * Without anything asynchronous a task is done when {@link take} returns, and no promise was made.
 */
export class RoomSteps {
  readonly #options: RoomStepsOptions;
  readonly #queue: Task[] = [];
  readonly #lanes = new Map<string, Lane>();
  #current: Step | undefined;
  /** The work of the step that begins. */
  #task: Task | undefined;
  /** The stanza's work that is under way, if it is a stanza's. */
  #ordered: OrderedTask | undefined;
  #isWriting = false;
  /** Steps of bare calls, made while an earlier step is being written. */
  #aside: Step[] = [];
  #parked = 0;

  readonly #order: Order = {
    work: (ordered) => {
      this.#workInOrder(ordered);
    },
    fail: (ordered, error) => {
      this.#failInOrder(ordered, error);
    },
    done: (ordered) => {
      this.#doneInOrder(ordered);
    },
  };

  constructor(options: RoomStepsOptions) {
    this.#options = options;
  }

  /** The step under way, if any. */
  get current(): Step | undefined {
    return this.#current;
  }

  /** Nothing is under way, waits, or is parked. */
  get isIdle(): boolean {
    return !this.#current && !this.#isWriting && this.#queue.length === 0 && this.#lanes.size === 0;
  }

  /** Does the work for a stanza of a sender: now, or when it is this sender's and this room's turn. */
  take(sender: string, task: Task): void {
    const lane = this.#laneOf(sender);
    // What is queued goes first, and may have to wait behind the parked one itself.
    if (!lane || this.#queue.some((queued) => queued.sender === sender)) {
      this.#submit(new OrderedTask(this.#order, sender, task));
    } else if (this.#parked >= MAX_PARKED) this.#fail(task, tooMany());
    else this.#park(lane, task);
  }

  #laneOf(sender: string): Lane | undefined {
    return this.#lanes.size === 0 ? undefined : this.#lanes.get(sender);
  }

  #park(lane: Lane, task: Task): void {
    this.#parked++;
    lane.waiting.push(task);
  }

  /**
   * Within a task: goes on with `next` when a verdict is there. A promise parks the task: what it has done so far is a
   * step of its own, and `next` runs in a later one, told that it was `resumed`.
   */
  decide<V>(verdict: V | PromiseLike<V>, next: (verdict: V, resumed: boolean) => void): void {
    if (!isThenable(verdict)) {
      next(verdict, false);
      return;
    }
    const ordered = this.#ordered;
    if (!ordered) throw new TypeError("decide: only a stanza can be parked");
    if (this.#parked >= MAX_PARKED) {
      Promise.resolve(verdict).catch(() => undefined); // nobody asks for it any more
      throw tooMany();
    }
    this.#parked++;
    const suspension: Suspension = { isReleased: false };
    const lane = (ordered.lane ??= { suspension: undefined, parked: undefined, waiting: [] });
    lane.suspension = suspension;
    const resume = (go: () => void): void => {
      if (lane.suspension !== suspension) return; // what led to it was taken back
      if (!suspension.isReleased) {
        suspension.goOn = () => {
          resume(go);
        };
        return;
      }
      this.#parked--;
      lane.suspension = undefined;
      this.#resume(lane, go);
    };
    Promise.resolve(verdict).then(
      (value) => {
        resume(() => {
          next(value, true);
        });
      },
      (error: unknown) => {
        resume(() => {
          throw error;
        });
      },
    );
  }

  /** See `Room.run`. */
  run<R>(fn: () => R, event?: StanzaEvent): R | Promise<R> {
    if (this.#current) return fn();
    let result: { readonly value: R } | { readonly error: StanzaError } | undefined;
    let settle: ((result: { readonly value: R } | { readonly error: StanzaError }) => void) | undefined;
    let value: R;
    const finish = (outcome: { readonly value: R } | { readonly error: StanzaError }): void => {
      result = outcome;
      settle?.(outcome);
    };
    this.#submit({
      event,
      work: () => {
        value = fn();
      },
      done: () => {
        finish({ value });
      },
      fail: (error) => {
        finish({ error });
      },
    });
    if (result) return unwrap(result);
    return new Promise((resolve, reject) => {
      settle = (outcome) => {
        if ("error" in outcome) reject(outcome.error);
        else resolve(outcome.value);
      };
    });
  }

  /** A call that is a step by itself unless one is under way; its effects are in memory when it returns. */
  bare<R>(fn: () => R): R {
    if (this.#current) return fn();
    if (this.#isWriting) return this.#besides(fn);
    let outcome: { readonly value: R } | undefined;
    let failure: StanzaError | undefined;
    this.#perform({
      work: () => {
        outcome = { value: fn() };
      },
      fail: (error) => {
        failure = error;
      },
    });
    this.#drain();
    if (failure) throw failure;
    return (outcome as unknown as { readonly value: R }).value;
  }

  #besides<R>(fn: () => R): R {
    const step = new Step();
    this.#current = step;
    try {
      return this.#options.router.collect(step.outbox, () => {
        const value = fn();
        this.#options.conclude();
        return value;
      });
    } catch (error) {
      this.#undo(step);
      this.#options.router.drop(step.outbox);
      throw error;
    } finally {
      this.#current = undefined;
      this.#aside.push(step);
    }
  }

  #workInOrder(ordered: OrderedTask): void {
    const { sender, task } = ordered;
    // While this one was queued, one before it was parked.
    const ahead = this.#laneOf(sender);
    if (ahead && ahead !== ordered.lane) {
      if (this.#parked >= MAX_PARKED) throw tooMany();
      this.#park(ahead, task);
      ordered.isParked = true;
      return;
    }
    this.#ordered = ordered;
    task.work();
    const { lane } = ordered;
    if (!lane?.suspension) return;
    this.#lanes.set(sender, lane);
    lane.parked = ordered;
  }

  #failInOrder(ordered: OrderedTask, error: StanzaError): void {
    const { lane, task } = ordered;
    if (lane?.suspension) {
      this.#parked--;
      lane.suspension = undefined;
    }
    task.fail(error);
    this.#over(ordered);
  }

  #doneInOrder(ordered: OrderedTask): void {
    if (ordered.isParked) return;
    const suspension = ordered.lane?.suspension;
    if (suspension) {
      suspension.isReleased = true;
      suspension.goOn?.();
      return;
    }
    ordered.task.done?.();
    this.#over(ordered);
  }

  /** The next one of the sender, if one waits. */
  #over({ sender, lane }: OrderedTask): void {
    if (!lane) return; // nothing was awaited, so nobody waited either
    const next = lane.waiting.shift();
    if (!next) {
      if (this.#lanes.get(sender) === lane) this.#lanes.delete(sender);
      return;
    }
    this.#parked--;
    this.#submit(new OrderedTask(this.#order, sender, next, lane));
  }

  #resume(lane: Lane, go: () => void): void {
    const parked = lane.parked as OrderedTask;
    this.#submit({
      event: parked.event,
      work: () => {
        const refusal = this.#options.refusal(parked.sender);
        if (refusal) throw refusal;
        this.#ordered = parked;
        go();
      },
      done: () => {
        parked.done();
      },
      fail: (error) => {
        parked.fail(error);
      },
    });
  }

  #submit(task: Task): void {
    if (this.#current || this.#isWriting || this.#queue.length > 0) {
      this.#queue.push(task);
      return;
    }
    this.#perform(task);
    this.#drain();
  }

  #drain(): void {
    while (!this.#current && !this.#isWriting) {
      const task = this.#queue.shift();
      if (!task) {
        this.#options.onIdle();
        return;
      }
      this.#perform(task);
    }
  }

  readonly #work = (): void => {
    this.#task?.work();
    this.#options.conclude();
  };

  #perform(task: Task): void {
    const { router, wake, commit } = this.#options;
    wake();
    const step = new Step();
    this.#current = step;
    let written: Promise<unknown> | undefined;
    let failure: { readonly error: unknown } | undefined;
    try {
      this.#task = task;
      router.collect(step.outbox, this.#work);
      written = commit(step);
    } catch (error) {
      failure = { error };
    } finally {
      this.#current = undefined;
      this.#ordered = undefined;
    }
    if (failure) this.#takeBack(step, task, failure.error);
    else if (written) this.#await(written, step, task);
    else this.#release(step, task);
  }

  #await(written: Promise<unknown>, step: Step, task: Task | undefined): void {
    this.#isWriting = true;
    written.then(
      () => {
        this.#release(step, task);
        this.#commitAside();
      },
      (error: unknown) => {
        for (const later of this.#aside.reverse()) {
          this.#undo(later);
          this.#options.router.drop(later.outbox);
        }
        this.#aside = [];
        this.#isWriting = false;
        this.#takeBack(step, task, error);
        this.#drain();
      },
    );
  }

  #commitAside(): void {
    const [step, ...later] = this.#aside;
    this.#aside = [];
    if (step) {
      for (const other of later) step.absorb(other);
      const written = this.#options.commit(step);
      if (written) {
        this.#await(written, step, undefined);
        return;
      }
      this.#release(step, undefined);
    }
    this.#isWriting = false;
    this.#drain();
  }

  #release(step: Step, task: Task | undefined): void {
    const event = task?.event;
    this.#options.router.release(step.outbox, this.#options.lane, event?.origin.backlog);
    step.tellCommitted(this.#guard);
    task?.done?.();
    if (!step.unwritten) return;
    this.#options.router.sendAtEndOfTurn();
    if (event) keepUntil(event, step.unwritten);
  }

  readonly #guard = (fn: () => void): void => {
    try {
      fn();
    } catch (error) {
      this.#options.log("error", "after a step: %s", error instanceof Error ? (error.stack ?? error) : error);
    }
  };

  #takeBack(step: Step, task: Task | undefined, error: unknown): void {
    this.#undo(step);
    this.#options.router.drop(step.outbox);
    if (!(error instanceof StanzaError)) {
      this.#options.log("error", "a step was taken back: %s", error instanceof Error ? (error.stack ?? error) : error);
    }
    if (task) this.#fail(task, error instanceof StanzaError ? error : new StanzaError({ ...INTERNAL, cause: error }));
  }

  /** What is called of the room while a step is taken back is part of that: no step of its own, after which others go on. */
  #undo(step: Step): void {
    const before = this.#current;
    const undoing = new Step();
    this.#current = undoing;
    try {
      this.#options.router.collect(undoing.outbox, () => {
        step.rollBack();
      });
    } finally {
      this.#current = before;
      this.#options.router.drop(undoing.outbox);
    }
  }

  #fail(task: Task, error: StanzaError): void {
    const { router, lane } = this.#options;
    const outbox = new Outbox();
    router.collect(outbox, () => {
      task.fail(error);
    });
    router.release(outbox, lane, task.event?.origin.backlog);
  }
}

/** What is being written is in memory until then, whoever waits for it. */
function keepUntil({ origin, stanza }: StanzaEvent, writes: readonly Promise<unknown>[]): void {
  const over = origin.backlog?.keep(stanza);
  if (over) void Promise.allSettled(writes).then(over);
}

function isThenable<V>(value: V | PromiseLike<V>): value is PromiseLike<V> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

function unwrap<R>(result: { readonly value: R } | { readonly error: StanzaError }): R {
  if ("error" in result) throw result.error;
  return result.value;
}
