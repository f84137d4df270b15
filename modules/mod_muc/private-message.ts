import { cloneElement, StanzaError, type FullJid, type StanzaEvent } from "chorus-muc";
import { filterMucPayload } from "./client-payload.js";
import { isKickable, kickForError } from "./kick.js";
import type { PrivateMessageEvent } from "./muc-events.js";
import { userX } from "./presence.js";
import { NOT_CONNECTED, refuse } from "./refusal.js";
import type { LiveRoom } from "./room.js";

function recipientNotFound(room: LiveRoom): StanzaError {
  const text = "Recipient not in room";
  return new StanzaError({ type: "cancel", condition: "item-not-found", text, by: room.jid });
}

/** A message to a nick (XEP-0045 §7.5). */
export function handlePrivateMessage(room: LiveRoom, event: StanzaEvent): void {
  const { stanza, origin } = event;
  const realJid = stanza.attrs["from"] as FullJid;
  const sender = room.occupancy.byRealJid(realJid);
  const type = stanza.attrs["type"] as string | undefined;
  if (!sender) {
    const error = { type: "cancel", condition: "not-acceptable", text: NOT_CONNECTED, by: room.jid } as const;
    refuse(event, new StanzaError(error));
    return;
  }
  if (type === "groupchat") {
    refuse(event, new StanzaError({ type: "modify", condition: "bad-request", by: room.jid }));
    return;
  }
  if (type === "error" && isKickable(event)) {
    kickForError(room, event);
    return;
  }
  const to = String(stanza.attrs["to"]);
  const recipient = room.occupancy.byNick(to);
  if (!recipient) {
    refuse(event, recipientNotFound(room));
    return;
  }
  const copy = filterMucPayload(cloneElement(stanza), room.jid);
  copy.append(userX());
  copy.attrs["from"] = sender.nick;
  const payload: PrivateMessageEvent = { room, origin, stanza: copy, sender, recipient };
  room.steps.decide(room.service.module.fireEventAsync("muc-private-message", payload), (verdict, resumed) => {
    // A refusal is addressed to the session that sent the message, not to the nick that the copy is from.
    if (verdict instanceof StanzaError) refuse(event, verdict);
    if (verdict instanceof StanzaError || verdict === false) return;
    if (resumed && room.occupancy.byRealJid(realJid) !== sender) {
      refuse(
        event,
        new StanzaError({ type: "cancel", condition: "not-acceptable", text: NOT_CONNECTED, by: room.jid }),
      );
    } else if (room.occupancy.byNick(recipient.nick) !== recipient) refuse(event, recipientNotFound(room));
    else room.routeToOccupant(recipient, copy);
  });
}
