import { resourceOf, xml, type Element } from "chorus-muc";
import { formElement, type Form, type Room } from "chorus-muc/muc";
import type { Held } from "./review.js";

/** Of the form that moderators are sent, and node of the command. */
export const FORM_TYPE = "https://chorus.example/protocol/muc-review";
/** Characters of a message that are shown in a list. */
const SHOWN = 100;

function label({ from, text }: Held): string {
  const short = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return `${resourceOf(from) ?? ""}: ${short === "" ? "(no text)" : short}`;
}

/** What a moderator is asked about one message, as about a request for voice (XEP-0045 §8.6). */
export const QUESTION: Form = [
  { name: "FORM_TYPE", type: "hidden", value: FORM_TYPE },
  { name: "id", type: "hidden", value: "" },
  { name: "publish", type: "boolean", label: "Publish this message?", value: false },
];

/** The message with that question, for a session of a moderator. */
export function question(room: Room, held: Held, to: string): Element {
  const text = `Awaiting review: ${label(held)}`;
  const instructions = "Fill in this form, or use the command “Review messages” of the room.";
  const form = formElement(QUESTION, "form", { id: held.id }, { title: text, instructions });
  return xml(
    "message",
    { from: room.jid, to, id: `review-${held.id}` },
    xml("body", {}, `${text}\n${instructions}`),
    form,
  );
}

/** The form of the command: several messages at once. */
export function selection(waiting: readonly Held[]): Form {
  return [
    { name: "FORM_TYPE", type: "hidden", value: FORM_TYPE },
    {
      name: "messages",
      type: "list-multi",
      label: "Messages",
      required: true,
      options: waiting.map((held) => ({ value: held.id, label: label(held) })),
    },
    {
      name: "decision",
      type: "list-single",
      label: "Decision",
      required: true,
      options: [
        { value: "publish", label: "Publish" },
        { value: "refuse", label: "Refuse" },
      ],
    },
  ];
}
