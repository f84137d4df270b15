import { randomUUID } from "node:crypto";
import { parseBareJid, xml, type BareJid, type Element } from "chorus-muc";
import { formElement, parseSubmission, type Form, type Room } from "chorus-muc/muc";
import type { Guest } from "./guests.js";

/** Of everything here that goes over the wire. */
export const NS_LOBBY = "urn:example:muc-lobby:0";

const FIELD_JID = "lobby#jid";
const FIELD_ADMIT = "lobby#admit";

/** What a moderator decides. */
export interface Decision {
  readonly jid: BareJid;
  readonly isAdmitted: boolean;
}

/** Asks moderators whether somebody may enter: a form, and the same in words for clients that show none. */
export function question(room: Room, jid: BareJid, { nick }: Guest): Element {
  const form: Form = [
    { name: "FORM_TYPE", type: "hidden", value: NS_LOBBY },
    { name: FIELD_JID, type: "jid-single", label: "User ID", value: jid },
    { name: "lobby#nick", type: "text-single", label: "Nickname", value: nick },
    { name: FIELD_ADMIT, type: "boolean", label: "Let this person in?", value: false },
  ];
  const text = `${nick} (${jid}) waits in the lobby. To answer, say "!lobby accept ${jid}" or "!lobby deny ${jid}".`;
  return xml(
    "message",
    { from: room.jid, id: randomUUID() },
    xml("body", {}, text),
    formElement(form, "form", {}, { title: "Lobby", instructions: "Somebody would like to enter the room." }),
  );
}

/** Reads the form that a moderator submitted. @returns the decision, or what is wrong with it */
export function readForm(x: Element): Decision | string {
  const { fields, errors } = parseSubmission(
    [
      { name: FIELD_JID, type: "jid-single", required: true },
      { name: FIELD_ADMIT, type: "boolean", required: true },
    ],
    x,
  );
  const [wrong] = Object.entries(errors);
  if (wrong) return `${wrong[0]}: ${wrong[1]}`;
  const jid = parseBareJid(String(fields[FIELD_JID]));
  return jid === undefined ? `${FIELD_JID}: not a bare JID` : { jid, isAdmitted: fields[FIELD_ADMIT] === true };
}

/** Reads what a moderator said. @returns `undefined`: it is no command; `"help"`: it is, and not one of these */
export function readCommand(body: string): Decision | "list" | "help" | undefined {
  const [command, verb, address, ...more] = body.trim().split(/\s+/);
  if (command !== "!lobby") return undefined;
  if (verb === undefined) return "list";
  const jid = parseBareJid(address ?? "");
  if ((verb !== "accept" && verb !== "deny") || jid === undefined || more.length > 0) return "help";
  return { jid, isAdmitted: verb === "accept" };
}
