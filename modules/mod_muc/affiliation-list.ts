import type { BareJid } from "chorus-muc";
import { bare, domainOf } from "chorus-muc";
import { parseAffiliation, type Affiliation } from "./affiliations.js";
import type { AffiliationData, FrozenRoom } from "./room-api.js";

/** How changes are taken back. */
export interface AffiliationJournal {
  onRollback(undo: () => void): void;
}

/** Who has which affiliation in a room, and what is stored about them. Every change can be taken back. */
export class AffiliationList {
  readonly #affiliations = new Map<BareJid, Affiliation>();
  readonly #data = new Map<BareJid, AffiliationData>();
  readonly #journal: AffiliationJournal;

  constructor(journal: AffiliationJournal, stored?: Pick<FrozenRoom, "_affiliations" | "_affiliation_data">) {
    this.#journal = journal;
    for (const [jid, word] of Object.entries(stored?._affiliations ?? {})) {
      const affiliation = parseAffiliation(word);
      if (affiliation !== undefined && affiliation !== "none") this.#affiliations.set(jid as BareJid, affiliation);
    }
    for (const [jid, data] of Object.entries(stored?._affiliation_data ?? {})) this.#data.set(jid as BareJid, data);
  }

  /** What was set for exactly that bare JID or domain. */
  explicit(jid: BareJid): Affiliation {
    return this.#affiliations.get(jid) ?? "none";
  }

  /** Affiliation of whoever has that JID, bare or full: the domain's ban counts for those who have none themselves. */
  of(jid: string): Affiliation {
    const own = this.#affiliations.get(bare(jid));
    if (own !== undefined) return own;
    return this.#affiliations.get(domainOf(jid)) === "outcast" ? "outcast" : "none";
  }

  set(jid: BareJid, affiliation: Affiliation): void {
    const before = this.#affiliations.get(jid);
    this.#put(this.#affiliations, jid, affiliation === "none" ? undefined : affiliation);
    this.#journal.onRollback(() => {
      this.#put(this.#affiliations, jid, before);
    });
  }

  /** The live data of a bare JID. What is changed in it within a step is put back if that fails. */
  data(jid: BareJid): AffiliationData | undefined {
    const data = this.#data.get(jid);
    if (data === undefined) return undefined;
    const before = structuredClone(data);
    this.#journal.onRollback(() => this.#data.set(jid, before));
    return data;
  }

  /** The same, for those who do not change it. */
  peek(jid: BareJid): Readonly<AffiliationData> | undefined {
    return this.#data.get(jid);
  }

  setData(jid: BareJid, data: AffiliationData | undefined): void {
    const before = this.#data.get(jid);
    this.#put(this.#data, jid, data);
    this.#journal.onRollback(() => {
      this.#put(this.#data, jid, before);
    });
  }

  /** Affiliations with their data; a snapshot. */
  list(only?: Affiliation): (readonly [BareJid, Affiliation, AffiliationData | undefined])[] {
    const entries: (readonly [BareJid, Affiliation, AffiliationData | undefined])[] = [];
    for (const [jid, affiliation] of this.#affiliations) {
      if (only === undefined || only === affiliation) entries.push([jid, affiliation, this.#data.get(jid)]);
    }
    return entries;
  }

  /** Everybody of whom a key is stored; a snapshot. */
  listData(key: string): (readonly [BareJid, unknown])[] {
    const entries: (readonly [BareJid, unknown])[] = [];
    for (const [jid, data] of this.#data) {
      if (data[key] !== undefined) entries.push([jid, data[key]]);
    }
    return entries;
  }

  /** Whether somebody other than `jid` is an owner. */
  hasOwnerBesides(jid: BareJid): boolean {
    for (const [other, affiliation] of this.#affiliations) {
      if (affiliation === "owner" && other !== jid) return true;
    }
    return false;
  }

  freeze(): Pick<FrozenRoom, "_affiliations" | "_affiliation_data"> {
    return {
      _affiliations: Object.fromEntries(this.#affiliations),
      _affiliation_data: Object.fromEntries(this.#data),
    };
  }

  #put<T>(map: Map<BareJid, T>, jid: BareJid, value: T | undefined): void {
    if (value === undefined) map.delete(jid);
    else map.set(jid, value);
  }
}
