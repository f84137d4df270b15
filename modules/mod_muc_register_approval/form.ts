import { randomUUID } from "node:crypto";
import { xml, type Element } from "chorus-muc";
import { formElement, NS_ROOM_REGISTER, parseSubmission, type Form, type Room } from "chorus-muc/muc";
import type { RegistrationRequest } from "./requests.js";

/** Whose request it is; named as in the form of XEP-0045 §8.6, as §9.9 has no field for it. */
const FIELD_JID = "muc#jid";
const FIELD_NICK = "muc#register_roomnick";
const FIELD_ALLOW = "muc#register_allow";

/** What an answer must say. */
const ANSWER: Form = [
  { name: "FORM_TYPE", type: "hidden", value: NS_ROOM_REGISTER },
  { name: FIELD_JID, type: "jid-single", required: true },
  { name: FIELD_NICK, type: "text-single", required: true },
  { name: FIELD_ALLOW, type: "boolean", required: true },
];

const HEADER = {
  title: "Registration request",
  instructions:
    "Somebody would like to register with the room. Submit the form to answer; cancel it to leave that to others.",
};

/**
 * The message that asks for approval (XEP-0045 §9.9).
 * @param layout the registration form, with labels and types of the fields that were filled in
 */
export function approvalMessage(room: Room, request: RegistrationRequest, layout: Form): Element {
  const filledIn = layout.filter(({ name, type }) => name !== "FORM_TYPE" && type !== "fixed");
  const form: Form = [
    { name: "FORM_TYPE", type: "hidden", value: NS_ROOM_REGISTER },
    { name: FIELD_JID, type: "jid-single", label: "User ID", value: request.jid },
    ...filledIn.map((field) => ({ ...field, required: false, value: request.fields[field.name ?? ""] })),
    { name: FIELD_ALLOW, type: "boolean", label: "Allow this person to register with the room?", value: false },
  ];
  const attributes = { from: room.jid, id: randomUUID() };
  return xml("message", attributes, formElement(form, "form", {}, HEADER));
}

/** An answer to a request. */
export interface Answer {
  readonly jid: string;
  readonly nick: string;
  readonly isGranted: boolean;
}

/** Reads the form that an admin submitted. @returns the answer, or what is wrong with it */
export function readAnswer(x: Element): Answer | string {
  const { fields, errors } = parseSubmission(ANSWER, x);
  const [wrong] = Object.entries(errors);
  if (wrong) return `${wrong[0]}: ${wrong[1]}`;
  return { jid: String(fields[FIELD_JID]), nick: String(fields[FIELD_NICK]), isGranted: fields[FIELD_ALLOW] === true };
}
