import { domainOf } from "chorus-muc";
import { parseAffiliation, type Affiliation } from "./affiliations.js";
import type { AffiliationData, FrozenRoom, RoomData } from "./room-api.js";

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function affiliationsIn(record: Record<string, unknown>, into: Record<string, Affiliation>): void {
  for (const [jid, word] of Object.entries(record)) {
    const affiliation = typeof word === "string" ? parseAffiliation(word) : undefined;
    const isAddress = !jid.includes("/") && !domainOf(jid).startsWith("_");
    if (isAddress && affiliation !== undefined && affiliation !== "none") into[jid] = affiliation;
  }
}

/**
 * A stored room as it should be, whatever wrote it: Prosody keeps affiliations beside `_data` under their JIDs, and did
 * before 0.11 in a table of their own. What is none of a room's is left out.
 * @returns `undefined` when it is no room
 */
export function thaw(jid: string, stored: unknown): FrozenRoom | undefined {
  if (!isRecord(stored)) return undefined;
  const data = stored["_data"];
  const affiliations: Record<string, Affiliation> = {};
  affiliationsIn(stored, affiliations);
  if (isRecord(stored["_affiliations"])) affiliationsIn(stored["_affiliations"], affiliations);
  const ofAffiliations = stored["_affiliation_data"];
  const affiliationData: Record<string, AffiliationData> = {};
  for (const [whose, value] of isRecord(ofAffiliations) ? Object.entries(ofAffiliations) : []) {
    if (isRecord(value)) affiliationData[whose] = structuredClone(value);
  }
  return {
    _jid: jid,
    _data: isRecord(data) ? (structuredClone(data) satisfies RoomData) : {},
    _affiliations: affiliations,
    _affiliation_data: affiliationData,
  };
}
