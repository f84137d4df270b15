import { cloneElement, Element, resourceOf, StanzaTemplate, xml, type FullJid } from "chorus-muc";
import { NS_MUC_USER } from "./namespaces.js";
import type { LiveOccupant, OccupantSession } from "./occupant.js";
import type { PresenceContent } from "./room-api.js";
import type { Role } from "./roles.js";
import type { LiveRoom } from "./room.js";

/** Who sees a presence: somebody who sees real JIDs, somebody who does not, or the occupant. */
export type PresenceForm = "full" | "anonymous" | "self";

/** An element for the `<x/>` that some sessions get, and others do not. */
export interface ExtraContent {
  readonly sessions: ReadonlySet<FullJid>;
  readonly element: Element;
}

/** What happened to an occupant, beside what is to be seen of it. */
export interface StatusChange {
  /** Resource of the new nick, on a nick change. */
  readonly nick?: string | undefined;
  /** Real JID of who did it. */
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
  /** Role before. */
  readonly prevRole?: Role | undefined;
  /** Everybody is told that it is gone, whatever roles are shown. */
  readonly forceUnavailable?: boolean;
  /** It is gone from this nick, and comes again under another. */
  readonly isDeparture?: boolean;
  /** The content for `self` is for this session, the occupant's others get the `base`. */
  readonly session?: FullJid;
  /** The occupant's own sessions are told by other means. */
  readonly othersOnly?: boolean;
  /** What some sessions are told besides, of those who see real JIDs. */
  readonly extra?: ExtraContent | undefined;
  /** Only for this one; nobody else is told. */
  readonly recipient?: LiveOccupant | undefined;
}

/** What an `<item/>` says beside affiliation and role. */
export interface ItemDetails {
  readonly anonymous: boolean;
  readonly nick?: string | undefined;
  readonly actorNick?: string | undefined;
  readonly actorJid?: string | undefined;
  readonly reason?: string | undefined;
}

/** An empty `<x xmlns='http://jabber.org/protocol/muc#user'/>` with status codes. */
export function userX(...statusCodes: string[]): Element {
  return xml("x", { xmlns: NS_MUC_USER }, ...statusCodes.map((code) => xml("status", { code })));
}

/** Status codes by which who enters is warned: that real JIDs are shown (XEP-0045 §7.2.3), of a public log (§7.2.12). */
export function warningCodes(room: LiveRoom): string[] {
  const isLogged = room.service.module.fireEvent("muc-is-publicly-logged", { room }) === true;
  return [...(room.getWhois() === "anyone" ? ["100"] : []), ...(isLogged ? ["170"] : [])];
}

/** An `<item/>` (XEP-0045 §19.2). */
export function itemElement(
  attrs: { affiliation: string; role?: string | undefined; jid?: string | undefined; nick?: string | undefined },
  details: Omit<ItemDetails, "anonymous" | "nick"> = {},
): Element {
  const item = xml("item", attrs);
  if (details.actorNick !== undefined || details.actorJid !== undefined) {
    item.append(xml("actor", { nick: details.actorNick, jid: details.actorJid }));
  }
  if (details.reason !== undefined) item.append(xml("reason", {}, details.reason));
  return item;
}

/** Appends the items of an occupant to `x`: one, or one per session with its JID. */
export function appendItems(room: LiveRoom, occupant: LiveOccupant, x: Element, details: ItemDetails): Element {
  const affiliation = room.getAffiliation(occupant.bareJid);
  const { role } = occupant;
  const { nick } = details;
  if (details.anonymous) x.append(itemElement({ affiliation, role, nick }, details));
  else for (const { jid } of occupant.targets) x.append(itemElement({ affiliation, role, jid, nick }, details));
  return x;
}

/** The form in which `viewer` sees `occupant`. */
function formFor(room: LiveRoom, viewer: LiveOccupant, occupant: LiveOccupant): PresenceForm {
  if (viewer.role === "moderator" || room.getWhois() === "anyone") return "full";
  return viewer.bareJid === occupant.bareJid ? "self" : "anonymous";
}

interface FormContent extends StatusChange {
  readonly base: Element;
  readonly x: Element;
  readonly actorNick?: string | undefined;
  /** For the occupant's own sessions: with status 110. */
  readonly isOwn: boolean;
}

