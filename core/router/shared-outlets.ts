import type { Addresses, Outlet } from "../links/outlet.js";
import type { StanzaTemplate } from "../xmpp/template.js";
import type { DeliveryTarget } from "./delivery.js";

/** Fewer are served one by one just as well. */
const FEWEST = 8;

/** The outlet that all of a list of recipients share. */
interface SharedOutlet {
  readonly outlet: Outlet;
  readonly addresses: Addresses;
}

/**
 * Deliveries to those who are all behind one link, as the occupants of a room are whose users are on the server that
 * the room is attached to: the text for all of them is made in one go.
 *
 * What that takes is kept by list, for lists that cannot change, and made when a list comes a second time: many come once.
 */
export class SharedOutlets {
  readonly #known = new WeakMap<readonly DeliveryTarget[], SharedOutlet | "seen">();

  /** @returns false when it has to be done one by one */
  deliver(template: StanzaTemplate, targets: readonly DeliveryTarget[], from: number, to: number): boolean {
    if (targets.length < FEWEST) return false;
    let shared = this.#known.get(targets);
    if (shared === undefined) {
      if (Object.isFrozen(targets)) this.#known.set(targets, "seen");
      return false;
    }
    if (shared === "seen" || !shared.outlet.open) {
      shared = sharedOutlet(targets);
      if (!shared) return false;
      this.#known.set(targets, shared);
    }
    shared.outlet.writeEach?.(template, shared.addresses, from, to);
    return true;
  }
}

/** What recipients to whom something was delivered before have in common. */
function sharedOutlet(targets: readonly DeliveryTarget[]): SharedOutlet | undefined {
  const outlet = targets[0]?.outlet;
  if (!outlet?.open || !outlet.writeEach) return undefined;
  const ends: number[] = [];
  let text = "";
  let end = 0;
  for (const target of targets) {
    if (target.outlet !== outlet || target.escapedJid === undefined) return undefined;
    text += target.escapedJid;
    end += Buffer.byteLength(target.escapedJid);
    ends.push(end);
  }
  return { outlet, addresses: { bytes: Buffer.from(text), ends } };
}
