import {
  childElements,
  childText,
  getChild,
  isElement,
  NS_DATA_FORM,
  parseJid,
  StanzaError,
  xml,
  type Element,
} from "chorus-muc";
import { NS_DATA_VALIDATE } from "./namespaces.js";

/** The field types of XEP-0004 §3.3. */
export type FormFieldType =
  | "boolean"
  | "fixed"
  | "hidden"
  | "jid-multi"
  | "jid-single"
  | "list-multi"
  | "list-single"
  | "text-multi"
  | "text-private"
  | "text-single";

/** A value of a field: text, a boolean, or several texts, as its type says; `undefined` when there is none. */
export type FormValue = string | boolean | readonly string[] | undefined;

/** One field of a data form (XEP-0004 §3.2): plain and open, so that any module may add and change fields. */
export interface FormField {
  /** `var`; headings (`fixed`) have none. */
  name?: string;
  type: FormFieldType;
  /** For humans. */
  label?: string;
  /** What is shown, or was chosen. */
  value?: FormValue;
  /** Of a list: what one may choose among. Anything else is refused. */
  options?: readonly { readonly value: string; readonly label?: string }[];
  /** Values that are taken besides those of `options`, and not shown: other words for the same thing. */
  accepts?: readonly string[];
  /** A longer explanation, for humans. */
  desc?: string;
  /** XEP-0122: `xs:integer` and `xs:language` are checked on submission, others are only shown. */
  datatype?: string;
  /** XEP-0122 §3.2, of an `xs:integer`: what is less or more is refused. */
  range?: { readonly min?: number; readonly max?: number };
  /** Without a value the form is refused. */
  required?: boolean;
}

/** A form: its fields in the order in which they are shown. */
export type Form = FormField[];

/** What else a form may show. */
export interface FormHeader {
  readonly title?: string;
  readonly instructions?: string;
}

/** Fields as submitted. */
export interface FormSubmission {
  /** Values by field name, of known fields only; `undefined` where none was given. */
  readonly fields: Record<string, FormValue>;
  /** Names of the known fields that were submitted, in the order of the form. */
  readonly present: readonly string[];
  /** What is wrong, by field name: for humans. */
  readonly errors: Readonly<Record<string, string>>;
  /** Text of the submitted `FORM_TYPE`, whether the form knows it or not. */
  readonly formType: string | undefined;
}

const MULTI: ReadonlySet<FormFieldType> = new Set(["jid-multi", "list-multi", "text-multi"]);

function valueTexts(field: FormField, value: FormValue): readonly string[] {
  if (value === undefined) return [];
  if (typeof value === "boolean") return [value ? "1" : "0"];
  if (typeof value !== "string") return value;
  return field.type === "text-multi" ? value.split("\n") : [value];
}

function fieldElement(field: FormField, value: FormValue, isForm: boolean): Element {
  const element = xml("field", { var: field.name, type: field.type, label: isForm ? field.label : undefined });
  if (isForm && field.desc !== undefined) element.append(xml("desc", {}, field.desc));
  if (isForm && field.datatype !== undefined) {
    const validate = xml("validate", { xmlns: NS_DATA_VALIDATE, datatype: field.datatype });
    if (field.range)
      validate.append(xml("range", { min: field.range.min?.toString(), max: field.range.max?.toString() }));
    element.append(validate);
  }
  for (const text of valueTexts(field, value)) element.append(xml("value", {}, text));
  for (const option of isForm ? (field.options ?? []) : []) {
    element.append(xml("option", { label: option.label }, xml("value", {}, option.value)));
  }
  if (isForm && field.required) element.append(xml("required"));
  return element;
}

/**
 * The `<x xmlns='jabber:x:data'/>` of a form.
 *
 * @param type `form` shows everything; `result` and `submit` carry values only, and no headings
 * @param values by field name; a field that is not among them shows its own value
 */
export function formElement(
  form: readonly FormField[],
  type: "form" | "result" | "submit" = "form",
  values: Readonly<Record<string, FormValue>> = {},
  header: FormHeader = {},
): Element {
  const isForm = type === "form";
  const x = xml("x", { xmlns: NS_DATA_FORM, type });
  if (isForm && header.title !== undefined) x.append(xml("title", {}, header.title));
  if (isForm && header.instructions !== undefined) x.append(xml("instructions", {}, header.instructions));
  for (const field of form) {
    if (!isForm && field.type === "fixed") continue;
    const given = field.name !== undefined && Object.hasOwn(values, field.name);
    x.append(fieldElement(field, given ? values[field.name as string] : field.value, isForm));
  }
  return x;
}

/** Text of the `FORM_TYPE` field of a form element, if it has one (XEP-0068). */
export function formTypeOf(x: Element): string | undefined {
  for (const field of childElements(x)) {
    if (field.name === "field" && field.attrs["var"] === "FORM_TYPE") return childText(field, "value", NS_DATA_FORM);
  }
  return undefined;
}

