import { formatDateTime, parseDateTime } from "../../xmpp/date-time.js";
import { DataError } from "./data-error.js";
import type { LuaTable, LuaValue } from "./lua-data.js";
import type { ProsodyMessage } from "./prosody-data.js";
import { fromElement, toElement } from "./stanza.js";

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
    throw error;
  }
}

function toMessage(value: LuaValue, place: number): ProsodyMessage {
  const stanza = toElement(value);
  const { stamp } = stanza.attrs as Record<string, string | undefined>;
  delete stanza.attrs["stamp"];
  delete stanza.attrs["stamp_legacy"];
  const table = value instanceof Map ? value : new Map<never, never>();
  const [key, time, kind] = ["key", "when", "with"].map((name) => table.get(name));
  const when = timeOf(time, stamp === undefined ? undefined : parseDateTime(stamp));
  const id = typeof key === "string" && key !== "" ? key : String(place);
  if (when === undefined || !Number.isFinite(when)) throw new DataError("PROSODY_SHAPE", "the message has no time", 0);
  return { id, stanza, when, with: typeof kind === "string" ? kind : "" };
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
  const table = fromElement(stanza);
  const stamp = stampOf(when);
  const isExact = stamp !== undefined && timeOf(Math.floor(when), parseDateTime(stamp)) === when;
  const attr = table.get("attr");
  if (attr instanceof Map && stamp !== undefined) attr.set("stamp", stamp);
  table.set("key", id).set("when", isExact || floor ? Math.floor(when) : when);
  return kind === "" ? table : table.set("with", kind);
}

/** A time as text with its milliseconds, if it has any; `undefined`: it is of no year that such text can hold. */
function stampOf(seconds: number): string | undefined {
  if (!(seconds >= -62_167_219_200 && seconds < 253_402_300_800)) return undefined;
  const text = new Date(seconds * 1000).toISOString();
  return text.endsWith(".000Z") ? formatDateTime(seconds) : text;
}