function buildForm(room: LiveRoom, occupant: LiveOccupant, form: PresenceForm, content: FormContent): Element {
  const { module } = room.service;
  const x = cloneElement(content.x);
  let stanza = cloneElement(content.base);
  const { nick, actor, reason, actorNick } = content;
  if (module.hasHandlers("muc-build-occupant-presence")) {
    const event = { room, stanza, x, occupant, form, nick, actor, reason };
    module.fireEvent("muc-build-occupant-presence", event);
    stanza = event.stanza;
  }
  const actorJid = form === "full" ? actor : undefined;
  appendItems(room, occupant, x, { anonymous: form === "anonymous", nick, actorNick, actorJid, reason });
  if (content.isOwn) x.append(xml("status", { code: "110" }));
  stanza.append(x);
  return stanza;
}

/** A presence of the engine's own making about an occupant, for the same user, with what modules add to such. */
export function ownPresence(
  room: LiveRoom,
  occupant: LiveOccupant,
  presence: Element,
  { x, nick }: { readonly x: Element; readonly nick?: string | undefined },
): Element {
  const event = { room, stanza: presence, x, occupant, form: "self" as const, nick };
  room.service.module.fireEvent("muc-build-occupant-presence", event);
  event.stanza.append(x);
  return event.stanza;
}

/**
 * An occupant's presence as it is, as text; kept until something in it changes. `self` is for the occupant's own
 * sessions and carries status 110.
 */
export function presenceForm(room: LiveRoom, occupant: LiveOccupant, form: PresenceForm): StanzaTemplate {
  const kept = occupant.forms[form];
  if (kept) return kept;
  const base = occupant.getPresence() as Element;
  const stanza = buildForm(room, occupant, form, { base, x: userX(), isOwn: form === "self" });
  return (occupant.forms[form] = new StanzaTemplate(stanza));
}

/** The presence of an occupant for another nick of the same user, who may see the JIDs and is not the occupant. */
export function presenceForRelative(room: LiveRoom, occupant: LiveOccupant): StanzaTemplate {
  const base = occupant.getPresence() as Element;
  return new StanzaTemplate(buildForm(room, occupant, "self", { base, x: userX(), isOwn: false }));
}

function departure(occupant: LiveOccupant): Element {
  const last = occupant.getPresence();
  if (occupant.role === "none" && last?.attrs["type"] === "unavailable") return last;
  return xml("presence", { from: occupant.nick, type: "unavailable" });
}

function isPlain(x: Element): boolean {
  return x.children.length === 0;
}

/** One broadcast of an occupant's status: its forms are built as they are needed, each once. */
class Broadcast {
  readonly #room: LiveRoom;
  readonly #occupant: LiveOccupant;
  readonly #content: PresenceContent;
  readonly #change: StatusChange;
  readonly #base: Element;
  readonly #actorNick: string | undefined;
  /** Nothing is said but what the kept forms say. */
  readonly #isSteady: boolean;
  readonly #built = new Map<string, StanzaTemplate>();

  constructor(room: LiveRoom, occupant: LiveOccupant, content: PresenceContent, change: StatusChange) {
    const { module } = room.service;
    const isGone = occupant.role === "none" || change.forceUnavailable === true || change.isDeparture === true;
    const present = isGone ? departure(occupant) : (occupant.getPresence() as Element);
    const isHeard = !change.recipient && module.hasHandlers("muc-broadcast-presence");
    this.#room = room;
    this.#occupant = occupant;
    this.#content = content;
    if (isHeard) {
      const { nick, actor, reason } = change;
      const event = { room, stanza: cloneElement(present), x: content.base, occupant, nick, actor, reason };
      module.fireEvent("muc-broadcast-presence", event);
      this.#base = event.stanza;
      this.#change = { ...change, nick: event.nick, actor: event.actor, reason: event.reason };
    } else {
      this.#base = present;
      this.#change = change;
    }
    const { nick, actor, reason } = this.#change;
    const actorJid = actor === undefined ? undefined : room.getOccupantJid(actor);
    this.#actorNick = actorJid && resourceOf(actorJid);
    this.#isSteady = !isGone && !isHeard && nick === undefined && actor === undefined && reason === undefined;
  }

