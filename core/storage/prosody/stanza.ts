import { xml, type Element } from "../../xmpp/element.js";
import { DataError } from "./data-error.js";
import type { LuaTable, LuaValue } from "./lua-data.js";
import { listOf } from "./lua-json.js";

/** XML 1.0 §2.3: names, as far as XMPP needs them. */
const XML_NAME = /^[\p{L}_][\p{L}\p{N}\p{M}_.\-·]*$/u;
/** Characters that XML 1.0 §2.2 has not: one in an archive would spoil every page that it is on. */
const NOT_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;
const MAX_DEPTH = 120;

/** A stanza as Prosody stores it: `name`, `attr`, and the children 1..n. @throws DataError */
export function toElement(value: LuaValue, depth = 0): Element {
  if (!(value instanceof Map)) throw wrong("expected an element, got something else");
  if (depth > MAX_DEPTH) throw wrong(`more than ${MAX_DEPTH} elements in one another`);
  const name = value.get("name");
  if (typeof name !== "string" || !XML_NAME.test(name)) throw wrong(`"${String(name)}" is no name of an element`);
  const element = xml(name, attributesOf(value.get("attr")));
  for (const child of listOf(value))
    element.append(typeof child === "string" ? text(child) : toElement(child, depth + 1));
  return element;
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
      if (!XML_NAME.test(key) && key !== "xml:lang" && key !== "xml:base" && key !== "xml:space") {
        throw wrong(`"${key}" is no name of an attribute`);
      }
      attributes[key] = text(String(content));
      continue;
    }
    if (!XML_NAME.test(local)) throw wrong(`"${local}" is no name of an attribute`);
    const prefix = `ns${++namespaces}`;
    attributes[`xmlns:${prefix}`] = text(namespace);
    attributes[`${prefix}:${local}`] = text(String(content));
  }
  return attributes;
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
