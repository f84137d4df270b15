import type { Json } from "../store.js";
import type { LuaKey, LuaTable, LuaValue } from "./lua-data.js";

/**
 * Lua data as JSON, in the form that Prosody's own JSON has it in: 1..n is a list, string keys are an object, a mixture
 * has its list under `__array`, and other keys stand in `__hash`, each before its value. What JSON has no number for is
 * `{ "__number": "inf" }`. Nothing is left out.
 */
export function toJson(value: LuaValue): Json {
  if (typeof value === "bigint") return { __number: String(value) };
  if (typeof value === "number") return Number.isFinite(value) ? value : { __number: nameOf(value) };
  return value instanceof Map ? tableToJson(value) : value;
}

function tableToJson(table: LuaTable): Json {
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