/** A language tag, as XML Schema has it. */
const LANGUAGE = /^[a-z]{1,8}(-[a-z\d]{1,8})*$/i;

type Parsed = { readonly value: FormValue } | { readonly error: string };

function parseBoolean(text: string): Parsed {
  if (text === "1" || text === "true") return { value: true };
  if (text === "0" || text === "false") return { value: false };
  return { error: "Invalid boolean representation" };
}

function parseText(field: FormField, text: string): Parsed {
  if (field.datatype === "xs:integer" && text !== "") {
    const number = Number(text);
    if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(number)) return { error: "Not an integer" };
    const { min = -Infinity, max = Infinity } = field.range ?? {};
    if (number < min || number > max) return { error: "Out of range" };
  }
  // What was shown may come back, wherever the room has it from.
  const isFine = text === "" || text === field.value || field.datatype !== "xs:language" || LANGUAGE.test(text);
  if (!isFine) return { error: "Not a language tag" };
  return { value: text };
}

/** Prepared addresses; an empty one is none (XEP-0004 §3.3). */
function parseJids(texts: readonly string[]): { readonly value: readonly string[] } | { readonly error: string } {
  const jids: string[] = [];
  for (const text of texts) {
    if (text === "") continue;
    const jid = parseJid(text);
    if (jid === undefined) return { error: `Invalid JID: ${text}` };
    jids.push(jid);
  }
  return { value: jids };
}

function isOption(field: FormField, text: string): boolean {
  if (field.options === undefined || field.accepts?.includes(text)) return true;
  return field.options.some((option) => option.value === text);
}

function parseField(field: FormField, texts: readonly string[]): Parsed {
  const [first] = texts;
  if (field.required && (first === undefined || first === "")) return { error: "Required value missing" };
  if (field.type === "jid-multi") return parseJids(texts);
  if (MULTI.has(field.type)) {
    const stray = field.type === "list-multi" ? texts.find((text) => !isOption(field, text)) : undefined;
    return stray === undefined ? { value: texts } : { error: `Not one of the options: ${stray}` };
  }
  if (first === undefined) return { value: undefined };
  switch (field.type) {
    case "boolean":
      return parseBoolean(first);
    case "jid-single": {
      const jids = parseJids([first]);
      return "error" in jids ? jids : { value: jids.value[0] };
    }
    case "list-single":
      return isOption(field, first) ? { value: first } : { error: `Not one of the options: ${first}` };
    default:
      return parseText(field, first);
  }
}

/**
 * Reads a submitted form against the form that was shown. Fields that the form does not have are ignored (XEP-0004
 * §3.2), so that a field which somebody may not set has no effect when it is left out of the form for them.
 */
export function parseSubmission(form: readonly FormField[], x: Element): FormSubmission {
  const submitted = new Map<string, string[]>();
  for (const element of childElements(x)) {
    const name: unknown = element.attrs["var"];
    if (element.name !== "field" || typeof name !== "string") continue;
    const texts = childElements(element).filter((child) => child.name === "value");
    submitted.set(
      name,
      texts.map((child) => child.children.filter((node) => !isElement(node)).join("")),
    );
  }
  const fields: Record<string, FormValue> = {};
  const errors: Record<string, string> = {};
  const present: string[] = [];
  for (const field of form) {
    if (field.name === undefined || field.type === "fixed") continue;
    const texts = submitted.get(field.name);
    if (texts === undefined) {
      if (field.required) errors[field.name] = "Required value missing";
      continue;
    }
    const parsed = parseField(field, texts);
    if ("error" in parsed) errors[field.name] = parsed.error;
    else fields[field.name] = parsed.value;
    present.push(field.name);
  }
  return { fields, present, errors, formType: submitted.get("FORM_TYPE")?.[0] };
}

/** The data form in an element, if there is one. */
export function getForm(parent: Element): Element | undefined {
  return getChild(parent, "x", NS_DATA_FORM);
}

/** Whether a text has more than `max` characters (code points). */
export function isLongerThan(text: FormValue, max: number): boolean {
  return typeof text === "string" && text.length > max && [...text].length > max;
}

/** Refusal of a form for a text of more than `max` characters (code points); `undefined` for one that is no longer. */
export function refuseLong(name: string, value: FormValue, max: number): StanzaError | undefined {
  return isLongerThan(value, max) ? invalidField(name, `Longer than ${max} characters`) : undefined;
}

/** Refusal of a whole form for the value of one field; what a handler of `muc-config-submitted/<field>` returns. */
export function invalidField(name: string, why: string): StanzaError {
  return new StanzaError({ type: "modify", condition: "not-acceptable", text: `${name}: ${why}` });
}

/** Longest address of a page that is taken, in characters. */
const MAX_URL_LENGTH = 2048;

/** Whether a text is the address of a page: an absolute `http` or `https` URL, without a name or password in it. */
export function isWebAddress(text: string): boolean {
  if (text.length > MAX_URL_LENGTH || /\s/.test(text) || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}
