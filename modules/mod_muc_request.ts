import { inject, injectable, ModuleApiToken, resourceOf, xml, type ModuleApi } from "chorus-muc";
import { formElement, NS_MUC, NS_VOICE_REQUEST, type Form, type FormValue } from "chorus-muc/muc";

/** What a moderator is shown (XEP-0045 §8.6, §16.5.2). */
const APPROVAL: Form = [
  { name: "FORM_TYPE", type: "hidden", value: NS_VOICE_REQUEST },
  { name: "muc#jid", type: "jid-single", label: "User ID" },
  { name: "muc#roomnick", type: "text-single", label: "Room nickname" },
  {
    name: "muc#role",
    type: "list-single",
    label: "Requested role",
    value: "participant",
    options: ["none", "visitor", "participant", "moderator"].map((value) => ({ value })),
  },
  { name: "muc#request_allow", type: "boolean", label: "Grant voice to this person?", value: false },
];
const HEADER = {
  title: "Voice Request",
  instructions: "Somebody would like to speak. Submit the form to answer; cancel it to leave that to others.",
};

function isYes(value: FormValue): boolean {
  return value === true || value === "1" || value === "true";
}

/** Lets visitors ask the moderators for voice (XEP-0045 §8.6). */
@injectable()
export default class MucRequest {
  static readonly requires = ["muc"];

  constructor(@inject(ModuleApiToken) private readonly module: ModuleApi) {}

  load(): void {
    this.module.hook("muc-disco#info", ({ query }) => {
      query.append(xml("feature", { var: `${NS_MUC}#request` }));
    });

    this.module.hook("muc-voice-request", ({ room, stanza, occupant }) => {
      if (occupant.role !== "visitor") return;
      const values = { "muc#jid": String(stanza.attrs["from"]), "muc#roomnick": resourceOf(occupant.nick) };
      const form = formElement(APPROVAL, "form", values, HEADER);
      const message = xml("message", { type: "normal", from: room.jid }, form);
      room.broadcast(message, (_nick, { role }) => role === "moderator");
    });

    this.module.hook("muc-voice-response", ({ room, stanza, fields }) => {
      const nick = fields["muc#roomnick"];
      if (typeof nick !== "string" || !isYes(fields["muc#request_allow"])) return;
      const applicant = room.getOccupantByNick(`${room.jid}/${nick}`);
      // Gone, or granted by another moderator.
      if (applicant?.role !== "visitor") return;
      const actor = String(stanza.attrs["from"]);
      const [isDone, , condition] = room.setRole(actor, applicant.nick, "participant", "Voice granted");
      if (!isDone) this.module.log("debug", "%s: voice for %s not granted: %s", room.jid, applicant.nick, condition);
    });
  }
}
