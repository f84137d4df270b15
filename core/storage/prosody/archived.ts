import { parseDateTime } from "../../xmpp/date-time.js";
import { DataError } from "./data-error.js";
import type { LuaValue } from "./lua-data.js";
import type { ProsodyMessage } from "./prosody-data.js";
import { toElement } from "./stanza.js";

/** A record of a `.list` file as the message that it is. @returns why it is none */
export function archived(value: LuaValue): ProsodyMessage | DataError {
  try {
    return toMessage(value);
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
}

function toMessage(value: LuaValue): ProsodyMessage {
  const stanza = toElement(value);
  const { stamp } = stanza.attrs as Record<string, string | undefined>;
  delete stanza.attrs["stamp"];
  delete stanza.attrs["stamp_legacy"];
  const table = value instanceof Map ? value : new Map<never, never>();
  const [id, time, kind] = ["key", "when", "with"].map((key) => table.get(key));
  const when = typeof time === "number" ? time : stamp === undefined ? undefined : parseDateTime(stamp);
  if (typeof id !== "string" || id === "") throw new DataError("PROSODY_SHAPE", "the message has no id", 0);
  if (when === undefined || !Number.isFinite(when)) throw new DataError("PROSODY_SHAPE", "the message has no time", 0);
  return { id, stanza, when, with: typeof kind === "string" ? kind : "" };
}
