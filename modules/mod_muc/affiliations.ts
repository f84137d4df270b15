import type { Whois } from "./room-api.js";

/** Long-lived relation of a bare JID (or a banned domain) to a room (XEP-0045 §5.2). */
export type Affiliation = "owner" | "admin" | "member" | "none" | "outcast";

const RANKS: Readonly<Record<Affiliation, number>> = { outcast: -1, none: 0, member: 1, admin: 2, owner: 3 };

/** Order of affiliations: outcast -1, none 0, member 1, admin 2, owner 3. */
export function affiliationRank(affiliation: Affiliation): number {
  return RANKS[affiliation];
}

/** Parser of the closed vocabulary; `undefined` for a word that is none. */
export function parseAffiliation(word: string): Affiliation | undefined {
  return Object.hasOwn(RANKS, word) ? (word as Affiliation) : undefined;
}

/** Whether one affiliation is at least another. */
export function isAtLeast(affiliation: Affiliation, minimum: Affiliation): boolean {
  return RANKS[affiliation] >= RANKS[minimum];
}

/**
 * Who may be shown a list of affiliations (XEP-0045 §9.2, §9.5, §10.5, §10.8): owners all, admins those that they can
 * change, and where everybody sees everybody members all but the bans.
 *
 * @param own affiliation of who asks
 * @param listed affiliation of those on the list
 */
export function maySeeAffiliations(own: Affiliation, listed: Affiliation, whois: Whois): boolean {
  if (own === "owner") return true;
  if (isAtLeast(own, "admin") && !isAtLeast(listed, "admin")) return true;
  return isAtLeast(own, "member") && listed !== "outcast" && whois === "anyone";
}
