import { isElement, xml, type Element } from "../../xmpp/element.js";
import { NS_CLIENT } from "../../xmpp/namespaces.js";
import { isXmlName } from "../../xmpp/xml-names.js";
import { DataError } from "./data-error.js";
import type { LuaKey, LuaTable, LuaValue } from "./lua-data.js";
import { listOf } from "./lua-json.js";

/** Characters that XML 1.0 §2.2 has not: one in an archive would spoil every page that it is on. */
const NOT_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;
const MAX_DEPTH = 120;
/** What the prefix `xml` stands for; nobody's default, and of no other prefix (Namespaces in XML 1.0 §3). */
const NS_XML = "http://www.w3.org/XML/1998/namespace";

/**
 * A stanza as Prosody stores it: `name`, `attr`, and the children 1..n. Prosody repeats the namespace of a parent in its
 * children; here it stands where it changes.
 * @throws DataError
 */
export function toElement(value: LuaValue): Element {
  return elementOf(value, NS_CLIENT, 0);
}

function elementOf(value: LuaValue, parentNamespace: string, depth: number): Element {
  if (!(value instanceof Map)) throw wrong("expected an element, got something else");
  if (depth > MAX_DEPTH) throw wrong(`more than ${MAX_DEPTH} elements in one another`);
  const name = value.get("name");
  if (typeof name !== "string" || !isName(withoutXml(name))) throw wrong(`"${String(name)}" is no name of an element`);
  const attributes = attributesOf(value.get("attr"));
  const { xmlns = parentNamespace, ...others } = attributes;
  const isOfXml = xmlns === NS_XML;
  const namespace = isOfXml ? parentNamespace : xmlns;
  const element = xml(isOfXml ? `xml:${withoutXml(name)}` : name, namespace === parentNamespace ? others : attributes);
  for (const child of listOf(value))
    element.append(typeof child === "string" ? text(child) : elementOf(child, namespace, depth + 1));
  return element;
}

/**
 * An element as Prosody stores it, as it would be had it come to Prosody by the wire: from the outermost element of
 * another namespace than `jabber:client` on, each has its `xmlns`, and an attribute in a namespace is `NS\1name`. What
 * has XML's own prefix keeps it: Prosody would write that namespace as the default one, which no parser takes.
 */
export function fromElement(element: Element): LuaTable {
  return tableOf(element, NS_CLIENT, false, new Map([["xml", ""]]));
}

function tableOf(
  element: Element,
  parentNamespace: string,
  isForeign: boolean,
  declared: ReadonlyMap<string, string>,
): LuaTable {
  const attributes = Object.entries(element.attrs as Record<string, unknown>).filter(([, value]) => value != null);
  const prefixes = new Map(declared);
  for (const [name, value] of attributes) if (name.startsWith("xmlns:")) prefixes.set(name.slice(6), String(value));
  const [, prefix = "", local = ""] = /^(?:((?!xml:)[^:]*):)?(.*)$/.exec(element.name) ?? [];
  const own = prefix === "" ? (element.attrs["xmlns"] as unknown) : prefixes.get(prefix);
  const namespace = own == null ? parentNamespace : String(own);
  const isMarked = isForeign || namespace !== NS_CLIENT;
  const attr = new Map<LuaKey, LuaValue>(isMarked ? [["xmlns", namespace]] : []);
  for (const [name, value] of attributes) {
    if (name === "xmlns" || name.startsWith("xmlns:")) continue;
    const [of = "", rest] = name.split(":", 2);
    const spaceOf = rest === undefined ? "" : prefixes.get(of);
    attr.set(spaceOf === undefined || spaceOf === "" ? name : `${spaceOf}\u0001${rest ?? ""}`, String(value));
  }
  const table: LuaTable = new Map();
  for (const [at, child] of (element.children as unknown[]).entries()) {
    table.set(at + 1, isElement(child) ? tableOf(child, namespace, isMarked, prefixes) : String(child));
  }
  return table.set("name", local).set("attr", attr);
}

function attributesOf(value: LuaValue | undefined): Record<string, string> {
  const attributes: Record<string, string> = {};
  if (value === undefined) return attributes;
  if (!(value instanceof Map)) throw wrong("expected attributes, got something else");
  let namespaces = 0;
  for (const [key, content] of value as LuaTable) {
    if (typeof key !== "string" || (typeof content !== "string" && typeof content !== "number")) {
      throw wrong("expected attributes of text, got something else");
    }
    // In a namespace: `NAMESPACE\1name`, and `NAMESPACE|name` in data of old.
    const [, namespace, local = ""] = /^([^]+)[\u0001|]([^\u0001|]+)$/.exec(key) ?? [];
    if (namespace === undefined) {
      if (!isName(withoutXml(key))) throw wrong(`"${key}" is no name of an attribute`);
      attributes[key] = text(String(content));
      continue;
    }
    if (!isName(local)) throw wrong(`"${local}" is no name of an attribute`);
    if (namespace === NS_XML) {
      attributes[`xml:${local}`] = text(String(content));
      continue;
    }
    const prefix = `ns${++namespaces}`;
    attributes[`xmlns:${prefix}`] = text(namespace);
    attributes[`${prefix}:${local}`] = text(String(content));
  }
  return attributes;
}

function withoutXml(name: string): string {
  return name.startsWith("xml:") ? name.slice("xml:".length) : name;
}

/** A name without a prefix. */
function isName(name: string): boolean {
  return isXmlName(name) && !name.includes(":");
}

function text(content: string): string {
  const at = content.search(NOT_XML);
  if (at === -1) return content;
  const code = content.codePointAt(at)?.toString(16).padStart(4, "0") ?? "";
  throw wrong(`the character U+${code.toUpperCase()} cannot be in XML`);
}

function wrong(what: string): DataError {
  return new DataError("PROSODY_SHAPE", what, 0);
}
