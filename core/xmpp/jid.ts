/**
 * JIDs (RFC 6122, the stringprep profiles that Prosody's data is in).
 *
 * Addresses are prepared once, where they enter (links, configuration, commands, forms). Past that edge they are plain
 * strings of the branded types below, compared with `===` and taken apart with the functions here, none of which
 * prepares or checks anything again.
 */
import { stringprep, type StringprepProfile } from "./stringprep.js";

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

/** Whether that is the domain of a JID; the domain alone is not made for it. */
export function hasDomain(jid: Jid | string, domain: string): boolean {
  const slash = jid.indexOf("/");
  const start = (slash === -1 ? jid.length : slash) - domain.length;
  return start >= 0 && jid.startsWith(domain, start) && (start === 0 || jid.indexOf("@") === start - 1);
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

/** How names are prepared. */
export interface PreparationOptions {
  /** Refuses code points that Unicode 3.2 does not assign (every emoji, for one); nicks and new room names are strict. */
  readonly strict?: boolean;
}

/** Bytes of UTF-8 that each part of a JID may have (RFC 6122 §2.1). */
const MAX_PART_BYTES = 1023;

// The ASCII that the profiles refuse: RFC 3920 appendix A.5, RFC 3920 appendix B.5. Nameprep itself refuses none (RFC
// 3491 §5), but neither white space nor a control character is part of any host's name.
const NODEPREP: StringprepProfile = { foldsCase: true, refusedAscii: /[\0- "&'/:<>@\x7f]/ };
const NAMEPREP: StringprepProfile = { foldsCase: true, refusedAscii: /[\0- \x7f]/ };
const RESOURCEPREP: StringprepProfile = { foldsCase: false, refusedAscii: /[\0-\x1f\x7f]/ };

const PREPARED_NODE = /^[!#-%(-.0-9;=?[-~]{1,1023}$/;
const PREPARED_DOMAIN = /^[!-@[-~]{1,1023}$/;
const PREPARED_RESOURCE = /^[ -~]{1,1023}$/;
const PREPARED_JID = /^(?:[!#-%(-.0-9;=?[-~]{1,1023}@)?[a-z0-9._\-[\]:]{0,1022}[a-z0-9_\-[\]:](?:\/[ -~]{1,1023})?$/;

function prepare(
  text: string,
  alreadyPrepared: RegExp,
  profile: StringprepProfile,
  strict = false,
): string | undefined {
  if (alreadyPrepared.test(text)) return text;
  // The limit holds for the input, too: it bounds the work on text from strangers.
  if (text.length > MAX_PART_BYTES || Buffer.byteLength(text) > MAX_PART_BYTES) return undefined;
  const prepared = stringprep(text, profile, strict);
  if (!prepared || Buffer.byteLength(prepared) > MAX_PART_BYTES) return undefined;
  return prepared;
}

/** Prepares a local part (RFC 3920 appendix A). @returns `undefined` when it is empty, too long or not allowed */
export function nodeprep(text: string, options?: PreparationOptions): string | undefined {
  return prepare(text, PREPARED_NODE, NODEPREP, options?.strict);
}

/** Prepares a domain (RFC 3491), without touching a trailing dot. @returns `undefined` when it is no domain */
export function nameprep(text: string, options?: PreparationOptions): string | undefined {
  return prepare(text, PREPARED_DOMAIN, NAMEPREP, options?.strict);
}

/** Prepares a resource, or a nick (RFC 3920 appendix B). @returns `undefined` when it is empty, too long or not allowed */
export function resourceprep(text: string, options?: PreparationOptions): string | undefined {
  return prepare(text, PREPARED_RESOURCE, RESOURCEPREP, options?.strict);
}

/** JIDs that needed none, each at a place that follows from its text: the same few come again and again. */
const recent = new Array<string>(512).fill("");

function isPrepared(text: string): boolean {
  const { length } = text;
  const place = (length * 31 + text.charCodeAt(length - 1) * 7 + text.charCodeAt(length >> 1)) & (recent.length - 1);
  if (recent[place] === text) return length > 0;
  if (!PREPARED_JID.test(text)) return false;
  // A copy, as the text may be part of all that was read with it.
  if (length <= CACHED_JID_LENGTH) recent[place] = Buffer.from(text).toString("latin1");
  return true;
}

/** JIDs that needed preparation, lately used ones last; `false` for those refused. */
const prepared = new Map<string, Jid | false>();
const CACHED_JIDS = 2048;
/** UTF-16 units; longer ones are rare, and a flood of them must not fill the memory. */
const CACHED_JID_LENGTH = 256;

/**
 * Takes an address in from outside: prepares each part (RFC 6122 §2), leniently unless asked otherwise, and strips one
 * trailing dot of the domain.
 * @returns `undefined` when it is no JID: an empty, overlong or prohibited part, or none but a node
 */
export function parseJid(text: string, options?: PreparationOptions): Jid | undefined {
  if (isPrepared(text)) return text as Jid;
  if (options?.strict) return prepareJid(text, options);
  let jid = prepared.get(text);
  if (jid === undefined) jid = prepareJid(text) ?? false;
  else prepared.delete(text);
  if (text.length <= CACHED_JID_LENGTH) {
    prepared.set(text, jid);
    if (prepared.size > CACHED_JIDS) prepared.delete(prepared.keys().next().value as string);
  }
  return jid || undefined;
}

function prepareJid(text: string, options?: PreparationOptions): Jid | undefined {
  const parts = splitJid(text);
  const node = parts.node === undefined ? undefined : nodeprep(parts.node, options);
  const resource = parts.resource === undefined ? undefined : resourceprep(parts.resource, options);
  if (node === undefined && parts.node !== undefined) return undefined;
  if (resource === undefined && parts.resource !== undefined) return undefined;
  const domain = nameprep(parts.domain.replace(/\.$/, ""), options);
  // Compatibility characters become separators (U+FF0F), or one more dot at the end: what is left is no domain.
  if (domain === undefined || /[@/]|\.$/.test(domain)) return undefined;
  return joinJid(node, domain, resource);
}

/** {@link parseJid} for a place where only a bare JID will do. @returns `undefined` when it has a resource */
export function parseBareJid(text: string, options?: PreparationOptions): BareJid | undefined {
  const jid = parseJid(text, options);
  return jid === undefined || jid.includes("/") ? undefined : (jid as BareJid);
}

/** {@link parseJid} for a place where only a full JID will do. @returns `undefined` when it has no resource */
export function parseFullJid(text: string, options?: PreparationOptions): FullJid | undefined {
  const jid = parseJid(text, options);
  return jid?.includes("/") ? (jid as FullJid) : undefined;
}

/** {@link parseJid} that refuses code points which Unicode 3.2 does not assign. */
export function parseStrictJid(text: string): Jid | undefined {
  return parseJid(text, { strict: true });
}
