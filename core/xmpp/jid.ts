/**
 * JIDs (RFC 6122, the stringprep profiles that Prosody's data is in).
 *
 * Addresses are prepared once, where they enter (links, configuration, commands, forms). Past that edge they are plain
 * strings of the branded types below, compared with `===` and taken apart with the functions here, none of which
 * prepares or checks anything again.
 */

declare const brand: unique symbol;
type Branded<B extends string> = string & { readonly [brand]: B };

/** A prepared domain: `rooms.example`. */
export type DomainJid = Branded<"domain">;
/** A prepared JID without a resource: `user@example`, or a bare domain. */
export type BareJid = Branded<"bare"> | DomainJid;
/** A prepared JID with a resource: `user@example/phone`. */
export type FullJid = Branded<"full">;
/** Any prepared JID. */
export type Jid = BareJid | FullJid;
/** The JID of an occupant: `room@service/nick` (XEP-0045 §4.1). */
export type OccupantJid = FullJid;

/** The parts of a JID; absent parts are `undefined`, never empty. */
export interface JidParts {
  readonly node: string | undefined;
  readonly domain: string;
  readonly resource: string | undefined;
}

/** Takes a prepared JID apart, without checking it. */
export function splitJid(jid: string): JidParts {
  const slash = jid.indexOf("/");
  const bareEnd = slash === -1 ? jid.length : slash;
  const at = jid.indexOf("@");
  const hasNode = at !== -1 && at < bareEnd;
  return {
    node: hasNode ? jid.slice(0, at) : undefined,
    domain: jid.slice(hasNode ? at + 1 : 0, bareEnd),
    resource: slash === -1 ? undefined : jid.slice(slash + 1),
  };
}

/** `user@example` of `user@example/phone`; a JID without a resource is returned as it is. */
export function bare(jid: Jid | string): BareJid {
  const slash = jid.indexOf("/");
  return (slash === -1 ? jid : jid.slice(0, slash)) as BareJid;
}

/** The domain of a JID. */
export function domainOf(jid: Jid | string): DomainJid {
  const slash = jid.indexOf("/");
  const end = slash === -1 ? jid.length : slash;
  const at = jid.indexOf("@");
  return (at !== -1 && at < end ? jid.slice(at + 1, end) : jid.slice(0, end)) as DomainJid;
}

/** The local part of a JID, if it has one. */
export function nodeOf(jid: Jid | string): string | undefined {
  return splitJid(jid).node;
}

/** The resource of a JID, if it has one; of an occupant JID, the nick. */
export function resourceOf(jid: Jid | string): string | undefined {
  const slash = jid.indexOf("/");
  return slash === -1 ? undefined : jid.slice(slash + 1);
}

/** Puts prepared parts together. */
export function joinJid(node: string | undefined, domain: string, resource?: string): Jid {
  return ((node === undefined ? "" : `${node}@`) + domain + (resource === undefined ? "" : `/${resource}`)) as Jid;
}
