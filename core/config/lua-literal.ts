/** Values written as Lua source: how text and JSON reach the evaluator, byte for byte. */

const BACKSLASH = 0x5c;
const QUOTE = 0x22;

/** A quoted Lua string of exactly these bytes; everything but plain ASCII becomes `\ddd`. */
export function luaString(content: Uint8Array | string): string {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  let out = "";
  let plainFrom = 0;
  const latin = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte >= 0x20 && byte < 0x7f && byte !== BACKSLASH && byte !== QUOTE) continue;
    out += `${latin.slice(plainFrom, i)}\\${String(byte).padStart(3, "0")}`;
    plainFrom = i + 1;
  }
  return `"${out}${latin.slice(plainFrom)}"`;
}

function luaNumber(value: number): string {
  if (Number.isNaN(value)) return "(0/0)";
  if (!Number.isFinite(value)) return value > 0 ? "(1/0)" : "(-1/0)";
  return Object.is(value, -0) ? "-0.0" : String(value);
}

/**
 * A value written as a Lua expression; `undefined`, and `null` unless told otherwise, is `nil`.
 *
 * @param nullLiteral what stands for `null`
 * @throws TypeError for functions, symbols and other values that Lua data cannot hold
 */
export function luaLiteral(value: unknown, nullLiteral = "nil"): string {
  if (value === undefined) return "nil";
  if (value === null) return nullLiteral;
  if (typeof value === "string") return luaString(value);
  if (typeof value === "number") return luaNumber(value);
  if (typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `{${value.map((item) => `${luaLiteral(item, nullLiteral)};`).join("")}}`;
  if (typeof value !== "object") throw new TypeError(`luaLiteral: ${typeof value} is not data`);
  const fields = Object.entries(value).map(([key, item]) => `[${luaString(key)}]=${luaLiteral(item, nullLiteral)};`);
  return `{${fields.join("")}}`;
}
