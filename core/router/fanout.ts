import type { Outlet } from "../links/outlet.js";
import { escapeAttribute, isAscii, type StanzaTemplate } from "../xmpp/template.js";
import { parseStanza } from "../xmpp/parse.js";
import type { Element } from "../xmpp/element.js";
import type { DeliveryTarget, Recipients } from "./delivery.js";
import type { HeldEntry } from "./outbox.js";
import { deliverTogether } from "./deliver-together.js";

/**
 * Deliveries that a lane makes in one turn of the event loop; what is more waits, with other lanes in between. Large
 * enough that rooms of thousands are served in one go, as each cut costs every recipient a socket write of its own.
 */
export const SLICE = 4000;

/** How a {@link Fanout} gets to recipients. */
export interface FanoutOptions {
  /** The way to a recipient; `"route"`: through the events of a host served here; `"lost"`: its link is down. */
  readonly outletFor: (jid: string, from: string) => Outlet | "route" | "lost";
  readonly route: (stanza: Element) => void;
  /** What was held back may leave, or never will: what this delivers on the lane comes in its place. */
  readonly letGo: (held: HeldEntry, lane: object, failure: Failure | undefined) => void;
}

/** Why what was waited for did not come. */
export interface Failure {
  readonly error: unknown;
}

/** Work of a lane. */
type Job =
  | {
      readonly kind: "deliver";
      readonly template: StanzaTemplate;
      readonly recipients: Recipients;
      /** The first who has not got it yet. */
      next: number;
    }
  | { readonly kind: "turn"; readonly fn: () => void }
  | { readonly kind: "held"; readonly held: HeldEntry; readonly wait: Wait };

/** Work that waits, in order; done up to `head`. */
interface Lane {
  readonly key: object;
  /** Empty when nothing waits. */
  jobs: Job[];
  head: number;
  /** Its next job waits for something, and the lane goes on when that has come. */
  isHeld: boolean;
  /** It goes on in the next turn. */
  isScheduled: boolean;
  /** While something held is let go: the work of that, which comes before what waits behind it. */
  inPlace: Job[] | undefined;
}

/** What jobs of some lanes wait for. */
interface Wait {
  readonly until: Promise<unknown>;
  readonly lanes: Lane[];
  outcome: { readonly failure: Failure | undefined } | undefined;
}

/** What is left of a budget when the job waits for something. */
const HELD = Symbol("held");
/** What is left of it when that was not enough. */
const MORE = -1;

/**
 * One-to-many delivery. Per recipient: one splice into the outlet, which was looked up at the first stanza.
 *
 * What is delivered on one lane leaves in order, also when a large fan-out had to be cut into slices.
 */
export class Fanout {
  readonly #options: FanoutOptions;
  /** Of those that something had to wait on; they stay, as a map whose entries come and go is work for the collector. */
  readonly #lanes = new WeakMap<object, Lane>();
  /** Something had to wait before. */
  #hasLanes = false;
  #scheduled: Lane[] = [];
  /** The latest, while it lasts: what is said at the same time is written together. */
  #wait: Wait | undefined;

  constructor(options: FanoutOptions) {
    this.#options = options;
  }

  deliver(template: StanzaTemplate, recipients: Recipients, lane: object = template): void {
    this.#run(lane, { kind: "deliver", template, recipients, next: 0 });
  }

  /** Whether something on the lane has not left yet. */
  isBehind(lane: object): boolean {
    return this.#hasLanes && (this.#lanes.get(lane)?.jobs.length ?? 0) > 0;
  }

  /** Runs `fn` when all that is before it on its lane has left. */
  inTurn(lane: object | undefined, fn: () => void): void {
    if (lane === undefined) fn();
    else this.#run(lane, { kind: "turn", fn });
  }

  /** Keeps back what comes after it on the lane until it may leave or never will, whatever comes on other lanes. */
  hold(key: object, held: HeldEntry): void {
    const lane = this.#laneOf(key);
    const wait = this.#waitFor(held.until);
    if (wait.lanes.at(-1) !== lane) wait.lanes.push(lane);
    if (lane.jobs.length === 0) lane.isHeld = true;
    (lane.inPlace ?? lane.jobs).push({ kind: "held", held, wait });
  }

