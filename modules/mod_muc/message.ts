import { randomUUID } from "node:crypto";
import { childElements, getChild, StanzaError, type Element, type FullJid, type StanzaEvent } from "chorus-muc";
import { filterMucPayload } from "./client-payload.js";
import type { ReceivedStanza } from "./entry.js";
import { formTypeOf, getForm } from "./form.js";
import { handleDecline, handleInvite } from "./invite.js";
import { isKickable, kickForError } from "./kick.js";
import type { GroupchatEvent } from "./muc-events.js";
import { NS_MUC_USER, NS_VOICE_REQUEST } from "./namespaces.js";
import { isStopped, NOT_CONNECTED, refuse, type Verdict } from "./refusal.js";
import type { Occupant } from "./occupant-api.js";
import { hasRole } from "./roles.js";
import type { LiveRoom } from "./room.js";
import type { Service } from "./service.js";
import { handleVoiceForm } from "./voice.js";

/** The engine's own condition for speaking. */
export function hookGroupchat(service: Service): void {
  // Before anything that reads the message.
  service.module.hook("muc-occupant-groupchat", checkVoice, 50);
}

/** Who is not in the room, or has no voice, says nothing to it (XEP-0045 §7.4). */
function checkVoice({ occupant }: GroupchatEvent): StanzaError | undefined {
  const role = occupant?.role ?? "none";
  if (role === "none") return new StanzaError({ type: "cancel", condition: "not-acceptable", text: NOT_CONNECTED });
  if (hasRole(role, "participant")) return undefined;
  const text = "You do not currently have permission to speak in this chat";
  return new StanzaError({ type: "auth", condition: "forbidden", text });
}

/** A message to the room. */
export function handleMessage(room: LiveRoom, event: StanzaEvent, received: ReceivedStanza): void {
  const type = event.stanza.attrs["type"] as string | undefined;
  if (type === "groupchat") handleGroupchat(room, event, received);
  else if (type === "error") {
    if (isKickable(event)) kickForError(room, event);
  } else if (type === undefined || type === "normal") handleNormal(room, event);
  else refuse(event, unsupported());
}

function handleGroupchat(room: LiveRoom, { stanza, origin }: StanzaEvent, received: ReceivedStanza): void {
  const from = stanza.attrs["from"] as FullJid;
  stanza.attrs["id"] ??= randomUUID();
  filterMucPayload(stanza, room.jid);
  const occupant = room.occupancy.byRealJid(from);
  const payload: GroupchatEvent = { room, origin, stanza, from, occupant };
  const verdict = room.service.module.fireEventAsync("muc-occupant-groupchat", payload);
  if (verdict instanceof Promise) speakLater(payload, occupant, verdict, received);
  else speak(payload, verdict, received);
}

function speakLater(
  payload: GroupchatEvent,
  occupant: Occupant | undefined,
  pending: Promise<Verdict>,
  received: ReceivedStanza,
): void {
  const { room, from } = payload;
  (room as LiveRoom).steps.decide(pending, (verdict) => {
    const wasRemoved = payload.occupant !== undefined && room.getOccupantByRealJid(from) !== occupant;
    const again =
      verdict === undefined
        ? checkVoice({ ...payload, occupant: wasRemoved ? undefined : payload.occupant })
        : undefined;
    speak(payload, again ?? verdict, received);
  });
}

function speak(payload: GroupchatEvent, verdict: Verdict, received: ReceivedStanza): void {
  if (isStopped(payload, verdict)) return;
  const { room, stanza, occupant } = payload;
  stanza.attrs["from"] = occupant?.nick ?? room.jid;
  room.broadcastMessage(stanza, (error) => {
    // Who broadcasts may make of the stanza what they like.
    received.refuse(error);
  });
}

function handleNormal(room: LiveRoom, event: StanzaEvent): void {
  const x = getChild(event.stanza, "x", NS_MUC_USER);
  if (x) {
    const payload = childElements(x)[0];
    if (payload?.name === "invite" && payload.attrs["to"] !== undefined) handleInvite(room, event, payload);
    else if (payload?.name === "decline" && payload.attrs["to"] !== undefined) handleDecline(room, event, payload);
    else refuse(event, new StanzaError({ type: "cancel", condition: "bad-request" }));
    return;
  }
  const form = getForm(event.stanza);
  const formType = form && formTypeOf(form);
  if (form && formType === NS_VOICE_REQUEST) handleVoiceForm(room, event, form);
  else if (form && formType !== undefined) handleForm(room, event, form, formType);
  else refuse(event, unsupported());
}

/** A form that some module may have asked for. */
function handleForm(room: LiveRoom, { origin, stanza }: StanzaEvent, form: Element, formType: string): void {
  const payload = { room, origin, stanza, form };
  const verdict = room.service.module.fireEventAsync(`muc-form-submitted/${formType}`, payload);
  room.steps.decide(verdict, (result) => {
    if (result === true) return;
    refuse({ origin, stanza }, result ?? unsupported());
  });
}

function unsupported(): StanzaError {
  return new StanzaError({ type: "cancel", condition: "service-unavailable" });
}
