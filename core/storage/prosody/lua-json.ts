import { isDeepStrictEqual } from "node:util";
import type { Json } from "../store.js";
import type { LuaKey, LuaTable, LuaValue } from "./lua-data.js";

/**
 * The one key of a table that stands for what Lua data cannot hold, or cannot tell from something else: the value is
 * text of JSON. Prosody keeps such a table as it keeps any other, and takes the key for no address.
 */
const ESCAPE = "__chorus_json";
/** Keys by which JSON tells what no object is. */
const MARKS: ReadonlySet<string> = new Set(["__array", "__hash", "__number", ESCAPE]);
const LONE_SURROGATE = /\p{Surrogate}/u;
/** From here on `%.18g` writes an exponent, so that the number does not come back as an integer of 64 bits. */
const FIRST_WITH_EXPONENT = 1e18;
/** Tables in tables; Prosody's serialiser refuses more than 127. */
const MAX_DEPTH = 100;
const NOT_FINITE: ReadonlyMap<Json | undefined, number> = new Map([
  ["inf", Infinity],
  ["-inf", -Infinity],
  ["nan", NaN],
]);

/**
 * Lua data as JSON, in the form that Prosody's own JSON has it in: 1..n is a list, string keys are an object, a mixture
 * has its list under `__array`, and other keys stand in `__hash`, each before its value. What JSON has no number for is
 * `{ "__number": "inf" }`. Nothing is left out; {@link fromJson} leads back.
 */
export function toJson(value: LuaValue): Json {
  if (typeof value === "bigint") return { __number: String(value) };
  if (typeof value === "number") return Number.isFinite(value) ? value : { __number: nameOf(value) };
  return value instanceof Map ? tableToJson(value) : value;
}

/**
 * JSON as Lua data that {@link toJson} makes the same JSON of, in the plainest form that does: an object is a table, and
 * what {@link toJson} writes of tables that are no object becomes that table. What Lua data has not (`null`, an empty
 * list, text with half a character, a number between its integers and its floats) is escaped, alone: the rest stays
 * readable for Prosody.
 */
export function fromJson(value: Json, depth = 0): LuaValue {
  if (typeof value === "string") return LONE_SURROGATE.test(value) ? escaped(value) : value;
  if (typeof value === "number") return isPlainNumber(value) ? value + 0 : escaped(value);
  if (typeof value === "boolean") return value;
  if (value === null || depth >= MAX_DEPTH) return escaped(value);
  if (isList(value)) {
    if (value.length === 0) return escaped(value);
    return new Map(value.map((item, at): [LuaKey, LuaValue] => [at + 1, fromJson(item, depth + 1)]));
  }
  return isMarked(value) ? (unmarked(value, depth) ?? escaped(value)) : plainTable(value, depth);
}

/** The table that stands for any JSON, for Prosody to pass over. */
export function escaped(value: Json): LuaTable {
  return new Map([[ESCAPE, JSON.stringify(value)]]);
}

/** Whether a key of an object can be a key of a table and nothing else. */
export function isPlainKey(key: string): boolean {
  return !MARKS.has(key) && !LONE_SURROGATE.test(key);
}

/** Whether a value is an object, and no list. */
export function isJsonObject(value: Json | undefined): value is { readonly [key: string]: Json | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isPlainNumber(value: number): boolean {
  return !Number.isInteger(value) || Number.isSafeInteger(value) || Math.abs(value) >= FIRST_WITH_EXPONENT;
}

function isMarked(value: { readonly [key: string]: Json | undefined }): boolean {
  return !Object.keys(value).every(isPlainKey);
}

function plainTable(value: { readonly [key: string]: Json | undefined }, depth: number): LuaTable {
  const table: LuaTable = new Map();
  for (const [key, item] of Object.entries(value)) if (item !== undefined) table.set(key, fromJson(item, depth + 1));
  return table;
}

/** The table or number that `toJson` wrote this of, if it did. */
function unmarked(value: { readonly [key: string]: Json | undefined }, depth: number): LuaValue | undefined {
  const { __array: list, __hash: hash, __number: number, ...others } = value;
  let found: LuaValue | undefined;
  if (number !== undefined && Object.keys(value).length === 1) found = numberOf(number);
  else if (!Object.keys(value).some((key) => LONE_SURROGATE.test(key))) {
    found = plainTable(number === undefined ? others : { ...others, __number: number }, depth);
    if (Array.isArray(list))
      for (const [at, item] of list.entries()) found.set(at + 1, fromJson(item as Json, depth + 1));
    if (Array.isArray(hash)) {
      for (let at = 0; at + 1 < hash.length; at += 2) {
        const key = fromJson(hash[at] as Json, depth + 1);
        if (typeof key !== "object") found.set(key, fromJson(hash[at + 1] as Json, depth + 1));
      }
    }
  }
  return found !== undefined && isDeepStrictEqual(toJson(found), value) ? found : undefined;
}

function numberOf(text: Json): number | bigint | undefined {
  const number = NOT_FINITE.get(text);
  if (number !== undefined || typeof text !== "string" || !/^-?[1-9]\d{15,18}$/.test(text)) return number;
  const integer = BigInt(text);
  const isOfLua = integer >= -(2n ** 63n) && integer < 2n ** 63n && !Number.isSafeInteger(Number(integer));
  return isOfLua ? integer : undefined;
}

/** What a table stands for that was made of what Lua data cannot hold; `undefined`: it is none. */
export function unescaped(table: LuaTable): Json | undefined {
  const text = table.size === 1 ? table.get(ESCAPE) : undefined;
  if (typeof text !== "string") return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined; // a table of somebody else's after all
  }
}

function tableToJson(table: LuaTable): Json {
  const original = unescaped(table);
  if (original !== undefined) return original;
  const list = listOf(table);
  if (list.length > 0 && list.length === table.size) return list.map(toJson);
  const object: Record<string, Json> = {};
  const others: Json[] = [];
  for (const [key, value] of table) {
    if (typeof key === "string") define(object, key, toJson(value));
    else if (!isPlace(key, list.length)) others.push(toJson(key), toJson(value));
  }
  if (list.length > 0) object["__array"] = list.map(toJson);
  if (others.length > 0) object["__hash"] = others;
  return object;
}

/** Also for a key such as `__proto__`. */
function define(object: Record<string, Json>, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** The values 1..n of a table. */
export function listOf(table: LuaTable): LuaValue[] {
  const list: LuaValue[] = [];
  for (let at = 1; ; at++) {
    const value = table.get(at);
    if (value === undefined) return list;
    list.push(value);
  }
}

function isPlace(key: LuaKey, length: number): boolean {
  return typeof key === "number" && Number.isInteger(key) && key >= 1 && key <= length;
}

function nameOf(value: number): string {
  if (Number.isNaN(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}
