import {
  childElements,
  childText,
  cloneElement,
  errorReply,
  parseJid,
  reply,
  resourceOf,
  resourceprep,
  StanzaError,
  xml,
  type BareJid,
  type Element,
  type FullJid,
  type IqEvent,
} from "chorus-muc";
import { askAffiliation, checkAffiliation, type AffiliationRequest, type AskedChange } from "./affiliation-change.js";
import { isAtLeast, maySeeAffiliations, parseAffiliation, type Affiliation } from "./affiliations.js";
import { answerIq, type IqAnswer } from "./iq-answer.js";
import { NS_MUC_ADMIN } from "./namespaces.js";
import { itemElement } from "./presence.js";
import { errorOf } from "./privileges.js";
import { askRole } from "./role-change.js";
import type { AffiliationData } from "./room-api.js";
import { hasRole, parseRole, type Role } from "./roles.js";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";

function badRequest(): StanzaError {
  return new StanzaError({ type: "cancel", condition: "bad-request" });
}

function forbidden(): StanzaError {
  return new StanzaError({ type: "auth", condition: "forbidden" });
}

function itemsOf(stanza: Element): Element[] {
  const [query] = childElements(stanza);
  return query ? childElements(query).filter((child) => child.name === "item") : [];
}

/** A request in the namespace of admins and moderators (XEP-0045 §8, §9). */
export function handleAdmin(room: LiveRoom, event: IqEvent): void {
  if (event.stanza.attrs["type"] === "get") answerIq(event, list(room, event.stanza));
  else handleSet(room, event);
}

// Lists

function list(room: LiveRoom, stanza: Element): IqAnswer {
  const [item] = itemsOf(stanza);
  const { affiliation: affiliationWord, role: roleWord } = (item?.attrs ?? {}) as Record<string, string | undefined>;
  const affiliation = affiliationWord === undefined ? undefined : parseAffiliation(affiliationWord);
  const role = roleWord === undefined ? undefined : parseRole(roleWord);
  const actor = stanza.attrs["from"] as FullJid;
  if (affiliation !== undefined && roleWord === undefined) return affiliationList(room, stanza, actor, affiliation);
  if (role !== undefined && affiliationWord === undefined) return roleList(room, stanza, actor, role);
  return badRequest();
}

function answerWith(stanza: Element, items: readonly Element[]): Element {
  const answer = reply(stanza);
  answer.append(xml("query", { xmlns: NS_MUC_ADMIN }, ...items));
  return answer;
}

/** Who may see a list, unless a module knows better. */
export function hookLists({ module }: Service): void {
  module.hook(
    "muc-may-see-list",
    ({ room, actor, affiliation }) => maySeeAffiliations(room.getAffiliation(actor), affiliation, room.getWhois()),
    -1,
  );
}

function affiliationList(room: LiveRoom, stanza: Element, actor: FullJid, affiliation: Affiliation): IqAnswer {
  if (room.service.module.fireEvent("muc-may-see-list", { room, actor, affiliation }) !== true) return forbidden();
  const items = room.affiliations.list(affiliation).map(([jid, , data]) => {
    return itemElement({ affiliation, jid, nick: room.getRegisteredNick(jid) }, { reason: data?.reason });
  });
  return answerWith(stanza, items);
}

/** XEP-0045 §8.5, §9.8. */
function roleList(room: LiveRoom, stanza: Element, actor: FullJid, role: Role): IqAnswer {
  const own = room.occupancy.byRealJid(actor)?.role ?? room.getDefaultRole(room.getAffiliation(actor));
  if (!hasRole(own, "moderator")) return forbidden();
  const answer = answerWith(stanza, []);
  const [query] = childElements(answer);
  for (const occupant of room.occupancy.list()) {
    if (occupant.role !== role) continue;
    room.buildItemList(occupant, query as Element, false, resourceOf(occupant.nick));
  }
  return answer;
}

// Changes

/** What one `<item/>` asks for. */
type Change =
  | {
      readonly kind: "affiliation";
      readonly jid: BareJid;
      readonly affiliation: Affiliation;
      /** Nick to reserve; empty: none any longer. */
      readonly nick: string | undefined;
      readonly reason: string | undefined;
    }
  | { readonly kind: "role"; readonly nick: string; readonly role: Role; readonly reason: string | undefined };

function malformed(text?: string): StanzaError {
  return new StanzaError({ type: "modify", condition: "jid-malformed", text });
}

