import { randomUUID } from "node:crypto";
import {
  childText,
  cloneElement,
  getChild,
  parseJid,
  StanzaError,
  xml,
  type Element,
  type StanzaEvent,
} from "chorus-muc";
import { filterMucPayload } from "./client-payload.js";
import type { InviteEvent, RoomStanzaEvent } from "./muc-events.js";
import { NS_MUC_USER } from "./namespaces.js";
import { isStopped, refuse } from "./refusal.js";
import { hasRole } from "./roles.js";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";

/** Direct invitations, which clients take instead of mediated ones they do not know (XEP-0249). */
const NS_CONFERENCE = "jabber:x:conference";

/** What the engine adds to invites and declines. */
export function hookInvites(service: Service): void {
  const { module } = service;
  module.hook("muc-pre-invite", checkInviter);
  // After modules have added to the mediated one (0): the room's password, for one.
  module.hook("muc-invite", addDirectInvite, -1);
  module.hook("muc-invite", ({ room, stanza }) => {
    const { from, reason } = mediated(stanza, "invite");
    addBody(stanza, `${from} invited you to the room ${room.jid}${reason === "" ? "" : ` (${reason})`}`);
    return undefined;
  });
  module.hook("muc-decline", ({ room, stanza }) => {
    const { from, reason } = mediated(stanza, "decline");
    addBody(stanza, `${from} declined your invite to the room ${room.jid}${reason === "" ? "" : ` (${reason})`}`);
    return undefined;
  });
}

/**
 * Occupants with a voice invite (XEP-0045 §7.8.2). Nobody else: an invite carries the room's password, and outside the
 * room there is no nick to stand for the inviter's JID.
 */
function checkInviter({ room, stanza }: RoomStanzaEvent): StanzaError | undefined {
  const inviter = room.getOccupantByRealJid(String(stanza.attrs["from"]));
  if (inviter && hasRole(inviter.role, "participant")) return undefined;
  return new StanzaError({ type: "auth", condition: "forbidden" });
}

function mediated(stanza: Element, name: "invite" | "decline"): { from: string; reason: string } {
  const x = getChild(stanza, "x", NS_MUC_USER);
  const element = x && getChild(x, name, NS_MUC_USER);
  return {
    from: String(element?.attrs["from"] ?? ""),
    reason: (element && childText(element, "reason", NS_MUC_USER)) ?? "",
  };
}

/** What the mediated invitation says, as a direct one says it (XEP-0249 §2). */
function addDirectInvite({ room, stanza }: InviteEvent): undefined {
  const { reason } = mediated(stanza, "invite");
  const x = getChild(stanza, "x", NS_MUC_USER);
  const invite = x && getChild(x, "invite", NS_MUC_USER);
  const conversation = invite && getChild(invite, "continue", NS_MUC_USER);
  const direct = xml("x", {
    xmlns: NS_CONFERENCE,
    jid: room.jid,
    password: x && childText(x, "password", NS_MUC_USER),
    reason: reason === "" ? undefined : reason,
    continue: conversation ? "true" : undefined,
    thread: conversation?.attrs["thread"] as string | undefined,
  });
  // COMPAT: clients older than XEP-0249 read the reason as text, where Prosody has it.
  if (reason !== "") direct.append(reason);
  stanza.append(direct);
}

/** For clients that know nothing of all this. */
function addBody(stanza: Element, text: string): void {
  if (!getChild(stanza, "body")) stanza.append(xml("body", {}, text));
}

function outgoing(room: LiveRoom, event: StanzaEvent, payload: Element, to: string): Element {
  const stanza = filterMucPayload(cloneElement(event.stanza), room.jid);
  stanza.attrs["from"] = room.jid;
  stanza.attrs["to"] = to;
  const reason = xml("reason", {}, childText(payload, "reason", NS_MUC_USER) ?? "");
  const element = xml(payload.name, { from: event.stanza.attrs["from"] as string }, reason);
  // XEP-0045 §7.9: the conversation that the invitation goes on with.
  const conversation = getChild(payload, "continue", NS_MUC_USER);
  if (conversation) element.append(xml("continue", { thread: conversation.attrs["thread"] as string | undefined }));
  stanza.append(xml("x", { xmlns: NS_MUC_USER }, element));
  return stanza;
}

function malformed(): StanzaError {
  return new StanzaError({ type: "cancel", condition: "jid-malformed" });
}

/** A mediated invite (XEP-0045 §7.8.2). */
export function handleInvite(room: LiveRoom, event: StanzaEvent, payload: Element): void {
  const to = parseJid(String(payload.attrs["to"]));
  if (to === undefined) {
    refuse(event, malformed());
    return;
  }
  const { stanza, origin } = event;
  const asked: RoomStanzaEvent = { room, origin, stanza };
  room.steps.decide(room.service.module.fireEventAsync("muc-pre-invite", asked), (verdict, resumed) => {
    const again = verdict === undefined && resumed ? checkInviter(asked) : undefined;
    if (isStopped(asked, again ?? verdict)) return;
    const invite = outgoing(room, event, payload, to);
    const told: InviteEvent = { room, origin, stanza: invite, incoming: stanza };
    if (!isStopped({ origin, stanza }, room.service.module.fireEvent("muc-invite", told))) room.routeStanza(invite);
  });
}

/** See `Room.invite`. */
export function inviteByRoom(room: LiveRoom, jid: string, inviter: string = room.jid): void {
  const from = room.getOccupantJid(inviter) ?? room.jid;
  const x = xml("x", { xmlns: NS_MUC_USER }, xml("invite", { from }));
  const stanza = xml("message", { from: room.jid, to: jid, id: randomUUID() }, x);
  const incoming = xml("message", { from: inviter, to: room.jid });
  const event: InviteEvent = { room, stanza, incoming };
  if (room.service.module.fireEvent("muc-invite", event) === undefined) room.routeStanza(stanza);
}

/** The answer of somebody who does not come (XEP-0045 §7.8.2). */
export function handleDecline(room: LiveRoom, event: StanzaEvent, payload: Element): void {
  const to = parseJid(String(payload.attrs["to"]));
  if (to === undefined) {
    refuse(event, malformed());
    return;
  }
  const { stanza, origin } = event;
  const asked: RoomStanzaEvent = { room, origin, stanza };
  room.steps.decide(room.service.module.fireEventAsync("muc-pre-decline", asked), (verdict) => {
    if (isStopped(asked, verdict)) return;
    const decline = outgoing(room, event, payload, to);
    const told: InviteEvent = { room, origin, stanza: decline, incoming: stanza };
    if (isStopped({ origin, stanza }, room.service.module.fireEvent("muc-decline", told))) return;
    const inviter = room.occupancy.byNick(String(decline.attrs["to"]));
    if (inviter) room.routeToOccupant(inviter, decline);
    else room.routeStanza(decline);
  });
}
