import type { Outlet } from "../links/outlet.js";
import { escapeAttribute, type StanzaTemplate } from "../xmpp/template.js";
import { parseStanza } from "../xmpp/parse.js";
import type { Element } from "../xmpp/element.js";
import type { DeliveryTarget } from "./delivery.js";

/**
 * Deliveries that a lane makes in one turn of the event loop; what is more waits, with other lanes in between. Large
 * enough that rooms of thousands are served in one go, as each cut costs every recipient a socket write of its own.
 */
export const SLICE = 4000;

export interface FanoutOptions {
  /** The way to a recipient; `"route"`: through the events of a host served here; `"lost"`: its link is down. */
  readonly outletFor: (jid: string, from: string) => Outlet | "route" | "lost";
  readonly route: (stanza: Element) => void;
}

/**
 * Work of a lane: does as much of itself as `budget` deliveries allow.
 * @returns what is left of the budget; below 0: there is more to do
 */
type Job = (budget: number) => number;

/** Work that waits, in order; done up to `head`. */
interface Lane {
  jobs: Job[];
  head: number;
}

/**
 * One-to-many delivery. Per recipient: one splice into the outlet, which was looked up at the first stanza.
 *
 * What is delivered on one lane leaves in order, also when a large fan-out had to be cut into slices.
 */
export class Fanout {
  readonly #options: FanoutOptions;
  readonly #lanes = new Map<object, Lane>();
  #scheduled = false;

  constructor(options: FanoutOptions) {
    this.#options = options;
  }

  deliver(template: StanzaTemplate, targets: readonly DeliveryTarget[], lane: object = template): void {
    let next = 0;
    this.#run(lane, (budget) => {
      const first = next;
      const end = Math.min(first + budget, targets.length);
      for (; next < end; next++) this.#deliverTo(template, targets[next] as DeliveryTarget);
      return next === targets.length ? budget - (next - first) : -1;
    });
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

  #run(key: object, job: Job): void {
    const lane = this.#lanes.get(key);
    if (lane) lane.jobs.push(job);
    else if (job(SLICE) < 0) {
      this.#lanes.set(key, { jobs: [job], head: 0 });
      this.#schedule();
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      for (const [key, lane] of this.#lanes) this.#advance(key, lane);
      if (this.#lanes.size > 0) this.#schedule();
    });
  }

  #advance(key: object, lane: Lane): void {
    for (let budget = SLICE; budget > 0;) {
      const job = lane.jobs[lane.head];
      if (!job) {
        this.#lanes.delete(key);
        return;
      }
      budget = job(budget);
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
    }
    outlet.write(template.spliced(target.escapedJid as string));
  }
}
