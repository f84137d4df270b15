/**
 * What a value of a store of Chorus looks like in the store of that name of Prosody's, and back.
 *
 * Most are the same, up to what Lua data is (see `toJson`). The form that Prosody has is taken wherever the value comes
 * back from it; any other value of such a store is kept too, as what it is or escaped.
 */
import { isDeepStrictEqual } from "node:util";
import { parseStanza } from "../../xmpp/parse.js";
import { serialise } from "../../xmpp/template.js";
import type { Json } from "../store.js";
import { DataError } from "./data-error.js";
import type { LuaKey, LuaTable, LuaValue } from "./lua-data.js";
import { escaped, fromJson, isJsonObject, isPlainKey, toJson, unescaped } from "./lua-json.js";
import { fromRoom, isRoomRecord, toRoom } from "./room-shape.js";
import { fromElement, toElement } from "./stanza.js";

/** How the values of a store are kept in Prosody's. */
export interface StoreShape {
  /** The value of a user as Prosody's table; never an empty one, which is the absence of a value there. */
  toTable(value: Json): LuaTable;
  /** Prosody's table of a user as value; of a table that is not as it should be, what {@link toJson} makes of it. */
  fromTable(table: LuaTable): Json;
  /** For a store in which the entries of a value that is an object can be converted one by one. */
  readonly entries?: EntryShape;
}

/** How single entries of a value are kept. */
export interface EntryShape {
  /** The entry of Prosody's table; `undefined`: with that key, only a whole value can be converted. */
  toEntry(key: string, value: Json): readonly [LuaKey, LuaValue] | undefined;
  /** The entry of the value; `undefined`: with that key, only a whole table can be converted. */
  fromEntry(key: LuaKey, value: LuaValue): readonly [string, Json] | undefined;
}

interface Conversion {
  /** What comes back by `from`; `undefined`: Prosody has no such value. */
  readonly to: (value: Json) => LuaTable | undefined;
  /** @throws DataError when it is none of this store */
  readonly from: (table: LuaTable) => Json;
}

const CONVERSIONS: ReadonlyMap<string, Conversion> = new Map([
  ["config", { to: tableOfRoom, from: roomOf }],
  ["roster", { to: fromRoster, from: toRoster }],
  ["private", { to: fromPrivate, from: toPrivate }],
  ["vcard", { to: fromCard, from: toCard }],
  ["vcard_muc", { to: fromCard, from: toCard }],
]);

/** The shape of a store. @param store Prosody's name of it, which is that of Chorus */
export function shapeOf(store: string): StoreShape {
  const conversion = CONVERSIONS.get(store);
  if (conversion === undefined) return GENERAL;
  const fromTable = (table: LuaTable): Json => unescaped(table) ?? read(table, conversion);
  const isReadAs = (table: LuaTable, value: Json): boolean => isDeepStrictEqual(fromTable(table), value);
  return {
    fromTable,
    toTable: (value) => {
      const special = conversion.to(value);
      if (special !== undefined) return special;
      const general = plain(value);
      return general !== undefined && isReadAs(general, value) ? general : escaped(value);
    },
    ...(store === "private" && { entries: { toEntry: fromPrivateEntry, fromEntry: toPrivateEntry } }),
  };
}

const GENERAL: StoreShape = {
  toTable: (value) => plain(value) ?? escaped(value),
  fromTable: toJson,
  entries: {
    toEntry: (key, value) => (isPlainKey(key) ? [key, fromJson(value)] : undefined),
    fromEntry: (key, value) => (typeof key === "string" && isPlainKey(key) ? [key, toJson(value)] : undefined),
  },
};

/** Accounts and other tables with names. @throws DataError */
export function toNamed(table: LuaTable): { readonly [key: string]: Json } {
  const json = toJson(table);
  if (isJsonObject(json)) return json as { readonly [key: string]: Json };
  throw new DataError("PROSODY_SHAPE", "expected a table with names", 0);
}

/** A roster; what Prosody keeps under `false` is under the empty name here. @throws DataError */
export function toRoster(table: LuaTable): Json {
  const meta = table.get(false);
  const items = new Map<LuaKey, LuaValue>([...table].filter(([key]) => key !== false && key !== "pending"));
  const old = table.get("pending"); // where it stood before 0.10
  const [version, pending] = meta instanceof Map ? [meta.get("version"), meta.get("pending") ?? old] : [undefined, old];
  return {
    ...toNamed(items),
    "": {
      ...(meta instanceof Map && toNamed(meta)),
      version: typeof version === "number" ? version : 0,
      pending: pending instanceof Map ? toNamed(pending) : {},
    },
  };
}

function fromRoster(value: Json): LuaTable | undefined {
  if (!isJsonObject(value)) return undefined;
  const { "": meta, ...items } = value;
  const table = fromJson(items);
  if (!(table instanceof Map) || !isJsonObject(meta)) return undefined;
  table.set(false, fromJson(meta));
  return unescaped(table) === undefined && isDeepStrictEqual(read(table, { from: toRoster }), value)
    ? table
    : undefined;
}

/** XML by name and namespace of its element. @throws DataError */
export function toPrivate(table: LuaTable): Json {
  return Object.fromEntries([...table].map(([key, value]) => [String(key), serialise(toElement(value))]));
}

function fromPrivate(value: Json): LuaTable | undefined {
  if (!isJsonObject(value)) return undefined;
  const table: LuaTable = new Map();
  for (const [key, text] of Object.entries(value)) {
    const entry = text === undefined ? undefined : fromPrivateEntry(key, text);
    if (entry === undefined) return undefined;
    table.set(entry[0], entry[1]);
  }
  return table.size === 0 ? undefined : table;
}

function fromPrivateEntry(key: string, value: Json): readonly [LuaKey, LuaValue] | undefined {
  const table = isPlainKey(key) ? fromCard(value) : undefined;
  return table === undefined ? undefined : [key, table];
}

function toPrivateEntry(key: LuaKey, value: LuaValue): readonly [string, Json] | undefined {
  try {
    return typeof key === "string" && isPlainKey(key) ? [key, serialise(toElement(value))] : undefined;
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

/** A vCard, as text of XML. @throws DataError */
export function toCard(table: LuaTable): Json {
  return serialise(toElement(table));
}

/** Text of XML as an element, when it is one that comes back. */
function fromCard(value: Json): LuaTable | undefined {
  if (typeof value !== "string" || !value.startsWith("<")) return undefined;
  try {
    const table = fromElement(parseStanza(value));
    return isDeepStrictEqual(fromElement(toElement(table)), table) ? table : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof DataError) return undefined;
    throw error;
  }
}

function roomOf(table: LuaTable): Json {
  const jid = table.get("_jid") ?? table.get("jid");
  if (typeof jid !== "string") throw new DataError("PROSODY_SHAPE", "expected a room, which has an address", 0);
  return { ...toRoom(jid, table, () => undefined) };
}

function tableOfRoom(value: Json): LuaTable | undefined {
  if (!isRoomRecord(value)) return undefined;
  const table = fromRoom(value);
  return isDeepStrictEqual(read(table, { from: roomOf }), value) ? table : undefined;
}

function read(table: LuaTable, { from }: Pick<Conversion, "from">): Json {
  try {
    return from(table);
  } catch (error) {
    if (error instanceof DataError) return toJson(table);
    throw error;
  }
}

/** The general form of a value, where it is a table with something in it. */
function plain(value: Json): LuaTable | undefined {
  const table = fromJson(value);
  return table instanceof Map && table.size > 0 ? table : undefined;
}
