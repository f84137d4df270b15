/** Lua data of every kind, and Lua itself with Prosody's library. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import fc from "fast-check";
import type { LuaKey, LuaTable, LuaValue } from "../../../../core/storage/prosody/lua-data.js";

const LIBRARY = "/usr/lib/prosody";
const LUA = "lua5.4";

/** Why nothing can be asked of Prosody's own library; `undefined`: it can. */
export function missing(): string | undefined {
  if (!existsSync(`${LIBRARY}/util/serialization.lua`)) return `${LIBRARY}/util/serialization.lua is not installed`;
  return spawnSync(LUA, ["-v"]).error ? `${LUA} is not installed` : undefined;
}

const SEPARATOR = "\n=====\n";

/** Bytes as text that has a character for each. */
export const latin1 = (bytes: Buffer): string => bytes.toString("latin1");

/** Lua source of a value, written in another way than Prosody does: bytes in hexadecimal, numbers exactly. */
export function luaOf(value: LuaValue): string {
  if (typeof value === "string") return `("${Buffer.from(value, "latin1").toString("hex")}"):unhex()`;
  if (typeof value === "bigint") return value === -(2n ** 63n) ? "math.mininteger" : String(value);
  if (typeof value === "boolean") return String(value);
  if (value instanceof Map) return `{${[...value].map(([key, item]) => `[${luaOf(key)}]=${luaOf(item)}`).join(";")}}`;
  if (Number.isNaN(value)) return "(0/0)";
  if (!Number.isFinite(value)) return value > 0 ? "math.huge" : "-math.huge";
  return Number.isInteger(value) ? String(BigInt(value)) : `${value}`;
}

/**
 * What a program for Lua says, piece by piece: it is to call `say` with each.
 * @param program may use `serialization`, Prosody's own, and `("6869"):unhex()`
 */
export function runLua(program: string): Buffer[] {
  const input = `
package.cpath = "${LIBRARY}/?.so;" .. package.cpath
package.path = "${LIBRARY}/?.lua;" .. package.path
local serialization = require "util.serialization"
function string.unhex(hex) return (hex:gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end)) end
local function say(...) io.write(...) io.write("${SEPARATOR.replaceAll("\n", "\\n")}") end
${program}`;
  const { stdout, stderr, status } = spawnSync(LUA, ["-"], { input, maxBuffer: 2 ** 28 });
  assert.equal(status, 0, stderr.toString());
  return latin1(stdout)
    .split(SEPARATOR)
    .slice(0, -1)
    .map((text) => Buffer.from(text, "latin1"));
}

const bytes = fc.uint8Array({ maxLength: 12 }).map((array) => Buffer.from(array).toString("latin1"));
const text = fc.oneof(bytes, fc.constantFrom("return", "nil", "\\", '"', "]]", "--", "item(", "\n};", "\u0001"));
const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
});
const float = fc.double().filter((value) => !Number.isInteger(value) && !Number.isNaN(value));
const key: fc.Arbitrary<LuaKey> = fc.oneof(text, fc.integer({ min: -3, max: 9 }), fc.boolean());
export const { value: anyValue } = fc.letrec<{ value: LuaValue; table: LuaTable }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    text,
    fc.integer(),
    integer,
    float,
    fc.boolean(),
    fc.constantFrom(Infinity, -Infinity, NaN),
    tie("table"),
  ),
  table: fc.array(fc.tuple(key, tie("value")), { maxLength: 5 }).map((entries) => new Map(entries)),
}));
/** Tables of such values. */
export const anyTable = fc
  .array(fc.tuple(key, anyValue), { maxLength: 6 })
  .map((entries): LuaTable => new Map(entries));
