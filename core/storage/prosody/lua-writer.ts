import type { LuaKey, LuaTable, LuaValue } from "./lua-data.js";

/** What Prosody's serialiser refuses to go past: tables in tables. */
const MAX_DEPTH = 127;
const SIGNIFICANT = 18;
const ESCAPES: ReadonlyMap<number, string> = new Map([
  [7, "\\a"],
  [8, "\\b"],
  [9, "\\t"],
  [10, "\\n"],
  [11, "\\v"],
  [12, "\\f"],
  [13, "\\r"],
  [34, '\\"'],
  [39, "\\'"],
  [92, "\\\\"],
]);
const NEEDS_ESCAPE = /[^ !#-&(-[\]-~]/;

/** How text becomes bytes; default: UTF-8. */
export type EncodeText = (text: string) => Buffer;

/** A whole `.dat` file. @throws RangeError when there are more than 127 tables in one another */
export function writeData(table: LuaTable): string {
  return `return ${writeValue(table)};\n`;
}

/** A record of a `.list` file. @throws RangeError when there are more than 127 tables in one another */
export function writeItem(table: LuaTable): string {
  return `item(${writeValue(table)});\n`;
}

/** Lua data as Prosody's serialiser writes it, with the keys of tables in their order; ASCII only. */
export function writeValue(value: LuaValue, encode: EncodeText = (text) => Buffer.from(text), depth = 1): string {
  if (value instanceof Map) return writeTable(value, encode, depth);
  return writeScalar(value, encode);
}

function writeTable(table: LuaTable, encode: EncodeText, depth: number): string {
  if (depth > MAX_DEPTH) throw new RangeError(`more than ${MAX_DEPTH} tables in one another`);
  if (table.size === 0) return "{}";
  const indent = "\t".repeat(depth);
  let next = 1;
  let text = "{\n";
  for (const [key, value] of table) {
    text += indent;
    if (key === next) next++;
    else text += `[${writeScalar(key, encode)}] = `;
    text += `${writeValue(value, encode, depth + 1)};\n`;
  }
  return `${text}${indent.slice(1)}}`;
}

function writeScalar(value: LuaKey, encode: EncodeText): string {
  if (typeof value === "string") return writeText(value, encode);
  return typeof value === "number" ? writeNumber(value) : String(value);
}

function writeText(text: string, encode: EncodeText): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`;
  let out = '"';
  for (const byte of encode(text)) {
    const escape = ESCAPES.get(byte);
    if (escape !== undefined) out += escape;
    else if (byte < 32 || byte >= 127) out += `\\${String(byte).padStart(3, "0")}`;
    else out += String.fromCharCode(byte);
  }
  return `${out}"`;
}

function writeNumber(value: number): string {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
  if (Number.isNaN(value)) return "(0/0)";
  if (!Number.isFinite(value)) return value > 0 ? "(1/0)" : "(-1/0)";
  return writeFloat(value);
}

/** As C's `%.18g` does. */
function writeFloat(value: number): string {
  const [mantissa = "", exponentText = "0"] = roundedToEven(Math.abs(value)).split("e");
  const exponent = Number(exponentText);
  const digits = mantissa.replace(".", "").replace(/0+$/, "");
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  if (exponent < -4 || exponent >= SIGNIFICANT) {
    const power = String(Math.abs(exponent)).padStart(2, "0");
    const rest = digits.slice(1);
    return `${sign}${digits[0] ?? "0"}${rest === "" ? "" : `.${rest}`}e${exponent < 0 ? "-" : "+"}${power}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const rest = digits.slice(exponent + 1);
  return `${sign}${whole}${rest === "" ? "" : `.${rest}`}`;
}

/** 18 digits; a number halfway between two such goes to the even one, as C has it, where JavaScript takes the larger. */
function roundedToEven(value: number): string {
  const rounded = value.toExponential(SIGNIFICANT - 1);
  const [exact = "", exponent = "0"] = value.toExponential(60).split("e");
  const isHalfway = /^50*$/.test(exact.slice(SIGNIFICANT + 1));
  const isTruncatedEven = Number(exact[SIGNIFICANT]) % 2 === 0;
  return isHalfway && isTruncatedEven ? `${exact.slice(0, SIGNIFICANT + 1)}e${exponent}` : rounded;
}
