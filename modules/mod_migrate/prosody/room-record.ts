import {
  DataError,
  decodeUtf8,
  domainOf,
  parseBareJid,
  toJson,
  type Json,
  type LuaKey,
  type LuaTable,
  type LuaValue,
} from "chorus-muc";
import {
  parseAffiliation,
  type Affiliation,
  type AffiliationData,
  type FrozenRoom,
  type RoomData,
} from "chorus-muc/muc";
import type { Remark } from "../report.js";

/** Key of `_data` under which entries of a room stay that nobody here knows. */
const UNKNOWN = "prosody_unknown";
const OWN_KEYS: ReadonlySet<LuaKey> = new Set(["_jid", "jid", "_data", "_affiliations", "_affiliation_data"]);

type Tell = (kind: Remark["kind"], reason: string) => void;

/**
 * A room as Prosody stores it, as Chorus does. Both have the same settings under the same keys; Prosody keeps
 * affiliations beside those, and kept them in a table before 0.11.
 * @param jid the room's, prepared
 * @throws DataError when it is no room
 */
export function toRoom(jid: string, table: LuaTable, tell: Tell): FrozenRoom {
  const data = record(table.get("_data"), "_data");
  const affiliations: Record<string, Affiliation> = Object.create(null) as Record<string, Affiliation>;
  const unknown: [LuaKey, LuaValue][] = [];
  const entries: [LuaKey, LuaValue][] = [...table].filter(([key]) => !OWN_KEYS.has(key));
  const old = table.get("_affiliations");
  if (old instanceof Map) entries.push(...old);
  // The prepared form of an address is the one that counted in Prosody: where two become one, it wins.
  for (const [key, value] of entries.toSorted(([a], [b]) => Number(isPrepared(b)) - Number(isPrepared(a)))) {
    const address = addressOf(key);
    const affiliation = typeof value === "string" ? parseAffiliation(value) : undefined;
    if (address === undefined || affiliation === undefined) {
      unknown.push([key, value]);
      tell("note", `${describe(key)} is no affiliation; it is kept under ${UNKNOWN}`);
    } else if (address in affiliations) {
      unknown.push([key, value]);
      tell(
        "lost",
        `the affiliations of ${String(key)} and ${address} are of one address once it is prepared: ${address} stays ${affiliations[address] ?? ""}`,
      );
    } else if (affiliation !== "none") affiliations[address] = affiliation;
  }
  return {
    _jid: jid,
    _data: { ...data, ...(unknown.length > 0 && { [UNKNOWN]: toJson(new Map(unknown)) }) } satisfies RoomData,
    _affiliations: { ...affiliations },
    _affiliation_data: affiliationData(table.get("_affiliation_data"), tell),
  };
}

function affiliationData(value: LuaValue | undefined, tell: Tell): Record<string, AffiliationData> {
  const all = value === undefined ? {} : record(value, "_affiliation_data");
  const prepared: Record<string, AffiliationData> = {};
  for (const [key, entry] of Object.entries(all)) {
    const address = addressOf(key) ?? key;
    if (address !== key && address in all) {
      tell(
        "lost",
        `the data of ${key} and ${address} are of one address once it is prepared: that of ${address} stays`,
      );
    } else if (typeof entry === "object" && entry !== null && !Array.isArray(entry)) prepared[address] = { ...entry };
    else tell("lost", `the data of ${key} is no table`);
  }
  return prepared;
}

function record(value: LuaValue | undefined, name: string): Record<string, Json> {
  const json = value instanceof Map ? toJson(value) : undefined;
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Record<string, Json>;
  throw new DataError("PROSODY_SHAPE", `expected a room, which has a table ${name}`, 0);
}

function isPrepared(key: LuaKey): boolean {
  return addressOf(key) === key;
}

/** An address that may have an affiliation: without a resource, and of a domain that is one. */
function addressOf(key: LuaKey): string | undefined {
  if (typeof key !== "string" || domainOf(key).startsWith("_")) return undefined;
  return parseBareJid(key);
}

function describe(key: LuaKey): string {
  return typeof key === "string" && decodeUtf8(Buffer.from(key)) !== undefined ? `"${key}"` : `the key ${String(key)}`;
}
