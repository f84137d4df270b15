/** Values as Prosody's driver `sql` keeps them: a type and a text. */
import { DataError } from "./data-error.js";
import type { LuaKey, LuaTable, LuaValue } from "./lua-data.js";
import { listOf } from "./lua-json.js";
import { fromElement } from "./stanza.js";
import { parseStanza } from "../../xmpp/parse.js";

/** A row of the table `prosody`, without whose it is. The empty key has all that no string is the key of. */
export interface SqlEntry {
  readonly key: string;
  readonly type: string;
  readonly value: string;
}

/** Tables in tables, as in files. */
const MAX_DEPTH = 200;
/** What `tonumber` of Lua takes, as far as `tostring` makes it. */
const NUMERAL = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/gs;
/** Stands for an integer that a number cannot hold, while JSON is read. */
const INTEGER = "\u0000integer";

/** The table that is kept in these rows. @throws DataError naming the key */
export function tableOfRows(rows: Iterable<SqlEntry>): LuaTable {
  const table: LuaTable = new Map();
  for (const { key, type, value } of rows) {
    let decoded;
    try {
      decoded = decodeSql(type, value);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      throw new DataError(error.code, `key ${JSON.stringify(key)}: ${error.what}`, undefined);
    }
    if (key !== "") table.set(key, decoded);
    else if (decoded instanceof Map) for (const [other, item] of decoded) table.set(other, item);
  }
  return table;
}

/** The rows that keep a table. */
export function rowsOfTable(table: LuaTable): SqlEntry[] {
  const rows: SqlEntry[] = [];
  const others: LuaTable = new Map();
  for (const [key, value] of table) {
    if (typeof key === "string" && key !== "" && !key.includes("\u0000")) rows.push({ key, ...encodeSql(value) });
    else others.set(key, value);
  }
  if (others.size > 0) rows.push({ key: "", ...encodeSql(others) });
  return rows;
}

/** A value of a column of the type that stands beside it. @throws DataError */
export function decodeSql(type: string, text: string): LuaValue {
  switch (type) {
    case "string":
      return text;
    case "boolean":
      if (text === "true" || text === "false") return text === "true";
      throw wrong("PROSODY_SYNTAX", `expected true or false, got ${shown(text)}`);
    case "number":
      if (!NUMERAL.test(text)) throw wrong("PROSODY_SYNTAX", `expected a number, got ${shown(text)}`);
      return /^-?\d+$/.test(text) ? integerOf(text) : Number(text);
    case "json":
      return fromPlain(parseJson(text), 0) ?? new Map();
    case "xml":
      return fromElement(parseXml(text));
    default:
      throw wrong("PROSODY_SHAPE", `expected one of Prosody's types, got ${shown(type)}`);
  }
}

/** The element in a column of type `xml`. @throws DataError */
export function parseXml(text: string): ReturnType<typeof parseStanza> {
  try {
    return parseStanza(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw wrong("PROSODY_SYNTAX", `expected XML, got ${shown(text)}`);
  }
}

/** A value as type and text. */
export function encodeSql(value: LuaValue): { readonly type: string; readonly value: string } {
  // Databases have no text with this character in it, and JSON escapes it.
  if (typeof value === "string" && !value.includes("\u0000")) return { type: "string", value };
  if (typeof value === "boolean") return { type: "boolean", value: String(value) };
  if (typeof value === "bigint" || (typeof value === "number" && Number.isFinite(value))) {
    return { type: "number", value: String(value) };
  }
  return { type: "json", value: jsonText(value) };
}

/** As Prosody writes JSON: 1..n is a list, what no string is the key of stands in `__hash`, beside names in `__array`. */
function jsonText(value: LuaValue): string {
  if (typeof value === "number" && !Number.isFinite(value)) {
    // No number is so large; of what is no number at all there is nothing to be kept.
    return Number.isNaN(value) ? "null" : value > 0 ? "1e999" : "-1e999";
  }
  if (!(value instanceof Map)) return typeof value === "bigint" ? String(value) : JSON.stringify(value);
  const list = listOf(value);
  if (list.length > 0 && list.length === value.size) return `[${list.map(jsonText).join(",")}]`;
  const members: string[] = [];
  const hash: string[] = [];
  for (const [key, item] of value) {
    if (typeof key === "string" && key !== "__array" && key !== "__hash") {
      members.push(`${JSON.stringify(key)}:${jsonText(item)}`);
    } else if (!(typeof key === "number" && Number.isInteger(key) && key >= 1 && key <= list.length)) {
      hash.push(jsonText(key), jsonText(item));
    }
  }
  if (hash.length > 0) members.push(`"__hash":[${hash.join(",")}]`);
  if (list.length > 0) members.push(`"__array":[${list.map(jsonText).join(",")}]`);
  return `{${members.join(",")}}`;
}

type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

function parseJson(text: string): Plain {
  try {
    return JSON.parse(/\d{16}/.test(text) ? text.replace(TOKEN, marked) : text) as Plain;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw wrong("PROSODY_SYNTAX", `expected JSON, got ${shown(text)}`);
  }
}

function marked(token: string): string {
  if (!/^-?\d+$/.test(token) || Number.isSafeInteger(Number(token))) return token;
  return JSON.stringify({ [INTEGER]: token });
}

/** `undefined`: `null`, which stands for nothing in Lua. */
function fromPlain(value: Plain, depth: number): LuaValue | undefined {
  if (depth > MAX_DEPTH) throw wrong("PROSODY_SYNTAX", `more than ${MAX_DEPTH} tables in one another`);
  if (value === null) return undefined;
  if (typeof value !== "object") return value;
  const table: LuaTable = new Map();
  const put = (key: LuaKey, item: Plain): void => {
    const decoded = fromPlain(item, depth + 1);
    if (decoded !== undefined) table.set(key, decoded);
  };
  const putList = (list: readonly Plain[]): void => list.forEach((item, at) => put(at + 1, item));
  if (Array.isArray(value)) {
    putList(value);
    return table;
  }
  const { [INTEGER]: integer, __array: list, __hash: hash, ...members } = value;
  if (typeof integer === "string") return integerOf(integer);
  for (const [key, item] of Object.entries(members)) put(key, item);
  if (Array.isArray(list)) putList(list);
  else if (list !== undefined) put("__array", list);
  if (!Array.isArray(hash)) {
    if (hash !== undefined) put("__hash", hash);
    return table;
  }
  for (let at = 0; at + 1 < hash.length; at += 2) {
    const key = fromPlain(hash[at] ?? null, depth + 1);
    if (key === undefined || typeof key === "object") throw wrong("PROSODY_SHAPE", "a key that is none");
    put(key, hash[at + 1] ?? null);
  }
  return table;
}

function integerOf(text: string): number | bigint {
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  const integer = BigInt(text);
  return integer >= -(2n ** 63n) && integer < 2n ** 63n ? integer : number;
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function wrong(code: DataError["code"], what: string): DataError {
  return new DataError(code, what, undefined);
}
