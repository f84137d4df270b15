import { escapeXML, escapeXMLText } from "@xmpp/xml";
import { isElement, type Element } from "./element.js";

/** How often a tree was turned into text since the process started; the test kit reads it to count, nothing else does. */
export const counters = { serialisations: 0 };

const NEEDS_ATTRIBUTE_ESCAPE = /[&<>"'\t\n\r]/;
const NEEDS_TEXT_ESCAPE = /[&<>\r]/;

/** Escapes an attribute value; white space other than blanks is kept by reference, as XML 1.0 §3.3.3 would fold it. */
export function escapeAttribute(value: string): string {
  if (!NEEDS_ATTRIBUTE_ESCAPE.test(value)) return value;
  return escapeXML(value).replaceAll("\t", "&#9;").replaceAll("\n", "&#10;").replaceAll("\r", "&#13;");
}

const ASCII = /^[\x00-\x7f]*$/;

/** Whether text has a byte per character in UTF-8, and the same in Latin-1. */
export function isAscii(text: string): boolean {
  return ASCII.test(text);
}

function escapeText(value: string): string {
  if (!NEEDS_TEXT_ESCAPE.test(value)) return value;
  return escapeXMLText(value).replaceAll("\r", "&#13;");
}

function writeAttributes(element: Element, without?: string): string {
  let out = "";
  const attrs = element.attrs as Record<string, unknown>;
  for (const name in attrs) {
    const value = attrs[name];
    if (value === undefined || value === null || name === without) continue;
    out += ` ${name}="${escapeAttribute(String(value))}"`;
  }
  return out;
}

function writeContent(element: Element): string {
  let out = "";
  for (const child of element.children as unknown[]) {
    if (isElement(child)) out += writeElement(child);
    else out += escapeText(String(child));
  }
  return out;
}

function writeElement(element: Element): string {
  const open = `<${element.name}${writeAttributes(element)}`;
  return element.children.length === 0 ? `${open}/>` : `${open}>${writeContent(element)}</${element.name}>`;
}

/** Text of a whole element. Stanzas for many recipients go through a {@link StanzaTemplate} instead. */
export function serialise(element: Element): string {
  counters.serialisations++;
  return writeElement(element);
}

/** What stands before the recipient's address. */
const TO = ' to="';

/**
 * A stanza turned into text once, to be sent to any number of recipients: per recipient it costs one string splice.
 *
 * The tree may be changed or thrown away afterwards; the template does not see it.
 */
export class StanzaTemplate {
  /** `message`, `presence` or `iq`. */
  readonly name: string;
  /** Address the stanza comes from; decides which link it leaves by. */
  readonly from: string;
  #isAscii: boolean | undefined;
  /** What comes before the recipient's address, and what comes after it. */
  readonly before: string;
  readonly after: string;

  /** @param stanza its `from` must be set; its `to`, if any, is left out */
  constructor(stanza: Element) {
    counters.serialisations++;
    this.name = stanza.name;
    this.from = String(stanza.attrs["from"] ?? "");
    this.before = `<${stanza.name}${writeAttributes(stanza, "to")}${TO}`;
    this.after = stanza.children.length === 0 ? '"/>' : `">${writeContent(stanza)}</${stanza.name}>`;
  }

  /** Whether all of it is ASCII, but for the recipient. */
  get isAscii(): boolean {
    return (this.#isAscii ??= isAscii(this.before) && isAscii(this.after));
  }

  /** The stanza for one recipient. @param escapedTo the recipient's JID, through {@link escapeAttribute} */
  spliced(escapedTo: string): string {
    return this.before + escapedTo + this.after;
  }

  /** The text of the stanza without a `to`. */
  unaddressed(): string {
    return this.before.slice(0, -TO.length) + this.after.slice(1);
  }
}
