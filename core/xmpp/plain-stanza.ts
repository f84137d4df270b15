import type { Bytes } from "./bytes.js";
import { Element } from "./element.js";
import { KnownStrings } from "./known-strings.js";
import { NS_CLIENT } from "./namespaces.js";
import { endOfCharacter, endOfReference, referredCharacter } from "./xml-characters.js";

const TAB = 0x09;
const LF = 0x0a;
const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const AMPERSAND = 0x26;
const QUOTE = 0x27;
const COMMA = 0x2c;
const SLASH = 0x2f;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const CLOSING_BRACKET = 0x5d;

/** More attributes than a plain tag has; each is compared with all before it. */
const MANY_ATTRIBUTES = 16;

const NONE = Buffer.alloc(0) as Bytes;

/** How much of XML a {@link PlainStanzaReader} takes for plain. */
export interface PlainStanzaOptions {
  /** Default namespace of the stream: what is in it counts as being in `jabber:client`. */
  readonly contentNamespace: string;
  /** Elements within each other, the stanza included. */
  readonly maxDepth: number;
  /** Attributes of one element, namespace declarations included. */
  readonly maxAttributes: number;
}

const known = new KnownStrings([
  /^[A-Za-z_][\w.-]*$/,
  // An object cannot have `__proto__` as it has others.
  /^(?!__proto__$)(?:xml:)?[A-Za-z_][\w.-]*$/,
  // The namespaces of XML's own prefixes are nobody's default (Namespaces in XML 1.0 §3).
  /^(?!http:\/\/www\.w3\.org\/(?:XML\/1998\/namespace|2000\/xmlns\/)$)[!-~]+$/,
]);
const ELEMENT_NAME = 0;
const ATTRIBUTE_NAME = 1;
const NAMESPACE = 2;

/** Attributes of the present tag but for `xmlns`, which comes first in an element wherever it is in the tag. */
const names: string[] = [];
const values: string[] = [];
/** Where the names of the open elements stand, outermost first, and their namespaces. */
const starts: number[] = [];
const namespaces: string[] = [];

/**
 * Reads stanzas that are written as nearly all are: ASCII names without prefixes, and nothing that XML forbids, or has
 * read as something else than it says. Of what is not plain it says nothing; that is for the parser of all of XML.
 *
 * When a message comes now and then, it costs more to fetch the code and the data of a parser than to run it: this one
 * is a single pass in little code, and makes nothing but the stanza.
 */
export class PlainStanzaReader {
  readonly #contentNamespace: string;
  readonly #maxDepth: number;
  readonly #maxAttributes: number;
  #bytes: Bytes;
  /** The bytes as Latin-1, of which the parts that are ASCII are text. */
  #text = "";
  #at = 0;
  #limit = 0;

  constructor({ contentNamespace, maxDepth, maxAttributes }: PlainStanzaOptions) {
    this.#contentNamespace = contentNamespace;
    this.#maxDepth = maxDepth;
    this.#maxAttributes = Math.min(maxAttributes, MANY_ATTRIBUTES);
    this.#bytes = NONE;
  }

  /** Where the stanza ends that was read last. */
  get end(): number {
    return this.#at;
  }

  /** Begins with what arrived, so many bytes, up to the end of the last tag in them. */
  begin(bytes: Buffer, length = bytes.length): void {
    this.#bytes = bytes as Bytes;
    let limit = length;
    while (limit > 0 && bytes[limit - 1] !== GREATER) limit--;
    this.#limit = limit;
    this.#text = "";
  }

