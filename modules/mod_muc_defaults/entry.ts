import { nodeprep, parseBareJid, type BareJid } from "chorus-muc";
import { parseAffiliation, type Affiliation } from "chorus-muc/muc";
import { readSetting, type Setting } from "./settings.js";

/** A room that there shall be, as read from the configuration. */
export interface DefaultRoom {
  readonly node: string;
  readonly affiliations: readonly (readonly [jid: BareJid, affiliation: Affiliation])[];
  readonly settings: readonly Setting[];
}

type Table = Readonly<Record<string, unknown>>;

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A table that may be left out; Lua's empty one is a list, too. */
function tableOf(value: unknown): Table | undefined {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return {};
  return isTable(value) ? value : undefined;
}

/**
 * Reads one entry of the list.
 * @param report called with everything that is wrong with it; what is wrong is left out
 * @returns `undefined` when there is no room to be made of it
 */
export function readEntry(value: unknown, report: (problem: string) => void): DefaultRoom | undefined {
  const given = isTable(value) ? value["jid_node"] : undefined;
  const node = typeof given === "string" ? nodeprep(given, { strict: true }) : undefined;
  if (!isTable(value) || !node) {
    report(`jid_node: expected the local part of a room's address, got ${JSON.stringify(given)}`);
    return undefined;
  }
  const about = (problem: string): void => {
    report(`${node}: ${problem}`);
  };
  const affiliations = tableOf(value["affiliations"]);
  if (!affiliations) about("affiliations: expected a table of lists");
  const config = tableOf(value["config"]);
  if (!config) about("config: expected a table");
  return {
    node,
    affiliations: Object.entries(affiliations ?? {}).flatMap(([name, jids]) => readAffiliation(name, jids, about)),
    settings: Object.entries(config ?? {}).flatMap(([name, set]) => readSetting(name, set, about) ?? []),
  };
}

function readAffiliation(
  name: string,
  jids: unknown,
  report: (problem: string) => void,
): [jid: BareJid, affiliation: Affiliation][] {
  const affiliation = parseAffiliation(name);
  if (affiliation === undefined) {
    report(`affiliations: ${name}: expected owner, admin, member, none or outcast`);
    return [];
  }
  return [jids].flat().flatMap((jid) => {
    const prepared = typeof jid === "string" ? parseBareJid(jid) : undefined;
    if (prepared === undefined) report(`affiliations: ${name}: expected an address, got ${JSON.stringify(jid)}`);
    return prepared === undefined ? [] : [[prepared, affiliation] as [BareJid, Affiliation]];
  });
}
