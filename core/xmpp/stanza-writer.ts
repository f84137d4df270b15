import { escapeXML, escapeXMLText } from "@xmpp/xml";
import type { Bytes } from "./bytes.js";
import { isElement, type Element } from "./element.js";

const QUOTATION_MARK = 0x22;
const AMPERSAND = 0x26;
const APOSTROPHE = 0x27;
const SLASH = 0x2f;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const SPACE = 0x20;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;

/** Bytes of the buffer to begin with, and the most that it keeps. */
const INITIAL_BYTES = 16_384;
const KEPT_BYTES = 262_144;
/** Text up to so long is copied character by character: to call what copies it all at once takes longer. */
const SHORT = 512;
/** Most bytes that a UTF-16 unit takes in UTF-8. */
const PER_UNIT = 3;

const NEEDS_ATTRIBUTE_ESCAPE = /[&<>"'\t\n\r]/;
const NEEDS_TEXT_ESCAPE = /[&<>\r]/;

/** Escapes an attribute value; white space other than blanks is kept by reference, as XML 1.0 §3.3.3 would fold it. */
export function escapeAttribute(value: string): string {
  if (!NEEDS_ATTRIBUTE_ESCAPE.test(value)) return value;
  return escapeXML(value).replaceAll("\t", "&#9;").replaceAll("\n", "&#10;").replaceAll("\r", "&#13;");
}

function escapeText(value: string): string {
  if (!NEEDS_TEXT_ESCAPE.test(value)) return value;
  return escapeXMLText(value).replaceAll("\r", "&#13;");
}

/** What is between quotation marks, and what is between tags. */
type Place = "attribute" | "text";

/**
 * Turns elements into text, one after the other, through bytes of its own: to put strings together makes a dozen of
 * them on the way for each attribute, which are to be fetched and cleared away again.
 */
export class StanzaWriter {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES) as Bytes;
  #length = 0;
  #isAscii = true;

  /** How many bytes there are so far. */
  get length(): number {
    return this.#length;
  }

  /** Whether all that there is so far is ASCII. */
  get isAscii(): boolean {
    return this.#isAscii;
  }

  /** Begins anew. */
  clear(): void {
    this.#length = 0;
    this.#isAscii = true;
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES) as Bytes;
  }

  /** What was written between two lengths, each of which was one. */
  text(from: number, to: number): string {
    return this.#isAscii ? this.#bytes.latin1Slice(from, to) : this.#bytes.utf8Slice(from, to);
  }

  element(element: Element): void {
    this.openingTag(element);
    this.contentAndEnd(element);
  }

  /** The tag that opens an element, up to where it ends, but for one attribute. */
  openingTag(element: Element, without?: string): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = LESS;
    this.asIs(element.name);
    const attrs = element.attrs as Record<string, unknown>;
    for (const name in attrs) {
      const value = attrs[name];
      if (value === undefined || value === null || name === without) continue;
      this.#reserve(1);
      this.#bytes[this.#length++] = SPACE;
      this.asIs(name);
      this.#reserve(2);
      this.#bytes[this.#length++] = EQUALS;
      this.#bytes[this.#length++] = QUOTATION_MARK;
      this.#escaped(typeof value === "string" ? value : String(value), "attribute");
      this.#reserve(1);
      this.#bytes[this.#length++] = QUOTATION_MARK;
    }
  }

  /** What comes after {@link openingTag}. */
  contentAndEnd(element: Element): void {
    const children = element.children as unknown[];
    if (children.length === 0) {
      this.#reserve(2);
      this.#bytes[this.#length++] = SLASH;
      this.#bytes[this.#length++] = GREATER;
      return;
    }
    this.#reserve(1);
    this.#bytes[this.#length++] = GREATER;
    for (const child of children) {
      if (isElement(child)) this.element(child);
      else this.#escaped(typeof child === "string" ? child : String(child), "text");
    }
    this.#reserve(2);
    this.#bytes[this.#length++] = LESS;
    this.#bytes[this.#length++] = SLASH;
    this.asIs(element.name);
    this.#reserve(1);
    this.#bytes[this.#length++] = GREATER;
  }

  /** Something that needs no escape. */
  asIs(text: string): void {
    const { length } = text;
    this.#reserve(length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) {
        this.#write(text);
        return;
      }
      bytes[at++] = code;
    }
    this.#length = at;
  }

  #escaped(text: string, place: Place): void {
    const { length } = text;
    if (length <= SHORT) {
      this.#reserve(length);
      const bytes = this.#bytes;
      const isAttribute = place === "attribute";
      let at = this.#length;
      let index = 0;
      for (; index < length; index++) {
        const code = text.charCodeAt(index);
        if (code > GREATER ? code >= 0x80 : isEscaped(code, isAttribute)) break;
        bytes[at++] = code;
      }
      if (index === length) {
        this.#length = at;
        return;
      }
    }
    this.#write(place === "attribute" ? escapeAttribute(text) : escapeText(text));
  }

  #write(text: string): void {
    this.#reserve(text.length * PER_UNIT);
    const written = this.#bytes.utf8Write(text, this.#length);
    // Each unit that is not ASCII takes more than a byte.
    if (written !== text.length) this.#isAscii = false;
    this.#length += written;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(needed))) as Bytes;
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** Whether one of those characters up to `>` needs an escape. */
function isEscaped(code: number, isAttribute: boolean): boolean {
  if (code === AMPERSAND || code === LESS || code === GREATER || code === CR) return true;
  return isAttribute && (code === QUOTATION_MARK || code === APOSTROPHE || code === TAB || code === LF);
}
