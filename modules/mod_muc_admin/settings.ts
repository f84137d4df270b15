import type { Json } from "chorus-muc";
import { invalidField, type Form, type FormField, type Room } from "chorus-muc/muc";
import type { ActionRequest } from "chorus-muc/muc";

/** The configuration form of a room, as actions see it: by names, with plain values. */

const PREFIX = "muc#roomconfig_";
const SEVERAL: ReadonlySet<FormField["type"]> = new Set(["jid-multi", "list-multi", "text-multi"]);

/** A field with a name and a value of its own. */
export type NamedField = FormField & { readonly name: string };

/** Fields that have a value: no headings, and nothing hidden. */
export function fieldsOf(room: Room, actor: string): NamedField[] {
  const form: Form = room.getFormLayout(actor);
  return form.filter(
    (field): field is NamedField => field.name !== undefined && field.type !== "fixed" && field.type !== "hidden",
  );
}

/** A field by its name, which may lack `muc#roomconfig_`. @throws StanzaError when there is none */
export function fieldNamed(fields: readonly NamedField[], name: string): NamedField {
  const found = fields.find((field) => field.name === name) ?? fields.find((field) => field.name === PREFIX + name);
  if (!found) throw invalidField(name, "There is no such field");
  return found;
}

/** Value of a field as JSON. */
export function valueOf({ type, value }: FormField): Json {
  if (SEVERAL.has(type))
    return typeof value === "string"
      ? value.split("\n").filter(Boolean)
      : Array.isArray(value)
        ? [...(value as readonly string[])]
        : [];
  if (type === "boolean") return value === true || value === "1" || value === "true";
  if (value === undefined) return null;
  return typeof value === "boolean" ? value : String(value);
}

/** What is to be set, as texts by full name: nothing alone empties a field of several values. */
export function submissionOf(
  fields: readonly NamedField[],
  settings: ActionRequest["settings"],
): Record<string, readonly string[]> {
  const values: Record<string, readonly string[]> = {};
  for (const [given, texts] of settings) {
    if (texts === undefined) throw invalidField(given, "No value was given");
    const { name, type } = fieldNamed(fields, given);
    if (Object.hasOwn(values, name)) throw invalidField(given, "It is given twice");
    const isEmptied = texts.length === 1 && texts[0] === "" && SEVERAL.has(type);
    if (texts.length > 1 && !SEVERAL.has(type)) throw invalidField(given, "It has one value only");
    values[name] = isEmptied ? [] : texts;
  }
  // A form is complete, or refused: those that it must have stay as they are.
  for (const field of fields) {
    if (field.required !== true || Object.hasOwn(values, field.name)) continue;
    const value = valueOf(field);
    values[field.name] = Array.isArray(value) ? value.map(String) : value === null ? [] : [String(value)];
  }
  return values;
}