  /** The form for somebody else. @param asGone they saw the occupant, and may not any longer */
  forOther(form: PresenceForm, asGone: boolean, hasExtra = false): StanzaTemplate {
    const { base, full = base, anon = base, self = base } = this.#content;
    const said = form === "full" ? full : form === "anonymous" ? anon : self;
    const x = hasExtra ? this.#withExtra(said) : said;
    if (this.#isSteady && !asGone && form !== "self" && isPlain(x)) {
      return presenceForm(this.#room, this.#occupant, form);
    }
    return this.#once(`${form} ${asGone} ${hasExtra}`, () => {
      const stanza = this.#build(form, this.#base, x, false);
      if (asGone) stanza.attrs["type"] = "unavailable";
      return stanza;
    });
  }

  /** The form for one of the occupant's own sessions: its own presence, with status 110. */
  forOwn(session: OccupantSession): StanzaTemplate {
    const { base: shared, self = shared } = this.#content;
    const isMeant = this.#change.session === undefined || this.#change.session === session.jid;
    // Who is withdrawn from the others' view is in the room as before.
    const isWithdrawn = this.#change.forceUnavailable === true && this.#occupant.role !== "none";
    const hasExtra = this.#change.extra?.sessions.has(session.jid) === true;
    const said = isMeant ? self : shared;
    const x = hasExtra ? this.#withExtra(said) : said;
    const isPrimary = session.presence === this.#occupant.getPresence();
    if (this.#isSteady && isPrimary && isPlain(x)) return presenceForm(this.#room, this.#occupant, "self");
    const isShared = !isWithdrawn && (isPrimary || this.#base.attrs["type"] === "unavailable");
    const base = isShared ? this.#base : session.presence;
    return this.#once(isShared ? `own ${isMeant} ${hasExtra}` : session.jid, () => this.#build("self", base, x, true));
  }

  #build(form: PresenceForm, base: Element, x: Element, isOwn: boolean): Element {
    return buildForm(this.#room, this.#occupant, form, {
      ...this.#change,
      base,
      x,
      isOwn,
      actorNick: this.#actorNick,
    });
  }

  #withExtra(x: Element): Element {
    const { extra } = this.#change;
    const whole = cloneElement(x);
    if (extra) whole.append(cloneElement(extra.element));
    return whole;
  }

  #once(key: string, build: () => Element): StanzaTemplate {
    let template = this.#built.get(key);
    if (!template) {
      template = new StanzaTemplate(build());
      this.#built.set(key, template);
    }
    return template;
  }
}

/** Those who are told nothing else, and those who are. */
export function divided(
  sessions: readonly OccupantSession[],
  extra: ExtraContent | undefined,
): readonly [others: readonly OccupantSession[], told: readonly OccupantSession[]] {
  if (!extra) return [sessions, []];
  const isTold = ({ jid }: OccupantSession): boolean => extra.sessions.has(jid);
  return [sessions.filter((session) => !isTold(session)), sessions.filter(isTold)];
}

/** See `Room.publiciseOccupantStatus`. Others are told first, then the occupant's own sessions. */
export function publicise(
  room: LiveRoom,
  occupant: LiveOccupant,
  x: Element | PresenceContent,
  change: StatusChange = {},
): void {
  const { module } = room.service;
  const broadcast = new Broadcast(room, occupant, x instanceof Element ? { base: x } : x, change);
  const { recipient, prevRole, forceUnavailable } = change;
  if (recipient) {
    const form = formFor(room, recipient, occupant);
    module.deliver(broadcast.forOther(form, false), recipient.targets);
    return;
  }
  const shown = room.getPresenceBroadcast();
  const isShown = shown.has(occupant.role) || forceUnavailable === true;
  if (isShown || (prevRole !== undefined && shown.has(prevRole))) {
    const recipients: Record<PresenceForm, OccupantSession[]> = { full: [], anonymous: [], self: [] };
    for (const other of room.occupancy.list()) {
      if (other !== occupant) recipients[formFor(room, other, occupant)].push(...other.targets);
    }
    for (const form of ["full", "anonymous", "self"] as const) {
      const [others, told] = divided(recipients[form], form === "anonymous" ? undefined : change.extra);
      if (others.length > 0) module.deliver(broadcast.forOther(form, !isShown), others);
      if (told.length > 0) module.deliver(broadcast.forOther(form, !isShown, true), told);
    }
  }
  if (change.othersOnly) return;
  for (const session of occupant.targets) module.deliver(broadcast.forOwn(session), [session]);
}
