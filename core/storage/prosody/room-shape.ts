import { domainOf, parseBareJid } from "../../xmpp/jid.js";
import type { Json } from "../store.js";
import { DataError } from "./data-error.js";
import type { LuaKey, LuaTable, LuaValue } from "./lua-data.js";
import { fromJson, isJsonObject, toJson } from "./lua-json.js";

/** Key of `_data` under which entries of a room stay that nobody here knows. */
const UNKNOWN = "prosody_unknown";
const OWN_KEYS: ReadonlySet<LuaKey> = new Set(["_jid", "jid", "_data", "_affiliations", "_affiliation_data"]);
const AFFILIATIONS: readonly StoredAffiliation[] = ["owner", "admin", "member", "outcast"];

/** What an affiliation that is stored may be: no word stands for `none`. */
export type StoredAffiliation = "owner" | "admin" | "member" | "outcast";

/** A room as Chorus stores it: Prosody's, with the affiliations in a table of their own. */
export interface RoomRecord {
  readonly _jid: string;
  readonly _data: Record<string, Json>;
  readonly _affiliations: Record<string, StoredAffiliation>;
  readonly _affiliation_data: Record<string, Record<string, Json>>;
}

/** What somebody should know of what was read: `lost`: it is not there; `note`: it is there in another way. */
export type TellShape = (kind: "lost" | "note", reason: string) => void;

/**
 * A room as Prosody stores it, as Chorus does. Both have the same settings under the same keys; Prosody keeps
 * affiliations beside those, and kept them in a table before 0.11.
 * @param jid the room's, prepared
 * @throws DataError when it is no room
 */
export function toRoom(jid: string, table: LuaTable, tell: TellShape): RoomRecord {
  const data = record(table.get("_data"), "_data");
  const affiliations: Record<string, StoredAffiliation> = Object.create(null) as Record<string, StoredAffiliation>;
  const unknown: [LuaKey, LuaValue][] = [];
  const entries: [LuaKey, LuaValue][] = [...table].filter(([key]) => !OWN_KEYS.has(key));
  const old = table.get("_affiliations");
  if (old instanceof Map) entries.push(...old);
  // The prepared form of an address is the one that counted in Prosody: where two become one, it wins.
  for (const [key, value] of entries.toSorted(([a], [b]) => Number(isPrepared(b)) - Number(isPrepared(a)))) {
    const address = addressOf(key);
    const affiliation = AFFILIATIONS.find((word) => word === value);
    if (address === undefined || (affiliation === undefined && value !== "none")) {
      unknown.push([key, value]);
      tell(
        "note",
        `${typeof key === "string" ? `"${key}"` : `the key ${key}`} is no affiliation; it is kept under ${UNKNOWN}`,
      );
    } else if (address in affiliations) {
      unknown.push([key, value]);
      tell(
        "lost",
        `the affiliations of ${String(key)} and ${address} are of one address once it is prepared: ${address} stays ${affiliations[address] ?? ""}`,
      );
    } else if (affiliation !== undefined) affiliations[address] = affiliation;
  }
  return {
    _jid: jid,
    _data: { ...data, ...(unknown.length > 0 && { [UNKNOWN]: toJson(new Map(unknown)) }) },
    _affiliations: { ...affiliations },
    _affiliation_data: affiliationData(table.get("_affiliation_data"), tell),
  };
}

/** A room as Prosody stores it. What {@link toRoom} found unknown is where it was. */
export function fromRoom({ _jid, _data, _affiliations, _affiliation_data }: RoomRecord): LuaTable {
  const { [UNKNOWN]: kept, ...data } = _data;
  const unknown = kept === undefined ? undefined : fromJson(kept);
  const entries = unknown instanceof Map ? [...unknown] : [];
  return new Map<LuaKey, LuaValue>([
    ["_jid", _jid],
    ["_data", settings(unknown instanceof Map ? data : _data)],
    ["_affiliation_data", settings(_affiliation_data)],
    ...entries.filter(([key]) => !OWN_KEYS.has(key)),
    ...Object.entries(_affiliations),
  ]);
}

/** Whether a value of the store is a room's. */
export function isRoomRecord(value: Json): value is Json & RoomRecord {
  if (!isJsonObject(value)) return false;
  const { _jid, _data, _affiliations, _affiliation_data, ...others } = value;
  return (
    typeof _jid === "string" &&
    [_data, _affiliations, _affiliation_data].every((part) => part !== undefined && isJsonObject(part)) &&
    Object.keys(others).length === 0
  );
}

/** A table of settings, whatever is in them: empty, it is the empty table that Prosody expects. */
function settings(object: Record<string, Json>): LuaValue {
  return Object.keys(object).length === 0 ? new Map() : fromJson(object);
}

function affiliationData(value: LuaValue | undefined, tell: TellShape): Record<string, Record<string, Json>> {
  const all = value === undefined ? {} : record(value, "_affiliation_data");
  const prepared: Record<string, Record<string, Json>> = {};
  for (const [key, entry] of Object.entries(all)) {
    const address = addressOf(key) ?? key;
    if (address !== key && address in all) {
      tell(
        "lost",
        `the data of ${key} and ${address} are of one address once it is prepared: that of ${address} stays`,
      );
    } else if (isJsonObject(entry)) prepared[address] = { ...(entry as Record<string, Json>) };
    else tell("lost", `the data of ${key} is no table`);
  }
  return prepared;
}

function record(value: LuaValue | undefined, name: string): Record<string, Json> {
  const json = value instanceof Map ? toJson(value) : undefined;
  if (json !== undefined && isJsonObject(json)) return json as Record<string, Json>;
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