  /**
   * Reads one stanza, in the shape that `element.ts` describes.
   * @param start where there is a `<`
   * @returns `undefined` when the stanza is not plain, or not whole
   */
  read(start: number): Element | undefined {
    const bytes = this.#bytes;
    const limit = this.#limit;
    let open: Element | null = null;
    let depth = 0;
    if (this.#text === "") this.#text = bytes.latin1Slice(0, limit);
    this.#at = start;
    // At a "<" each time. The ">" before the limit ends all loops over what does not contain one.
    while (this.#at < limit) {
      let closed: Element | null = null;
      if (bytes[this.#at + 1] === SLASH) {
        if (open === null || !this.#isClosed(--depth, open.name)) return undefined;
        closed = open;
      } else {
        const element: Element | undefined = depth < this.#maxDepth ? this.#readTag(depth) : undefined;
        if (element === undefined) return undefined;
        if (open !== null) {
          element.parent = open;
          addChild(open, element);
        }
        if (bytes[this.#at - 2] === SLASH) closed = element;
        else {
          open = element;
          depth++;
        }
      }
      if (closed !== null) {
        open = closed.parent;
        if (open === null) return closed;
      }
      if (bytes[this.#at] === LESS) continue;
      const data = this.#readData(LESS);
      if (data === undefined) return undefined;
      addChild(open as Element, data);
    }
    return undefined;
  }

  /** Reads the tag that closes the element at that depth. @returns whether it does */
  #isClosed(depth: number, name: string): boolean {
    const bytes = this.#bytes;
    const toOpeningTag = (starts[depth] as number) - this.#at - 2;
    const end = this.#at + 2 + name.length;
    let at = this.#at + 2;
    while (at < end && bytes[at] === bytes[at + toOpeningTag]) at++;
    if (at < end) return false;
    while (isBlank(bytes[at] as number)) at++;
    this.#at = at + 1;
    return bytes[at] === GREATER;
  }

  /** Reads a tag that opens an element, or is one. @returns the element without what is in it */
  #readTag(depth: number): Element | undefined {
    const bytes = this.#bytes;
    const start = this.#at + 1;
    const name = this.#readName(ELEMENT_NAME, start);
    if (name === "") return undefined;
    const inherited = depth === 0 ? NS_CLIENT : (namespaces[depth - 1] as string);
    let namespace = inherited;
    let declarations = 0;
    let count = 0;
    let at = this.#at;
    while (isBlank(bytes[at] as number)) {
      do at++;
      while (isBlank(bytes[at] as number));
      const code = bytes[at];
      if (code === GREATER || code === SLASH) break;
      const attribute = this.#readName(ATTRIBUTE_NAME, at);
      at = this.#at;
      if (attribute === "" || count + declarations === this.#maxAttributes || bytes[at] !== EQUALS) return undefined;
      const quote = bytes[at + 1];
      if (quote !== QUOTE && quote !== DOUBLE_QUOTE) return undefined;
      this.#at = at + 2;
      if (attribute === "xmlns") {
        const value = this.#readNamespace(quote);
        if (value === "" || ++declarations > 1) return undefined;
        namespace = value === this.#contentNamespace ? NS_CLIENT : value;
      } else {
        const value = this.#readData(quote);
        if (value === undefined) return undefined;
        for (let before = 0; before < count; before++) if (names[before] === attribute) return undefined;
        names[count] = attribute;
        values[count++] = value;
      }
      at = this.#at + 1;
    }
    if (bytes[at] === SLASH) at++;
    if (bytes[at] !== GREATER) return undefined;
    this.#at = at + 1;
    starts[depth] = start;
    namespaces[depth] = namespace;
    const element = new Element(name);
    const attrs = element.attrs as Record<string, string>;
    if (namespace !== inherited) attrs["xmlns"] = namespace;
    for (let index = 0; index < count; index++) setAttribute(attrs, names[index] as string, values[index] as string);
    return element;
  }

  /** Reads what goes on to something that is in no plain name. @returns the name, empty if it is not plain */
  #readName(kind: number, start: number): string {
    const bytes = this.#bytes;
    let hash = 0;
    let at = start;
    for (; ; at++) {
      const code = bytes[at] as number;
      if (code <= COMMA || code === SLASH || code === EQUALS || code === GREATER) break;
      hash = (hash * 31 + code) & 0xffffff;
    }
    this.#at = at;
    return known.get(kind, bytes, this.#text, start, at, hash);
  }

  /** Reads a value that names a namespace. @returns the namespace, empty if it is not plain */
  #readNamespace(quote: number): string {
    const bytes = this.#bytes;
    const start = this.#at;
    let hash = 0;
    let at = start;
    for (; ; at++) {
      const code = bytes[at] as number;
      if (code === quote || code <= SPACE || code === AMPERSAND || code === LESS || code === GREATER) break;
      hash = (hash * 31 + code) & 0xffffff;
    }
    this.#at = at;
    return bytes[at] === quote ? known.get(NAMESPACE, bytes, this.#text, start, at, hash) : "";
  }

  /** Reads text, or the value of an attribute. @param end `<`, or the quote @returns `undefined` when it is not plain */
  #readData(end: number): string | undefined {
    const bytes = this.#bytes;
    const limit = this.#limit;
    let start = this.#at;
    let isAscii = true;
    let data = "";
    for (let at = start; at < limit; at++) {
      const code = bytes[at] as number;
      if (code > GREATER) {
        if (code < 0x80) continue;
        at = endOfCharacter(bytes, at);
        if (at === -1) return undefined;
        isAscii = false;
      } else if (code === end) {
        this.#at = at;
        const rest = isAscii ? this.#text.slice(start, at) : bytes.utf8Slice(start, at);
        return data === "" ? rest : data + rest;
      } else if (code < SPACE) {
        // In values they mean blanks, and a CR means a LF.
        if (end !== LESS || (code !== LF && code !== TAB)) return undefined;
      } else if (code === AMPERSAND) {
        const semicolon = endOfReference(bytes, at);
        const character = semicolon === -1 ? undefined : referredCharacter(bytes, at + 1, semicolon);
        if (character === undefined) return undefined;
        data += (isAscii ? this.#text.slice(start, at) : bytes.utf8Slice(start, at)) + character;
        at = semicolon;
        start = at + 1;
      } else if (code === LESS) return undefined;
      else if (code === GREATER && end === LESS && bytes[at - 1] === CLOSING_BRACKET) return undefined;
    }
    return undefined;
  }
}

/** Sets an attribute; the most frequent ones by names in the code, as to look up how to set one costs much more. */
function setAttribute(attrs: Record<string, string>, name: string, value: string): void {
  if (name === "from") attrs["from"] = value;
  else if (name === "to") attrs["to"] = value;
  else if (name === "id") attrs["id"] = value;
  else if (name === "type") attrs["type"] = value;
  else if (name === "xml:lang") attrs["xml:lang"] = value;
  else attrs[name] = value;
}

/** Adds a child. Few elements have more than one: a list that grows takes the room of seventeen at once. */
function addChild(parent: Element, child: Element | string): void {
  if (parent.children.length === 0) parent.children = [child];
  else parent.children.push(child);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === LF || code === TAB;
}
