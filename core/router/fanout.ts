import type { Outlet } from "../links/outlet.js";
import { escapeAttribute, isAscii, type StanzaTemplate } from "../xmpp/template.js";
import { parseStanza } from "../xmpp/parse.js";
import type { Element } from "../xmpp/element.js";
import type { DeliveryTarget } from "./delivery.js";
import { SharedOutlets } from "./shared-outlets.js";

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
}

/** What a job answers that cannot go on until something has happened: its lane stands still. */
const HELD = Symbol("held");

/**
 * Work of a lane: does as much of itself as `budget` deliveries allow.
 * @returns what is left of the budget; below 0: there is more to do
 */
type Job = (budget: number) => number | typeof HELD;

/** Work that waits, in order; done up to `head`. */
interface Lane {
  jobs: Job[];
  head: number;
  /** Its next job waits for something, and says when that has come. */
  isHeld: boolean;
  /** While something held is let go: the work of that, which comes before what waits behind it. */
  inPlace: Job[] | undefined;
}

/**
 * One-to-many delivery. Per recipient: one splice into the outlet, which was looked up at the first stanza.
 *
 * What is delivered on one lane leaves in order, also when a large fan-out had to be cut into slices.
 */
export class Fanout {
  readonly #options: FanoutOptions;
  readonly #lanes = new Map<object, Lane>();
  readonly #shared = new SharedOutlets();
  #scheduled = false;

  constructor(options: FanoutOptions) {
    this.#options = options;
  }

  deliver(template: StanzaTemplate, targets: readonly DeliveryTarget[], lane: object = template): void {
    let next = 0;
    this.#run(lane, (budget) => {
      const first = next;
      const end = Math.min(first + budget, targets.length);
      if (this.#shared.deliver(template, targets, first, end)) next = end;
      for (; next < end; next++) this.#deliverTo(template, targets[next] as DeliveryTarget);
      return next === targets.length ? budget - (next - first) : -1;
    });
  }

  /** Whether something on the lane has not left yet. */
  isBehind(lane: object): boolean {
    return this.#lanes.size > 0 && this.#lanes.has(lane);
  }

  /** Runs `fn` when all that is before it on its lane has left. */
  inTurn(lane: object | undefined, fn: () => void): void {
    if (lane === undefined) fn();
    else {
      this.#run(lane, (budget) => {
        fn();
        return budget - 1;
      });
    }
  }

  /**
   * Keeps back what comes after it on the lane until `until` has settled, whatever else comes on other lanes.
   * @param settled what it delivers on the lane comes in this place; told why if `until` rejected
   */
  hold(
    key: object,
    until: Promise<unknown>,
    settled: (failure: { readonly error: unknown } | undefined) => void,
  ): void {
    let outcome: { readonly failure: { readonly error: unknown } | undefined } | undefined;
    const over = (failure: { readonly error: unknown } | undefined): void => {
      outcome = { failure };
      const lane = this.#lanes.get(key);
      if (!lane?.isHeld) return;
      lane.isHeld = false;
      this.#advance(key, lane);
      this.#schedule();
    };
    until.then(
      () => {
        over(undefined);
      },
      (error: unknown) => {
        over({ error });
      },
    );
    this.#run(key, (budget) => {
      const lane = this.#lanes.get(key);
      if (!outcome || !lane) return HELD;
      const inPlace: Job[] = [];
      lane.inPlace = inPlace;
      settled(outcome.failure);
      lane.inPlace = undefined;
      lane.jobs.splice(lane.head + 1, 0, ...inPlace);
      return budget - 1;
    });
  }

  #run(key: object, job: Job): void {
    const lane = this.#lanes.get(key);
    if (lane) {
      (lane.inPlace ?? lane.jobs).push(job);
      return;
    }
    const left = job(SLICE);
    if (left !== HELD && left >= 0) return;
    this.#lanes.set(key, { jobs: [job], head: 0, isHeld: left === HELD, inPlace: undefined });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || !this.#hasWork()) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      for (const [key, lane] of this.#lanes) if (!lane.isHeld) this.#advance(key, lane);
      this.#schedule();
    });
  }

  #hasWork(): boolean {
    for (const lane of this.#lanes.values()) if (!lane.isHeld) return true;
    return false;
  }

  #advance(key: object, lane: Lane): void {
    for (let budget = SLICE; budget > 0;) {
      const job = lane.jobs[lane.head];
      if (!job) {
        this.#lanes.delete(key);
        return;
      }
      const left = job(budget);
      if (left === HELD) {
        lane.isHeld = true;
        break;
      }
      budget = left;
      if (budget >= 0) lane.head++;
    }
    // What is done is let go of now and then, not one by one: that would move the whole rest each time.
    if (lane.head > SLICE) {
      lane.jobs = lane.jobs.slice(lane.head);
      lane.head = 0;
    }
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