  #laneOf(key: object): Lane {
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = { key, jobs: [], head: 0, isHeld: false, isScheduled: false, inPlace: undefined };
      this.#lanes.set(key, lane);
      this.#hasLanes = true;
    }
    return lane;
  }

  #waitFor(until: Promise<unknown>): Wait {
    if (this.#wait?.until === until) return this.#wait;
    const wait: Wait = { until, lanes: [], outcome: undefined };
    this.#wait = wait;
    void this.#await(wait);
    return wait;
  }

  /** Never rejects. */
  async #await(wait: Wait): Promise<void> {
    let failure: Failure | undefined;
    try {
      await wait.until;
    } catch (error) {
      failure = { error };
    }
    wait.outcome = { failure };
    if (this.#wait === wait) this.#wait = undefined;
    for (const lane of wait.lanes) {
      if (!lane.isHeld) continue;
      lane.isHeld = false;
      this.#advance(lane);
    }
  }

  #run(key: object, job: Job): void {
    const lane = this.#hasLanes ? this.#lanes.get(key) : undefined;
    if (lane && lane.jobs.length > 0) {
      (lane.inPlace ?? lane.jobs).push(job);
      return;
    }
    if (this.#do(job, SLICE, undefined) !== MORE) return;
    const waiting = lane ?? this.#laneOf(key);
    waiting.jobs.push(job);
    this.#schedule(waiting);
  }

  #schedule(lane: Lane): void {
    if (lane.isScheduled) return;
    lane.isScheduled = true;
    if (this.#scheduled.push(lane) > 1) return;
    setImmediate(() => {
      const lanes = this.#scheduled;
      this.#scheduled = [];
      for (const scheduled of lanes) {
        scheduled.isScheduled = false;
        if (!scheduled.isHeld) this.#advance(scheduled);
      }
    });
  }

  #advance(lane: Lane): void {
    for (let budget = SLICE; budget > 0;) {
      const job = lane.jobs[lane.head];
      if (!job) {
        lane.jobs = [];
        lane.head = 0;
        return;
      }
      const left = this.#do(job, budget, lane);
      if (left === HELD) {
        lane.isHeld = true;
        return;
      }
      budget = left;
      if (budget !== MORE) lane.head++;
    }
    // What is done is let go of now and then, not one by one: that would move the whole rest each time.
    if (lane.head > SLICE) {
      lane.jobs = lane.jobs.slice(lane.head);
      lane.head = 0;
    }
    this.#schedule(lane);
  }

  /** Does as much of a job as so many deliveries allow. @returns how many more are allowed; or `MORE`, or `HELD` */
  #do(job: Job, budget: number, lane: Lane | undefined): number | typeof HELD {
    switch (job.kind) {
      case "deliver":
        return this.#deliverSome(job, budget);
      case "turn":
        job.fn();
        return budget - 1;
      case "held":
        if (!job.wait.outcome || !lane) return HELD;
        this.#letGo(job.held, lane, job.wait.outcome.failure);
        return budget - 1;
    }
  }

  #letGo(held: HeldEntry, lane: Lane, failure: Failure | undefined): void {
    const inPlace: Job[] = [];
    lane.inPlace = inPlace;
    this.#options.letGo(held, lane.key, failure);
    lane.inPlace = undefined;
    lane.jobs.splice(lane.head + 1, 0, ...inPlace);
  }

  #deliverSome(job: Job & { readonly kind: "deliver" }, budget: number): number {
    const { template, recipients, next: first } = job;
    const { targets } = recipients;
    const end = Math.min(first + budget, targets.length);
    if (!deliverTogether(template, recipients, first, end)) {
      for (let next = first; next < end; next++) this.#deliverTo(template, targets[next] as DeliveryTarget);
    }
    job.next = end;
    return end === targets.length ? budget - (end - first) : MORE;
  }

  #deliverTo(template: StanzaTemplate, target: DeliveryTarget): void {
    let outlet = target.outlet;
    if (!outlet?.open) {
      const way = this.#options.outletFor(target.jid, template.from);
      if (typeof way === "string") {
        delete target.outlet;
        if (way === "route") this.#options.route(parseStanza(template.spliced(escapeAttribute(target.jid))));
        return;
      }
      target.outlet = outlet = way;
      target.escapedJid = escapeAttribute(target.jid);
      target.isAscii = isAscii(target.jid);
    }
    outlet.write(template.spliced(target.escapedJid as string), template.isAscii && target.isAscii === true);
  }
}
