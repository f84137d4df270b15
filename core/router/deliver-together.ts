import type { StanzaTemplate } from "../xmpp/template.js";
import type { DeliveryTarget, Recipients, SharedOutlet } from "./delivery.js";

/** Fewer are served one by one just as well. */
const FEWEST = 8;

/**
 * Delivers to those who are all behind one link, as the occupants of a room are whose users are on the server that the
 * room is attached to: the text for all of them is made in one go. What that takes is kept with them, and made when
 * something comes for them a second time: to many lists only one thing is delivered.
 * @returns false when it has to be done one by one
 */
export function deliverTogether(template: StanzaTemplate, recipients: Recipients, from: number, to: number): boolean {
  if (recipients.targets.length < FEWEST) return false;
  let { shared } = recipients;
  if (shared === undefined) {
    recipients.shared = "seen";
    return false;
  }
  if (shared === "seen" || !shared.outlet.open) {
    recipients.shared = shared = sharedOutlet(recipients.targets) ?? "seen";
    if (shared === "seen") return false;
  }
  shared.outlet.writeEach?.(template, shared.addresses, from, to);
  return true;
}

/** What recipients to whom something was delivered before have in common. */
function sharedOutlet(targets: readonly DeliveryTarget[]): SharedOutlet | undefined {
  const outlet = targets[0]?.outlet;
  if (!outlet?.open || !outlet.writeEach) return undefined;
  // First of all, as the text is made for nothing where a single one is elsewhere.
  if (!targets.every((target) => target.outlet === outlet && target.escapedJid !== undefined)) return undefined;
  const ends: number[] = [];
  let text = "";
  let end = 0;
  for (const { escapedJid = "" } of targets) {
    text += escapedJid;
    end += Buffer.byteLength(escapedJid);
    ends.push(end);
  }
  return { outlet, addresses: { bytes: Buffer.from(text), ends } };
}
