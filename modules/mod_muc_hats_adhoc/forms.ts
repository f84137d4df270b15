import { NS_DATA_FORM, xml, type AdhocResult, type Element } from "chorus-muc";
import { formElement, type Form, type FormField } from "chorus-muc/muc";
import type { Hat } from "./hats.js";

export const FIELD_TITLE = "hats#title";
export const FIELD_URI = "hats#uri";
export const FIELD_HUE = "hats#hue";
export const FIELD_JID = "hats#jid";

const FORM_TYPE: FormField = { name: "FORM_TYPE", type: "hidden", value: "urn:xmpp:hats:commands" };

const JID: FormField = { name: FIELD_JID, type: "jid-single", label: "User address", required: true };

/** What a hat is made of (XEP-0317 §3.2). */
export const CREATE: Form = [
  FORM_TYPE,
  { name: FIELD_TITLE, type: "text-single", label: "Title", required: true },
  { name: FIELD_URI, type: "text-single", label: "URI", desc: "Tells it from all other hats", required: true },
  { name: FIELD_HUE, type: "text-single", label: "Colour, as an angle", desc: "0 to less than 360; empty: none" },
];

/** What is read of a form about hats that exist: any may be named, whether it was offered or not. */
export const NAME: Form = [FORM_TYPE, { name: FIELD_URI, type: "list-single", label: "Hat", required: true }];
export const NAME_OF_SOMEBODY: Form = [FORM_TYPE, JID, ...NAME.slice(1)];

/** The form to fill in, with the room's hats to choose from where one is to be chosen. */
export function ask(form: Form, instructions: string, hats: ReadonlyMap<string, Hat>): AdhocResult {
  const options = [...hats].map(([value, { title }]) => ({ value, label: title }));
  const shown = form.map((field) => (field.type === "list-single" ? { ...field, options } : field));
  return { status: "executing", form: formElement(shown, "form", {}, { instructions }) };
}

/** A table (XEP-0004 §3.4). @param rows one value for each field */
export function table(
  title: string,
  fields: readonly string[],
  rows: readonly (readonly (string | undefined)[])[],
): Element {
  const cell = (name: string, value: string | undefined): Element =>
    xml("field", { var: name }, ...(value === undefined ? [] : [xml("value", {}, value)]));
  return xml(
    "x",
    { xmlns: NS_DATA_FORM, type: "result" },
    xml("title", {}, title),
    xml("reported", {}, ...fields.map((name) => xml("field", { var: name }))),
    ...rows.map((row) => xml("item", {}, ...fields.map((name, index) => cell(name, row[index])))),
  );
}
