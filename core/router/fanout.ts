import type { Outlet } from "../links/outlet.js";
import { escapeAttribute, type StanzaTemplate } from "../xmpp/template.js";
import { parseStanza } from "../xmpp/parse.js";
import type { Element } from "../xmpp/element.js";
import type { DeliveryTarget } from "./delivery.js";

/** Recipients that are served in one go; a larger fan-out is cut into slices of so many, with others in between. */
export const SLICE = 500;

export interface FanoutOptions {
  /** The way to a recipient; `"route"`: through the events of a host served here; `"lost"`: its link is down. */
  readonly outletFor: (jid: string, from: string) => Outlet | "route" | "lost";
  readonly route: (stanza: Element) => void;
}

/** A job of a lane: does one slice of itself, and says whether it is done. */
type Job = () => boolean;

/**
 * One-to-many delivery. Per recipient: one splice into the outlet, which was looked up at the first stanza.
 *
 * What is delivered on one lane leaves in order, also when a large fan-out had to be cut into slices.
 */
export class Fanout {
  readonly #options: FanoutOptions;
  readonly #lanes = new Map<object, Job[]>();
  #scheduled = false;

  constructor(options: FanoutOptions) {
    this.#options = options;
  }

  deliver(template: StanzaTemplate, targets: readonly DeliveryTarget[], lane: object = template): void {
    let next = 0;
    const slice: Job = () => {
      const end = Math.min(next + SLICE, targets.length);
      for (; next < end; next++) this.#deliverTo(template, targets[next] as DeliveryTarget);
      return next === targets.length;
    };
    this.#run(lane, slice);
  }

  /** Runs `fn` when all that is before it on its lane has left. */
  inTurn(lane: object | undefined, fn: () => void): void {
    if (lane === undefined) fn();
    else {
      this.#run(lane, () => {
        fn();
        return true;
      });
    }
  }

  #run(lane: object, job: Job): void {
    const queue = this.#lanes.get(lane);
    if (queue) queue.push(job);
    else if (!job()) {
      this.#lanes.set(lane, [job]);
      this.#schedule();
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      for (const [lane, queue] of this.#lanes) {
        while (queue[0]?.() === true) queue.shift();
        if (queue.length === 0) this.#lanes.delete(lane);
      }
      if (this.#lanes.size > 0) this.#schedule();
    });
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
