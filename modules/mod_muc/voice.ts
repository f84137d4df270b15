import { StanzaError, type Element, type StanzaEvent } from "chorus-muc";
import { parseSubmission, type Form } from "./form.js";
import { NS_VOICE_REQUEST } from "./namespaces.js";
import { NOT_CONNECTED, refuse } from "./refusal.js";
import type { LiveRoom } from "./room.js";

/** The form of a request for voice, as far as its values go (XEP-0045 §16.5.2). */
const FIELDS: Form = [
  { name: "FORM_TYPE", type: "hidden", value: NS_VOICE_REQUEST },
  { name: "muc#jid", type: "jid-single" },
  { name: "muc#roomnick", type: "text-single" },
  { name: "muc#role", type: "text-single" },
  { name: "muc#request_allow", type: "boolean" },
];

/** A request for voice, or (from a moderator) what became of one (XEP-0045 §7.13, §8.6). */
export function handleVoiceForm(room: LiveRoom, event: StanzaEvent, form: Element): void {
  const occupant = room.occupancy.byRealJid(String(event.stanza.attrs["from"]));
  if (!occupant) {
    refuse(event, new StanzaError({ type: "cancel", condition: "not-acceptable", text: NOT_CONNECTED }));
    return;
  }
  const { fields, errors } = parseSubmission(FIELDS, form);
  const [wrong] = Object.entries(errors);
  if (wrong) {
    const text = `${wrong[0]}: ${wrong[1]}`;
    refuse(event, new StanzaError({ type: "modify", condition: "bad-request", text }));
    return;
  }
  const { stanza, origin } = event;
  const name = occupant.role === "moderator" ? "muc-voice-response" : "muc-voice-request";
  room.service.module.fireEvent(name, { room, origin, stanza, fields, occupant });
}
