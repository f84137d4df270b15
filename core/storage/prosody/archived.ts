import { formatDateTime, parseDateTime } from "../../xmpp/date-time.js";
import { DataError } from "./data-error.js";
import type { LuaTable, LuaValue } from "./lua-data.js";
import type { ProsodyMessage } from "./prosody-data.js";
import { escaped, fromJson, toJson } from "./lua-json.js";
import type { Json } from "../store.js";
import { fromElement, toElement } from "./stanza.js";
import { childElements, xml, type Element } from "../../xmpp/element.js";
import { parseStanza } from "../../xmpp/parse.js";
import { serialise } from "../../xmpp/template.js";

/** Key of the text of a stanza that has more elements in one another than Prosody's serialiser takes. */
const WHOLE = "__chorus_xml";
const MAX_DEPTH = 100;

/**
 * A record of a `.list` file as the message that it is.
 * @param place its number: the id of one that has none, as for Prosody
 * @returns why it is none
 */
export function archived(value: LuaValue, place = 1): ProsodyMessage | DataError {
  try {
    return toMessage(value, place);
  } catch (error) {
    if (error instanceof DataError) return error;
    if (error instanceof SyntaxError) return new DataError("PROSODY_SHAPE", error.message, 0);
    throw error;
  }
}

function toMessage(value: LuaValue, place: number): ProsodyMessage {
  const text = value instanceof Map ? value.get(WHOLE) : undefined;
  const stanza = typeof text === "string" ? parseStanza(text) : toElement(value);
  const { stamp } = stanza.attrs as Record<string, string | undefined>;
  delete stanza.attrs["stamp"];
  delete stanza.attrs["stamp_legacy"];
  const table = value instanceof Map ? value : new Map<never, never>();
  const time = table.get("when");
  const [key, kind] = ["key", "with"].map((name) => textOf(table.get(name)));
  const when = timeOf(time, stamp === undefined ? undefined : parseDateTime(stamp));
  const isNamed = typeof key === "string" && table.get("key") !== "";
  const id = isNamed ? key : String(place);
  if (when === undefined || !Number.isFinite(when)) throw new DataError("PROSODY_SHAPE", "the message has no time", 0);
  return { id, stanza, when, with: typeof kind === "string" ? kind : "" };
}

/** Text that Lua cannot hold is escaped. */
function textOf(value: LuaValue | undefined): LuaValue | Json | undefined {
  return value instanceof Map ? toJson(value) : value;
}

/** Where the time has no fraction its stamp may have one: see {@link fromArchived}. */
function timeOf(time: LuaValue | undefined, stamped: number | undefined): number | undefined {
  if (typeof time !== "number") return stamped;
  return stamped !== undefined && Math.floor(stamped) === time ? stamped : time;
}

/**
 * A message as a record of a `.list` file.
 *
 * Prosody 0.12 cannot read times with fractions, and any Prosody passes over the stamp: the milliseconds stand there.
 * @param floor also a time that is finer than milliseconds loses what is
 */
export function fromArchived({ id, stanza, when, with: kind }: ProsodyMessage, floor = false): LuaTable {
  const table = isDeep(stanza) ? fromElement(shellOf(stanza)).set(WHOLE, serialise(stanza)) : fromElement(stanza);
  const stamp = stampOf(when);
  const isExact = stamp !== undefined && timeOf(Math.floor(when), parseDateTime(stamp)) === when;
  const attr = table.get("attr");
  if (attr instanceof Map && stamp !== undefined) attr.set("stamp", stamp);
  table.set("key", id === "" ? escaped(id) : fromJson(id)).set("when", isExact || floor ? Math.floor(when) : when);
  return kind === "" ? table : table.set("with", fromJson(kind));
}

/** A time as text with its milliseconds, if it has any; `undefined`: it is of no year that such text can hold. */
function stampOf(seconds: number): string | undefined {
  if (!(seconds >= -62_167_219_200 && seconds < 253_402_300_800)) return undefined;
  const text = new Date(seconds * 1000).toISOString();
  return text.endsWith(".000Z") ? formatDateTime(seconds) : text;
}

function isDeep(element: Element, depth = 0): boolean {
  return depth > MAX_DEPTH || childElements(element).some((child) => isDeep(child, depth + 1));
}

/** A stanza without what is in it. */
function shellOf({ name, attrs }: Element): Element {
  return xml(name, { ...(attrs as Record<string, string>) });
}