function parseItem(room: LiveRoom, item: Element): Change | StanzaError {
  const attrs = item.attrs as Record<string, string | undefined>;
  const reason = childText(item, "reason", NS_MUC_ADMIN);
  const jid = attrs["jid"] === undefined ? undefined : parseJid(attrs["jid"]);
  if (attrs["jid"] !== undefined && jid === undefined) return malformed();
  if (jid !== undefined && resourceOf(jid) !== undefined) return malformed("Bare JID expected, got full JID");
  const isForgotten = attrs["nick"] === "" && attrs["affiliation"] !== undefined;
  const nick = attrs["nick"] === undefined || isForgotten ? attrs["nick"] : resourceprep(attrs["nick"]);
  const isInvisible = !isForgotten && nick?.trim() === "";
  if (attrs["nick"] !== undefined && (nick === undefined || isInvisible)) return malformed("invalid nickname");
  const { affiliation: affiliationWord, role: roleWord } = attrs;
  if (affiliationWord !== undefined && roleWord === undefined) {
    const affiliation = parseAffiliation(affiliationWord);
    if (affiliation === undefined) return new StanzaError({ type: "modify", condition: "not-acceptable" });
    // COMPAT: some clients name who it is about by the nick alone.
    const meant = (jid as BareJid | undefined) ?? room.occupancy.byNick(`${room.jid}/${nick ?? ""}`)?.bareJid;
    if (meant === undefined) return badRequest();
    const reserved = jid !== undefined && isAtLeast(affiliation, "member") ? nick : undefined;
    return { kind: "affiliation", jid: meant, affiliation, nick: reserved, reason };
  }
  if (roleWord !== undefined && affiliationWord === undefined && nick !== undefined) {
    const role = parseRole(roleWord);
    if (role === undefined) return new StanzaError({ type: "modify", condition: "not-acceptable" });
    return { kind: "role", nick, role, reason };
  }
  return badRequest();
}

/** All items are read, and what the room itself says about them asked, before the first has an effect. */
function handleSet(room: LiveRoom, event: IqEvent): void {
  const actor = event.stanza.attrs["from"] as FullJid;
  const changes: Change[] = [];
  for (const item of itemsOf(event.stanza)) {
    const change = parseItem(room, item);
    if (change instanceof StanzaError) {
      answerIq(event, change);
      return;
    }
    const error = checkChange(room, actor, change);
    if (error) {
      deny(event, error, item);
      return;
    }
    changes.push(change);
  }
  const error = changes.length === 0 ? badRequest() : repetition(changes);
  if (error) answerIq(event, error);
  else apply(room, event, changes);
}

/** Nobody is changed twice by one request, as each change is made of what is stored now; and no nick goes to two. */
function repetition(changes: readonly Change[]): StanzaError | undefined {
  const affiliations = changes.filter((change) => change.kind === "affiliation");
  const nicks = affiliations.flatMap(({ nick }) => (nick ? [nick] : []));
  if (new Set(affiliations.map(({ jid }) => jid)).size < affiliations.length) return badRequest();
  return new Set(nicks).size < nicks.length ? new StanzaError({ type: "cancel", condition: "conflict" }) : undefined;
}

/** A refusal names the item that is refused (XEP-0045 §8.4). */
function deny({ origin, stanza }: IqEvent, error: StanzaError, item: Element | undefined): void {
  const answer = errorReply(stanza, error);
  if (item) answer.children = [xml("query", { xmlns: NS_MUC_ADMIN }, cloneElement(item)), ...childElements(answer)];
  origin.send(answer);
}

function checkChange(room: LiveRoom, actor: string, change: Change): StanzaError | undefined {
  if (change.kind === "role") return undefined;
  const error = errorOf(checkAffiliation(room, requestOf(room, actor, change)));
  if (error || !change.nick) return error;
  const holder = room.getRegisteredJid(change.nick);
  if (holder === undefined || holder === change.jid) return undefined;
  return new StanzaError({ type: "cancel", condition: "conflict" });
}

function requestOf(room: LiveRoom, actor: string, change: Change & { kind: "affiliation" }): AffiliationRequest {
  const { jid, affiliation, nick, reason } = change;
  const stored: AffiliationData = { ...room.affiliations.peek(jid) };
  if (reason !== undefined) stored.reason = reason;
  if (nick === "") delete stored.reserved_nickname;
  else if (nick !== undefined) stored.reserved_nickname = nick;
  return { actor, jid, affiliation, reason, data: stored };
}

/** Handlers are asked about one after the other; then all are made in one step, which the first that fails takes back. */
function apply(
  room: LiveRoom,
  event: IqEvent,
  changes: readonly Change[],
  allowed: readonly AskedChange["commit"][] = [],
): void {
  const [change, ...rest] = changes;
  if (!change) {
    commitAll(allowed);
    answerIq(event, reply(event.stanza));
    return;
  }
  room.steps.decide(ask(room, event.stanza.attrs["from"] as FullJid, change), ({ outcome, commit }) => {
    const error = errorOf(outcome);
    if (error) deny(event, error, itemsOf(event.stanza)[allowed.length]);
    else apply(room, event, rest, [...allowed, commit]);
  });
}

function commitAll(changes: readonly AskedChange["commit"][]): void {
  for (const commit of changes) {
    const error = errorOf(commit());
    if (error) throw error;
  }
}

function ask(room: LiveRoom, actor: string, change: Change): AskedChange | Promise<AskedChange> {
  const { reason } = change;
  if (change.kind === "role") return askRole(room, actor, `${room.jid}/${change.nick}`, change.role, reason);
  return askAffiliation(room, requestOf(room, actor, change), () => {
    evictSquatter(room, change);
  });
}

/** A nick that is reserved for somebody is not kept by somebody else (XEP-0045 §7.10). */
function evictSquatter(room: LiveRoom, { jid, nick }: Change & { kind: "affiliation" }): void {
  if (!nick) return;
  const occupant = room.occupancy.byNick(`${room.jid}/${nick}`);
  if (occupant && occupant.bareJid !== jid) room.setRole(true, occupant.nick, "none", "This nickname is reserved");
}
